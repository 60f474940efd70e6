"""Forms of cases."""

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, RecordForm, users_for
from crm_site.core.kinds import KINDS
from crm_site.core.models import Record
from crm_site.core.views.bulk import BulkForm
from customers.forms.party import HIDDEN
from customers.models import Contact
from support import asked
from support.models import Case, CaseField, Queue, Status

# What has a "not in use any more" beside it: only the present one is offered then.
LISTED = ("status", "queue", "policy")


class CaseForm(RecordForm):
    """A case; only the subject is needed. Who gets it is left to the queue unless an agent is named."""

    sections = (
        (_("What it is about"), ("subject", "description", "type", "priority", "product", "installed", "issue",
                                 "tags")),
        (_("Who asks"), ("contact", "account", "customer", "channel", "sale", "entitlement", "partner")),
        (_("Who helps"), ("status", "queue", "owner", "policy", "parent", "answered")),
        (_("Outcome"), ("resolution", "is_hidden", "is_private")),
    )  # fmt: skip
    beside = "support/articles/_beside.html"
    itself = forms.IntegerField(widget=forms.HiddenInput, required=False)
    answered = forms.BooleanField(
        label=_("Answered already"), required=False, help_text=_("The customer had their first answer on the phone.")
    )

    class Meta:
        model = Case
        fields = [
            "subject", "contact", "description", "type", "priority", "status", "channel", "account", "customer",
            "queue", "owner", "product", "installed", "entitlement", "sale", "partner", "parent", "issue", "policy",
            "tags", "resolution", "is_hidden", "is_private",
        ]  # fmt: skip

    def __init__(self, *args, only=None, **kwargs):
        super().__init__(*args, only=(*only, "itself") if only else None, **kwargs)
        self.asked = [] if only else asked.fields_of()
        for row in self.asked:
            name = asked.PREFIX + row.key
            self.fields[name] = field = asked.form_field(row)
            # What only one kind of request asks is needed where it is that kind: see clean.
            field.required, field.widget.is_required = False, False
            field.label = f"{row.label} ({asked.kind_of(row.type)})" if row.type else row.label
            self.initial.setdefault(name, (self.instance.details or {}).get(row.key))
        self.initial["itself"] = self.instance.pk
        if self.instance.pk:
            self.fields.pop("answered", None)
        elif self.initial.get("owner") == self.user.pk and "owner" not in (kwargs.get("initial") or {}):
            self.initial["owner"] = None
        if not only:
            more = (_("Asked for"), [asked.PREFIX + row.key for row in self.asked])
            sections = [*self.sections[:1], more, *self.sections[1:]] if self.asked else self.sections
            groups = [(title, [name for name in names if name in self.fields]) for title, names in sections]
            self.helper.layout = Layout(*(Fieldset(title, *names) for title, names in groups), *HIDDEN)

    def set_choices(self):
        """Statuses, queues and service levels in use; the status of a new case is the usual one."""
        for name in [name for name in self.fields if name in self._meta.fields]:
            model = Case._meta.get_field(name).related_model
            if model and issubclass(model, Record) and model._meta.label_lower not in KINDS:
                del self.fields[name]
        super().set_choices()
        for name in LISTED:
            if name in self.fields:
                present = Q(is_active=True) | Q(pk=getattr(self.instance, f"{name}_id"))
                self.fields[name].queryset = self.fields[name].queryset.filter(present)
        if "owner" in self.fields:
            self.fields["owner"].label = _("Agent")
            self.fields["owner"].help_text = _("Empty: the queue decides.")
        if "status" in self.fields and not self.instance.pk:
            self.fields["status"].required = False
            self.fields["status"].empty_label = None
            self.initial.setdefault("status", Status.objects.filter(category=Status.NEW, is_default=True).first())

    def clean(self):
        """What the kind of request must be asked is answered."""
        cleaned = super().clean()
        for row in self.asked:
            name = asked.PREFIX + row.key
            if row.required and row.type in ("", cleaned.get("type")) and cleaned.get(name) in (None, ""):
                self.add_error(name, self.fields[name].error_messages["required"])
        return cleaned

    def values(self):
        """The cleaned values; what a new case leaves open is left to the operation."""
        found = {name: value for name, value in super().values().items()
                 if name != "itself" and not name.startswith(asked.PREFIX)}  # fmt: skip
        if self.asked:
            meant = [row for row in self.asked if row.type in ("", found.get("type", self.instance.type))]
            found["details"] = asked.answers(meant, self.cleaned_data, self.instance.details)
        if not self.instance.pk:
            found = {name: value for name, value in found.items() if value not in (None, "")}
        return found


