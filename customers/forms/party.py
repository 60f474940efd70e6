"""What the forms of accounts, contacts and customers share: ways to reach them, and a look for duplicates."""

from functools import lru_cache

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import RecordForm
from crm_site.core.imports.values import parse_email
from customers.countries import country_choices, names
from customers.models import ContactMechanism
from customers.operations.reach import ADDRESS, EMAIL, POSTAL, SINGLE, field_of


def email_field():
    """The field of an e-mail address, "Ann <ann@x.org>" included; the form makes it an address."""
    widget = forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off"})
    return forms.CharField(label=_("E-mail"), required=False, max_length=320, widget=widget)


def phone_field(label):
    """The field of a number, kept as it is typed."""
    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
    return forms.CharField(label=label, required=False, max_length=60, widget=widget)


class CountrySelect(forms.Select):
    """The drop-down of all countries, drawn once for each that is chosen, as there are 250."""

    def use_required_attribute(self, initial):
        """As every drop-down with an empty option; without making the options to look for it."""
        return not self.is_hidden

    def render(self, name, value, attrs=None, renderer=None):
        """As every drop-down; its choices are always those of `country_choices`."""
        chosen = value if value in names() else ""
        return drawn_countries(name, chosen, tuple(self.build_attrs(self.attrs, attrs).items()), renderer)


@lru_cache(64)
def drawn_countries(name, chosen, attrs, renderer):
    """The markup of a CountrySelect."""
    return forms.Select(dict(attrs), country_choices()).render(name, chosen, None, renderer)


def country_field():
    """The field of a country's code."""
    return forms.ChoiceField(label=_("Country"), required=False, choices=country_choices, widget=CountrySelect)


def text_field(label, length):
    """A short text."""
    return forms.CharField(
        label=label, required=False, max_length=length, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


HIDDEN = ("once", "version", "itself")
ADDRESS_FIELDS = ("street", "postal_code", "city", "region", "country")


class PartyForm(RecordForm):
    """A form that shows and takes the primary e-mail, numbers and address beside the record's own fields."""

    sections = ()

    itself = forms.IntegerField(widget=forms.HiddenInput, required=False)
    email = email_field()
    phone = phone_field(_("Phone"))
    mobile = phone_field(_("Mobile"))
    street = text_field(_("Street"), 200)
    postal_code = text_field(_("Postal code"), 20)
    city = text_field(_("City"), 100)
    region = text_field(_("Region"), 100)
    country = country_field()

    def __init__(self, *args, user, only=None, **kwargs):
        super().__init__(*args, user=user, only=(*only, "itself") if only else None, **kwargs)
        self.initial["itself"] = self.instance.pk
        if self.instance.pk:
            self.initial |= self.reached()
        if not only:
            self.lay_out()

    def lay_out(self):
        """Group the fields that there are under the headings of `sections`."""
        groups = [(title, [name for name in names if name in self.fields]) for title, names in self.sections]
        self.helper.layout = Layout(*(Fieldset(title, *names) for title, names in groups if names), *HIDDEN)

    def clean_email(self):
        """The address in lower case; one that was stored as it was typed may stay."""
        typed = self.cleaned_data["email"]
        return typed if typed == self.initial.get("email") else parse_email(typed) or ""

    def reached(self):
        """The primary mechanisms of the record as initial values; one statement, none when no field asks."""
        wanted = {key for key in (*SINGLE, *ADDRESS) if key in self.fields and key not in self._meta.fields}
        if not wanted:
            return {}
        rows = ContactMechanism.objects.filter(**{field_of(self.instance): self.instance}, is_primary=True)
        ways = {way.type: way for way in rows}
        found = {key: ways[kind].value for key, kind in SINGLE.items() if kind in ways}
        if EMAIL in ways:
            found["email"] = ways[EMAIL].normalised
        if POSTAL in ways:
            found |= {key: getattr(ways[POSTAL], key) for key in ADDRESS}
        return {key: value for key, value in found.items() if key in wanted}

    def values(self):
        """The cleaned values for the operation."""
        return {name: value for name, value in super().values().items() if name != "itself"}
