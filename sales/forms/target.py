"""The form of a target."""

from django import forms
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


class RepeatForm(forms.Form):
    """For how many periods more a target goes."""

    turns = forms.IntegerField(
        label=_("How many periods more"), min_value=1, max_value=12, initial=3,
        help_text=_("Those that follow this one, with the same value; targets that are there already stay."),
    )  # fmt: skip
