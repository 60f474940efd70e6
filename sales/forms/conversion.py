"""The form that converts a lead: what is reused, what is made, and what of the lead overwrites what is there."""

import uuid

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm_site.core.converters import read_id
from crm_site.core.forms import PickField, RecordForm, users_for, without_zeros
from customers.models import Account, Contact
from sales.models import Opportunity, Pipeline, Stage
from sales.operations.conversion import NEW, proposal
from sales.operations.taking_over import differences

NONE = "none"
MODELS = {"contact": Contact, "account": Account, "opportunity": Opportunity}
DEAL = ("name", "pipeline", "amount", "currency", "close_date", "next_step", "next_step_date")
DAY = {"type": "date", "class": "form-control"}
LINE = {"class": "form-control", "autocomplete": "off"}


def pipelines():
    """The pipelines in which a deal can begin, the one for new deals first."""
    rows = Pipeline.objects.filter(is_active=True, stages__state=Stage.OPEN).distinct()
    return rows.order_by("-is_default", "name")


class ConversionForm(forms.Form):
    """Whom and what a lead becomes. `matches` were found for this user; others may be picked by name."""

    once = forms.UUIDField(widget=forms.HiddenInput, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    contact = forms.CharField(label=_("Contact"))
    account = forms.CharField(label=_("Account"))
    opportunity = forms.CharField(label=_("Opportunity"))
    take = forms.MultipleChoiceField(label=_("Overwrite"), required=False)
    overwrite_source = forms.BooleanField(label=_("Overwrite the lead source of what is there"), required=False)
    name = forms.CharField(label=_("Name"), max_length=255, required=False, widget=forms.TextInput(LINE))
    amount = forms.DecimalField(
        label=_("Amount"), max_digits=18, decimal_places=3, required=False,
        widget=forms.NumberInput(LINE | {"step": "0.001"}),
    )  # fmt: skip
    currency = forms.RegexField(
        r"^\s*[A-Za-z]{3}\s*$", label=_("Currency"), required=False, widget=forms.TextInput(LINE | {"maxlength": 3})
    )
    close_date = forms.DateField(
        label=_("Close date"), required=False, widget=forms.DateInput(DAY, format="%Y-%m-%d"),
        help_text=_("Empty: the end of the quarter."),
    )  # fmt: skip
    next_step = forms.CharField(label=_("Next step"), max_length=200, required=False, widget=forms.TextInput(LINE))
    next_step_date = forms.DateField(
        label=_("Next step on"), required=False, widget=forms.DateInput(DAY, format="%Y-%m-%d")
    )
    digest = RecordForm.digest

    def __init__(self, *args, user, lead, matches, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.lead, self.matches = user, lead, matches
        owner = PickField(users_for(user), "/users/options/", label=_("Owner"), required=lead.owner_id is None)
        others = {
            f"other_{name}": PickField(
                MODELS[name].objects.visible_to(user), f"/{name}s/options/", required=False, label=label
            ) for name, label in (("contact", _("Another contact")), ("account", _("Another account")))
        }  # fmt: skip
        choice = forms.ModelChoiceField(
            pipelines(), label=_("Pipeline"), required=False, empty_label=None,
            widget=forms.Select({"class": "form-select"}),
        )  # fmt: skip
        self.fields |= {"owner": owner, "pipeline": choice, **others}
        self.initial |= self.proposed()
        self.options = {name: self.options_of(name) for name in MODELS}
        self.fields["take"].choices = [
            (d["value"], d["label"]) for found in self.options.values() for option in found for d in option["differs"]
        ]

    def proposed(self):
        """What the form shows first: likely matches chosen, the deal filled from the lead."""
        account, contact = self.matches.best("accounts"), self.matches.best("contacts") or self.lead.contact
        deal = proposal(self.lead, account or self.lead.company or self.lead.name)
        first = self.fields["pipeline"].queryset.first()
        return deal | {
            "amount": without_zeros(self.lead.amount),
            "once": uuid.uuid4(), "version": self.lead.version, "owner": self.lead.owner_id,
            "contact": str(contact.pk), "account": str(account.pk) if account else NEW if self.lead.company else NONE,
            "opportunity": NEW, "pipeline": first and first.pk,
            "currency": self.lead.currency or settings.BASE_CURRENCY,
        }  # fmt: skip

    def options_of(self, name):
        """[{value, label, url, reasons, checked, differs}] of the likely records of a kind."""
        found = getattr(self.matches, {"opportunity": "deals"}.get(name, f"{name}s"))
        chosen, ticked = self[name].value(), set(self.data.getlist("take")) if self.is_bound else set()
        made = []
        for match in found:
            differs = differences(self.lead, name, match.record)
            for item in differs:
                item["value"] = f"{name}:{match.record.pk}:{item['field']}"
                item["checked"] = item["value"] in ticked
            made.append({
                "value": str(match.record.pk), "label": str(match.record), "record": match.record,
                "reasons": match.reasons, "checked": str(chosen) == str(match.record.pk), "differs": differs,
            })  # fmt: skip
        return made

    def clean(self):
        """Each answer names a record that the user sees, "new" or "none"."""
        data = super().clean()
        for name in MODELS:
            if name in data:
                data[name] = data.get(f"other_{name}") or self.picked(name, data[name])
        for name in ("name", "next_step"):
            if "\0" in (data.get(name) or ""):
                self.add_error(name, _("The text holds a character that cannot be stored."))
        return data

    def picked(self, name, answer):
        """The record behind an answer; None for "none"."""
        allowed = {"contact": {NEW: NEW}, "account": {NEW: NEW, NONE: None}, "opportunity": {NEW: NEW, NONE: None}}
        if answer in allowed[name]:
            return allowed[name][answer]
        rows = MODELS[name].objects.visible_to(self.user)
        found = rows.filter(pk=read_id(answer)).first() if read_id(answer) else None
        if found is None:
            self.add_error(name, _("Choose one of these."))
        return found

    def choices(self):
        """What convert_lead takes."""
        data = self.cleaned_data
        take = {}
        for value in data["take"]:
            name, pk, field = value.split(":")
            if getattr(data[name], "pk", None) == int(pk):
                take.setdefault(name, set()).add(field)
        deal = {name: data.get(name) for name in DEAL}
        deal["currency"] = (deal["currency"] or "").strip().upper()
        return {name: data[name] for name in (*MODELS, "owner", "overwrite_source")} | {"take": take, "deal": deal}
