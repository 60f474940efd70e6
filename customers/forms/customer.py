"""Forms of customers: one for a new one, which makes or reuses who stands behind it, and one for changes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.forms.party import ADDRESS_FIELDS, PartyForm, text_field
from customers.models import Customer

MADE = ("kind", "company", "account", "first_name", "middle_initial", "last_name")


class CustomerForm(PartyForm):
    """A customer; for an existing one only what is its own, and a reason where the status changes."""

    sections = (
        (_("Who"), ("kind", "company", "account", "first_name", "middle_initial", "last_name", "contact")),
        (_("How to reach them"), ("email", "phone", "mobile", *ADDRESS_FIELDS)),
        (_("Relationship"), ("status", "reason", "tier", "since", "description")),
        (_("Record"), ("owner", "team", "tags")),
    )
    company = text_field(_("Company name"), 200)
    first_name = text_field(_("First name"), 100)
    middle_initial = text_field(_("Middle initial"), 5)
    last_name = text_field(_("Last name"), 100)
    reason = text_field(_("Reason for the change of status"), 200)

    class Meta:
        model = Customer
        fields = ["kind", "account", "contact", "status", "tier", "since", "description", "owner", "team", "tags"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        partial = bool(kwargs.get("only"))
        gone = (*MADE, "email", "phone", "mobile", *ADDRESS_FIELDS) if self.instance.pk else ("reason",)
        for name in gone:
            self.fields.pop(name, None)
        if not partial:
            self.lay_out()
        if not self.instance.pk:
            self.initial.setdefault("kind", Customer.BUSINESS)
            self.say_what_is_optional()

    def _get_validation_exclusions(self):
        """The party behind a new customer is made by the operation, so nothing about it can be checked before."""
        return {*super()._get_validation_exclusions(), "kind", "account", "contact"}

    def reached(self):
        """A customer has no ways of its own: they are its account's and its contact's."""
        return {}

    def say_what_is_optional(self):
        """Labels and hints of the form for a new customer."""
        hints = {
            "company": _("Makes a new account with this name."),
            "account": _("Instead of a company name: an account that is here already."),
            "contact": _("Instead of a name: a contact who is here already."),
        }
        for name, hint in hints.items():
            if name in self.fields:
                self.fields[name].help_text = hint
        if "account" in self.fields:
            self.fields["account"].label = _("Existing account")
            self.fields["contact"].label = _("Existing contact")

    def clean(self):
        """What the kind of customer needs, each fault beside its field."""
        cleaned = super().clean()
        if self.instance.pk:
            if "status" in self.fields and "reason" in self.fields and cleaned.get("status") != self.instance.status:
                self.need("reason", _("Say why the status changes."))
            return cleaned
        given = {name: cleaned.get(name) for name in (*MADE, "contact")}
        if given["account"] and given["company"]:
            self.add_error("company", _("Choose an account or give a name, not both."))
        if given["contact"] and given["last_name"]:
            self.add_error("last_name", _("Choose a contact or give a name, not both."))
        if given["kind"] == Customer.BUSINESS:
            if not given["account"]:
                self.need("company", _("Give the company's name, or choose an account."))
        elif not given["contact"]:
            self.need("last_name", _("Give the person's name, or choose a contact."))
        if given["last_name"] or given["first_name"]:
            self.need("first_name", _("Give the first name too."))
            self.need("last_name", _("Give the last name too."))
        return cleaned

    def need(self, name, text):
        """Ask for a field that is empty and has no fault yet."""
        if name in self.fields and not self.cleaned_data.get(name) and name not in self.errors:
            self.add_error(name, text)


class StatusForm(forms.Form):
    """Another status for a customer, and why."""

    status = forms.ChoiceField(label=_("Status"), choices=Customer.STATUSES)
    reason = forms.CharField(label=_("Reason"), max_length=200)
