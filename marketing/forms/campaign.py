"""Forms of campaigns."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import RecordForm
from marketing.models import Campaign


class CampaignForm(RecordForm):
    """A campaign."""

    class Meta:
        model = Campaign
        fields = [
            "name", "type", "status", "parent", "starts_on", "ends_on", "currency", "budgeted_cost", "expected_cost",
            "actual_cost", "expected_revenue", "expected_response", "description", "owner", "team", "tags",
        ]  # fmt: skip

    def clean_currency(self):
        """Currency codes are in capital letters."""
        return self.cleaned_data["currency"].upper()

    def clean(self):
        """A campaign does not end before it starts."""
        super().clean()
        start, end = self.cleaned_data.get("starts_on"), self.cleaned_data.get("ends_on")
        if start and end and end < start:
            self.add_error("ends_on", _("The end lies before the start."))
        return self.cleaned_data
