"""The form of a target."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import RecordForm
from sales.models import Target


class TargetForm(RecordForm):
    """Who should reach what, and by when; the name and the last day follow."""

    class Meta:
        model = Target
        fields = ["user", "for_team", "metric", "family", "period", "starts_on", "value", "tags"]

    def __init__(self, *args, user, only=None, **kwargs):
        super().__init__(*args, user=user, only=only, **kwargs)
        if "starts_on" in self.fields:
            self.fields["starts_on"].help_text = _("Any day of the period.")
