"""Forms of leads."""

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import RecordForm
from crm_site.core.imports.values import parse_email
from customers.forms.party import HIDDEN, country_field, email_field, phone_field
from sales.models import Lead

CURRENCY = {"maxlength": 3, "autocomplete": "off", "autocapitalize": "characters"}


class LeadForm(RecordForm):
    """An inquiry. The contact may stay open: it is found by e-mail or phone, or made."""

    sections = (
        (_("Person"), ("first_name", "last_name", "job_title", "email", "phone", "country", "contact")),
        (_("Company"), ("company", "website", "industry", "account")),
        (_("Inquiry"), ("subject", "description", "product", "amount", "currency", "status", "rating", "next_step",
                        "next_step_date")),
        (_("Where it came from"), ("source", "campaign", "contact_list", "referrer", "partner")),
        (_("Record"), ("owner", "team", "tags")),
    )  # fmt: skip
    itself = forms.IntegerField(widget=forms.HiddenInput, required=False)
    email = email_field()
    phone = phone_field(_("Phone"))
    country = country_field()

    class Meta:
        model = Lead
        fields = [
            "first_name", "last_name", "job_title", "email", "phone", "country", "contact", "company", "website",
            "industry", "account", "subject", "description", "product", "amount", "currency", "status", "rating",
            "next_step", "next_step_date", "source", "campaign", "contact_list", "referrer", "partner", "owner", "team",
            "tags",
        ]  # fmt: skip

    def __init__(self, *args, only=None, **kwargs):
        super().__init__(*args, only=(*only, "itself") if only else None, **kwargs)
        self.initial["itself"] = self.instance.pk
        if "status" in self.fields:
            kept = self.instance.status if self.instance.pk else Lead.NEW
            self.fields["status"].choices = [(k, v) for k, v in Lead.STATUSES.items() if k in {*Lead.OPEN, kept}]
        if "currency" in self.fields:
            self.fields["currency"].widget.attrs |= CURRENCY
            self.initial["currency"] = self.initial.get("currency") or settings.BASE_CURRENCY
        if not only:
            groups = [(title, [name for name in names if name in self.fields]) for title, names in self.sections]
            self.helper.layout = Layout(*(Fieldset(title, *names) for title, names in groups), *HIDDEN)

    def set_choices(self):
        """A lead may come without a contact, which is then found or made."""
        if "contact" in self.fields:
            self.fields["contact"].required = False
            self.fields["contact"].help_text = _("Left empty, it is found by e-mail or phone, or made.")
        super().set_choices()

    def clean_email(self):
        """The address in lower case; one that was stored as it was typed may stay."""
        typed = self.cleaned_data["email"]
        return typed if typed == self.initial.get("email") else parse_email(typed) or ""

    def clean_currency(self):
        """Three capital letters, or nothing."""
        code = self.cleaned_data["currency"].strip().upper()
        if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise forms.ValidationError(_("A currency has three letters, such as EUR."))
        return code

    def values(self):
        """The cleaned values for the operation."""
        return {name: value for name, value in super().values().items() if name != "itself"}


class DisqualifyForm(forms.Form):
    """Why a lead comes to nothing."""

    reason = forms.ChoiceField(label=_("Reason"), choices=Lead.REASONS)
    note = forms.CharField(label=_("Note"), max_length=300, required=False)
