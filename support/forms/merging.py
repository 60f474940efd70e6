"""Forms of merging, splitting, updates for an incident, and the answer to a survey."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, users_for
from support.models import Case, Queue


class AnotherCaseForm(forms.Form):
    """The case with which one is merged."""

    row = PickField(Case.objects.none(), "/cases/options/", label=_("Another case"))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["row"].queryset = Case.objects.visible_to(user, "merge")


class MergeForm(forms.Form):
    """Which of the cases goes on, and whether the other requesters are told."""

    survivor = forms.TypedChoiceField(label=_("Which case goes on?"), widget=forms.RadioSelect, coerce=int)
    tell = forms.BooleanField(label=_("Tell the requesters of the others by mail"), required=False)

    def __init__(self, *args, cases, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["survivor"].choices = [(case.pk, f"{case.number} {case.subject}") for case in cases]


class SplitForm(forms.Form):
    """The new case, and the messages that go to it."""

    subject = forms.CharField(label=_("Subject of the new case"), max_length=255)
    queue = forms.ModelChoiceField(Queue.objects.filter(is_active=True), label=_("Queue"), required=False)
    owner = PickField(users_for(None), "/users/options/", label=_("Agent"), required=False)
    messages = forms.TypedMultipleChoiceField(
        label=_("Messages that go there"), widget=forms.CheckboxSelectMultiple, coerce=int
    )

    def __init__(self, *args, messages, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["messages"].choices = [(message.pk, message) for message in messages]

    def values(self):
        """The fields of the new case that were given."""
        return {name: self.cleaned_data[name] for name in ("subject", "queue", "owner") if self.cleaned_data[name]}


class UpdateForm(forms.Form):
    """One update to all who are part of an incident."""

    body = forms.CharField(label=_("Update"), widget=forms.Textarea(attrs={"rows": 7}), max_length=50_000)

    def clean_body(self):
        """Refuse what the database cannot hold."""
        return self.cleaned_data["body"].replace("\0", "")


class ScoreForm(forms.Form):
    """How satisfied a customer was."""

    SCORES = (
        (5, _("Very satisfied")), (4, _("Satisfied")), (3, _("Neither")), (2, _("Dissatisfied")),
        (1, _("Very dissatisfied")),
    )  # fmt: skip

    score = forms.TypedChoiceField(label=_("How satisfied are you?"), choices=SCORES, coerce=int,
                                   widget=forms.RadioSelect)  # fmt: skip
    comment = forms.CharField(label=_("What could we do better?"), required=False, max_length=4000,
                              widget=forms.Textarea(attrs={"rows": 4}))  # fmt: skip

    def clean_comment(self):
        """Refuse what the database cannot hold."""
        return self.cleaned_data["comment"].replace("\0", "")
