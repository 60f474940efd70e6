"""What is written and set at the desk."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, users_for
from crm_site.core.views.bulk import FORMS, TITLES, BulkForm
from support.models import Case, Macro, Message, Queue, Status
from support.operations.macros import macros_for


class AddressesField(forms.CharField):
    """E-mail addresses separated by commas or blanks, as a list."""

    def clean(self, value):
        """The addresses, each once; ValidationError names the first that is none."""
        found = [part for part in re.split(r"[,;\s]+", super().clean(value) or "") if part]
        for address in found:
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValidationError(_("%(value)s is no e-mail address.") % {"value": address[:80]}) from error
        return list(dict.fromkeys(found))


class ComposerForm(forms.Form):
    """A reply to the customer or an internal note, and what is to become of the case."""

    kind = forms.ChoiceField(choices=[(Message.PUBLIC, _("Reply")), (Message.NOTE, _("Internal note"))])
    body = forms.CharField(required=False, max_length=100_000)
    to = AddressesField(label=_("To"), required=False, max_length=2000)
    cc = AddressesField(label=_("Copy to"), required=False, max_length=2000)
    status = forms.ModelChoiceField(Status.objects.filter(is_active=True), required=False)
    minutes = forms.IntegerField(label=_("Minutes of work"), required=False, min_value=0, max_value=1440)
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)


class PropertiesForm(forms.Form):
    """What is set beside the conversation; only what the request names is changed."""

    status = forms.ModelChoiceField(Status.objects.filter(is_active=True), label=_("Status"), required=False)
    priority = forms.TypedChoiceField(label=_("Priority"), choices=Case.PRIORITIES.items(), coerce=int, required=False)
    queue = forms.ModelChoiceField(Queue.objects.filter(is_active=True), label=_("Queue"), required=False)
    owner = PickField(users_for(None), "/users/options/", label=_("Agent"), required=False)
    version = forms.IntegerField(required=False)

    def values(self):
        """The fields that the request named, without those that cannot be empty and are."""
        named = {name: value for name, value in self.cleaned_data.items() if name in self.data and name != "version"}
        return {name: value for name, value in named.items() if value or name in ("owner", "queue")}


class MacroForm(BulkForm):
    """Which macro runs on many cases."""

    macro = forms.ModelChoiceField(Macro.objects.none(), label=_("Macro"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["macro"].queryset = macros_for(self.user)

    def values(self):
        """The macro's id."""
        return {"macro": self.cleaned_data["macro"].pk}


FORMS["macro"], TITLES["macro"] = MacroForm, _("Run a macro")
