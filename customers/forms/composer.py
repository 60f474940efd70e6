"""The composer: one form for a note, a call, an e-mail, a meeting or a task, and the task that follows from it."""

import uuid
from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, fingerprint
from customers.forms.related import RecordsField, pairs_of
from customers.models import Account, Activity, Contact
from customers.operations.activities import tomorrow_at, zone_of

TABS = (Activity.NOTE, Activity.CALL, Activity.EMAIL, Activity.SMS, Activity.MEETING, Activity.TASK)
REMINDERS = {
    "": _("No reminder"),
    "0": _("At the time"),
    "15": _("15 minutes before"),
    "60": _("1 hour before"),
    "1440": _("1 day before"),
}
OUTCOMES = ("", _("Reached"), _("No answer"), _("Left a message"), _("Call back"), _("Wrong number"))
MOMENT = {"type": "datetime-local", "class": "form-control"}


def moment(**kwargs):
    """A field for a day and a time in the viewer's zone."""
    return forms.DateTimeField(required=False, widget=forms.DateTimeInput(MOMENT, format="%Y-%m-%dT%H:%M"), **kwargs)


def line(**attrs):
    """An input of one line."""
    return forms.TextInput({"class": "form-control", "autocomplete": "off"} | attrs)


def tabs():
    """(kind, label) of what can be logged."""
    return [(kind, Activity.KINDS[kind]) for kind in TABS]


class ComposerForm(forms.Form):
    """What happened, or shall happen, with a record; `record` is None where it may be picked."""

    once = forms.UUIDField(widget=forms.HiddenInput, required=False)
    kind = forms.ChoiceField(label=_("What"), choices=tabs, widget=forms.RadioSelect, initial=Activity.NOTE)
    subject = forms.CharField(label=_("Subject"), max_length=300, required=False, widget=line())
    body = forms.CharField(
        label=_("Notes"), required=False, max_length=50_000, widget=forms.Textarea({"class": "form-control", "rows": 3})
    )
    direction = forms.ChoiceField(
        label=_("Direction"),
        required=False,
        choices=[(Activity.OUT, _("Outbound")), (Activity.IN, _("Inbound"))],
        widget=forms.Select({"class": "form-select"}),
    )
    outcome = forms.CharField(label=_("Outcome"), max_length=100, required=False, widget=line(list="call-outcomes"))
    at = moment(label=_("When"), help_text=_("Empty: now; a task: tomorrow at nine."))
    duration = forms.IntegerField(
        label=_("Minutes"),
        required=False,
        min_value=0,
        max_value=100_000,
        widget=forms.NumberInput({"class": "form-control", "inputmode": "numeric"}),
    )
    place = forms.CharField(label=_("Place or link"), max_length=200, required=False, widget=line())
    remind = forms.ChoiceField(
        label=_("Reminder"), required=False, choices=REMINDERS, widget=forms.Select({"class": "form-select"})
    )
    repeats = forms.ChoiceField(
        label=_("Repeats"), required=False, choices=Activity.REPEATS, widget=forms.Select({"class": "form-select"})
    )
    repeats_by_date = forms.BooleanField(
        label=_("On its day, done or not"), required=False, widget=forms.CheckboxInput({"class": "form-check-input"})
    )
    is_private = forms.BooleanField(
        label=_("Private"), required=False, widget=forms.CheckboxInput({"class": "form-check-input"})
    )
    follow_subject = forms.CharField(label=_("What to do next"), max_length=300, required=False, widget=line())
    follow_at = moment(label=_("By when"))

    def __init__(self, *args, user, record=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.record = user, record
        self.initial["once"] = uuid.uuid4()
        if not isinstance(record, Contact):
            rows = Contact.objects.visible_to(user)
            self.fields["contact"] = PickField(rows, "/contacts/options/", label=_("With"), required=False)
        self.fields["also"] = RecordsField(user)
        if record is None:
            rows = Account.objects.visible_to(user)
            self.fields["account"] = PickField(rows, "/accounts/options/", label=_("Account"), required=False)

    def clean(self):
        """Something must be said; a meeting needs its time."""
        data = super().clean()
        if not (data.get("subject") or data.get("body")):
            self.add_error("subject", _("Say what it is about."))
        if data.get("kind") == Activity.MEETING and not data.get("at") and "at" not in self.errors:
            self.add_error("at", _("When is the meeting?"))
        for name in ("subject", "body", "outcome", "place", "follow_subject"):
            if "\0" in (data.get(name) or ""):
                self.add_error(name, _("The text holds a character that cannot be stored."))
        return data

    def rows(self):
        """One or two dicts for `log_activities`: what is logged, and the task that follows."""
        data, zone = self.cleaned_data, zone_of(self.user)
        links = {"regarding": self.record} if self.record else {"account": data.get("account")}
        links |= {"contact": data["contact"]} if data.get("contact") else {}
        links |= {"also": pairs_of(data["also"])} if data.get("also") else {}
        kind = data["kind"]
        row = {"kind": kind, "subject": data["subject"], "body": data["body"], "is_private": data["is_private"]} | links
        row["at"] = data["at"] or (tomorrow_at(9, zone) if kind == Activity.TASK else timezone.now())
        row |= {name: data[name] for name in self.used_by(kind) if data[name] not in ("", None)}
        if kind == Activity.MEETING and data["duration"]:
            row["ends_at"] = row["at"] + timedelta(minutes=data["duration"])
        if data["remind"] and kind in (Activity.TASK, Activity.MEETING):
            row["remind_at"] = row["at"] - timedelta(minutes=int(data["remind"]))
        return [row, *self.follow_up(links, zone)]

    def used_by(self, kind):
        """The fields that a kind of activity uses beyond those of all."""
        return {
            Activity.CALL: ("direction", "duration", "outcome"),
            Activity.EMAIL: ("direction",),
            Activity.SMS: ("direction",),
            Activity.MEETING: ("duration", "place"),
            Activity.TASK: ("repeats", "repeats_by_date"),
        }.get(kind, ())

    def follow_up(self, links, zone):
        """The row of the following task, if one is wanted."""
        data = self.cleaned_data
        if not data["follow_subject"]:
            return []
        at = data["follow_at"] or tomorrow_at(9, zone)
        private = {"is_private": data["is_private"]}
        return [{"kind": Activity.TASK, "subject": data["follow_subject"], "at": at} | private | links]

    def digest(self):
        """A fingerprint of what was typed, to tell a repeat from another form with the same key."""
        return fingerprint(self.data)