class CaseFieldForm(forms.ModelForm):
    """A field of cases: the kind of request that it is asked of is chosen, and a list has something to choose."""

    type = forms.ChoiceField(
        label=_("Asked of"), required=False, choices=[("", _("Every kind of request")), *Case.TYPES.items()]
    )

    class Meta:
        model = CaseField
        fields = ("label", "key", "type", "kind", "choices", "required", "help", "in_portal", "is_active")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("key", "kind") if self.instance.pk else ():
            # Answers may be kept by now; administration shows them by its own means.
            self.fields.pop(name, None)
        if "key" in self.fields:
            self.fields["key"].required = False
            self.fields["key"].help_text = _("In files and in the history; it stays. Empty: made of the question.")

    def clean_key(self):
        """The key, made of the question where none was given."""
        if found := self.cleaned_data["key"]:
            return found
        stem, number = slugify(self.cleaned_data.get("label", ""))[:36] or "field", 1
        known = set(CaseField.objects.values_list("key", flat=True))
        while (found := stem if number == 1 else f"{stem}-{number}") in known:
            number += 1
        return found

    def clean(self):
        """A choice without choices could never be answered."""
        values = super().clean()
        kind = values.get("kind") or self.instance.kind
        if kind == CaseField.CHOICE and not values.get("choices") and "choices" not in self.errors:
            self.add_error("choices", _("Say what may be chosen."))
        return values


class ResolveForm(forms.Form):
    """What helped."""

    resolution = forms.CharField(label=_("Resolution"), widget=forms.Textarea({"rows": 4}), required=False)


class NoteForm(forms.Form):
    """An internal note of somebody who does not work on the case."""

    body = forms.CharField(
        label=_("Internal note"), widget=forms.Textarea({"rows": 5}), help_text=_("Customers never see it.")
    )


class CloseForm(forms.Form):
    """Why a case is closed, and whether its parts are closed with it."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)
    with_children = forms.BooleanField(
        label=_("Close its parts too"), required=False, help_text=_("Parts with open activities stay open.")
    )

    def __init__(self, *args, parts, **kwargs):
        super().__init__(*args, **kwargs)
        if not parts:
            del self.fields["with_children"]


class WatcherForm(forms.Form):
    """Somebody who follows a case: a colleague, a contact or an address."""

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        people = Contact.objects.visible_to(user)
        self.fields["user"] = PickField(users_for(user), "/users/options/", label=_("Colleague"), required=False)
        self.fields["contact"] = PickField(people, "/contacts/options/", label=_("Contact"), required=False)
        self.fields["email"] = forms.EmailField(label=_("or an e-mail address"), required=False, max_length=320)

    def clean(self):
        """Exactly one."""
        values = super().clean()
        if not self.errors and sum(bool(values.get(name)) for name in ("user", "contact", "email")) != 1:
            raise forms.ValidationError(_("Choose one: a colleague, a contact or an address."))
        return values


class StatusManyForm(BulkForm):
    """A status for many cases."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        hint = _("Merged cases stay as they are.")
        rows = Status.objects.filter(is_active=True)
        self.fields["status"] = forms.ModelChoiceField(rows, label=_("Status"), help_text=hint)

    def values(self):
        """As the job keeps it."""
        return {"status_id": self.cleaned_data["status"].pk}


class QueueManyForm(BulkForm):
    """A queue for many cases."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["queue"] = forms.ModelChoiceField(Queue.objects.filter(is_active=True), label=_("Queue"))

    def values(self):
        """As the job keeps it."""
        return {"queue_id": self.cleaned_data["queue"].pk}


class PriorityManyForm(BulkForm):
    """A priority for many cases."""

    priority = forms.TypedChoiceField(label=_("Priority"), choices=Case.PRIORITIES, coerce=int)

    def values(self):
        """As the job keeps it."""
        return {"priority": self.cleaned_data["priority"]}


class SpamManyForm(BulkForm):
    """Only a confirmation."""
