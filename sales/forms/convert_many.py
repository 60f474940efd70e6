"""The question before many leads are converted."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, users_for
from crm_site.core.views.bulk import BulkForm
from sales.operations.converting_many import LEAVE, MAKE, USE


class ConvertManyForm(BulkForm):
    """What every conversion of many asks for."""

    likely = forms.ChoiceField(
        label=_("A lead whose company is likely to be a known account"), widget=forms.RadioSelect, initial=LEAVE,
        choices=[(LEAVE, _("is left, and told in the report")), (USE, _("goes to that account")),
                 (MAKE, _("gets an account of its own"))],
    )  # fmt: skip
    deals = forms.BooleanField(label=_("Make an opportunity of each"), required=False, initial=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"] = PickField(
            users_for(self.user), "/users/options/", label=_("Owner"), required=False,
            help_text=_("Empty: each lead's own. A lead of a queue needs one."),
        )  # fmt: skip

    def values(self):
        """As the job keeps them."""
        data = self.cleaned_data
        return {"likely": data["likely"], "deals": data["deals"], "owner": data["owner"] and data["owner"].pk}
