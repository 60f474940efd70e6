"""The form by which staff enter what somebody said about a purpose."""

from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.days import day_start
from customers.forms.ways import DAY, helper
from customers.models import Consent, Purpose

YES, NO, ASK = "yes", "no", "ask"
SAID = {YES: _("They allow it"), NO: _("They do not allow it"), ASK: _("Ask them to confirm it by mail")}
HEARD = {key: label for key, label in Consent.SOURCES.items() if key not in (Consent.PORTAL, Consent.LINK)}


class ConsentForm(forms.Form):
    """What somebody said, how we heard of it, and where that can be seen."""

    purpose = forms.ModelChoiceField(
        label=_("What for"), queryset=Purpose.objects.filter(is_active=True), empty_label="—"
    )
    said = forms.ChoiceField(label=_("What they said"), choices=SAID)
    source = forms.ChoiceField(label=_("How we heard"), choices=HEARD)
    proof = forms.CharField(
        label=_("Proof"), max_length=500, required=False,
        help_text=_("Where it can be seen: the paper and its folder, the call and its time."),
    )  # fmt: skip
    on = forms.DateField(label=_("Since"), initial=timezone.localdate, widget=forms.DateInput(DAY, format="%Y-%m-%d"))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(DAY, format="%Y-%m-%d"))
    channel = forms.ChoiceField(label=_("By which way"), choices=Consent.CHANNELS, required=False)
    basis = forms.ChoiceField(label=_("Legal basis"), choices=Consent.BASES)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()

    def clean(self):
        """Nothing is entered for days to come, and nothing ends before it began."""
        found = super().clean()
        on, until = found.get("on"), found.get("until")
        if on and on > timezone.localdate():
            self.add_error("on", _("The day lies in the future."))
        if on and until and until < on:
            self.add_error("until", _("The end lies before the beginning."))
        return found

    def evidence(self):
        """Fields of Consent. On a day that is past a yes counts from its first moment, a no from its last."""
        found = self.cleaned_data
        kept = {name: found[name] for name in ("source", "proof", "channel", "basis")}
        if found["on"] < timezone.localdate():
            begins, ends = day_start(today=found["on"]), day_start(1, found["on"]) - timedelta(microseconds=1)
            kept["effective_from"] = ends if found["said"] == NO else begins
        if found["until"] and found["said"] == YES:
            kept["effective_to"] = day_start(1, found["until"])
        return kept
