"""Forms of deal registrations and of what partners are certified for."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField
from sales.models import Product
from support.forms.knowledge import RECORD, SectionForm
from support.models import DealRegistration
from support.operations.registrations import PROTECTED_DAYS


class RegistrationForm(SectionForm):
    """A prospect that a partner brings."""

    sections = (
        (_("Prospect"), ("name", "partner", "account", "domain", "opportunity", "description")), RECORD,
    )  # fmt: skip

    class Meta:
        model = DealRegistration
        fields = ["name", "partner", "account", "domain", "opportunity", "description", "owner", "team", "tags"]


class ApproveForm(forms.Form):
    """For how long a prospect is protected."""

    days = forms.IntegerField(label=_("Protect it for days"), min_value=1, max_value=1000, initial=PROTECTED_DAYS)
    note = forms.CharField(label=_("Note"), max_length=300, required=False)
    anyway = forms.BooleanField(label=_("Even though another partner has it"), required=False)


class RejectForm(forms.Form):
    """Why not."""

    note = forms.CharField(label=_("Reason"), max_length=300)


class CertifyForm(forms.Form):
    """A product that a partner is certified for."""

    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        product = PickField(Product.objects.visible_to(user), "/products/options/", label=_("Product"))
        self.fields = {"product": product} | self.fields
