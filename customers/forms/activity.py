"""The form of an activity."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.converters import read_id
from crm_site.core.forms import RecordForm, users_for
from crm_site.core.kinds import links_to
from customers.forms.related import RecordsField, pairs_of, token
from customers.models import Activity, Contact
from customers.operations.relating import by_kind, related_of


class PickMany(forms.SelectMultiple):
    """A list of several rows that holds only the chosen ones; the browser asks `options_url` for others."""

    def __init__(self, options_url, attrs=None):
        super().__init__({"data-options-url": options_url} | (attrs or {}))

    def optgroups(self, name, value, attrs=None):
        """The chosen options: never a whole table."""
        chosen = [v for v in value if read_id(v)]
        rows = self.choices.queryset.filter(pk__in=chosen)
        return [(None, [self.create_option(name, row.pk, str(row), True, n) for n, row in enumerate(rows)], 0)]


class PickManyField(forms.ModelMultipleChoiceField):
    """A choice of several rows; its widget is PickMany."""

    def __init__(self, queryset, options_url, **kwargs):
        super().__init__(queryset, widget=PickMany(options_url), **kwargs)

    def clean(self, value):
        """The rows; numbers that no row could have are wrong choices, not errors of the server."""
        if any(read_id(v) is None for v in value or ()):
            raise ValidationError(self.error_messages["invalid_list"], code="invalid_list")
        return super().clean(value)


class ActivityForm(RecordForm):
    """A call, e-mail, meeting, note or task, who takes part, and what else it is about."""

    guests = PickManyField(
        Contact.objects.none(), "/contacts/options/", label=_("Contacts taking part"), required=False
    )
    colleagues = PickManyField(
        Contact.objects.none(), "/users/options/", label=_("Colleagues taking part"), required=False
    )
    also = RecordsField()
    field_order = ("kind", "subject", "at", "ends_at", "status", "contact", "account", "customer", "also")

    class Meta:
        model = Activity
        fields = [
            "kind",
            "subject",
            "at",
            "ends_at",
            "status",
            "contact",
            "account",
            "customer",
            "body",
            "direction",
            "duration",
            "outcome",
            "place",
            "priority",
            "repeats",
            "repeats_by_date",
            "remind_at",
            "is_private",
            "owner",
            "team",
            "tags",
        ]

    def __init__(self, *args, user, only=None, **kwargs):
        super().__init__(*args, user=user, only=only, **kwargs)
        if "kind" in self.fields:
            self.fields["kind"].choices = [
                (k, v) for k, v in Activity.KINDS.items() if k != Activity.EVENT or self.is_event()
            ]
        if "also" in self.fields:
            self.fields["also"].let_in(user)
            self.had = related_of([self.instance])[self.instance.pk] if self.instance.pk else []
            self.initial["also"] = [token(*pair) for pair in self.had if pair in links_to(user, by_kind(self.had))]
        if "guests" not in self.fields:
            return
        self.fields["guests"].queryset = Contact.objects.visible_to(user)
        self.fields["colleagues"].queryset = users_for(user)
        if self.instance.pk:
            rows = self.instance.participants.all()
            self.initial["guests"] = [row.contact_id for row in rows if row.contact_id]
            self.initial["colleagues"] = [row.user_id for row in rows if row.user_id]

    def is_event(self):
        """Whether the activity was put there by Kith itself."""
        return self.instance.kind == Activity.EVENT

    def clean(self):
        """The end comes after the beginning."""
        data = super().clean()
        if data.get("ends_at") and data.get("at") and data["ends_at"] < data["at"]:
            self.add_error("ends_at", _("This is before the beginning."))
        return data

    def values(self):
        """The cleaned values; those taking part in one list; people and records that the user cannot see kept."""
        values = super().values()
        if "guests" in values:
            hidden = []
            if self.instance.pk:
                shown = {
                    contact.pk
                    for contact in self.fields["guests"].queryset.filter(participations__activity=self.instance)
                }
                hidden = [
                    p.contact
                    for p in self.instance.participants.select_related("contact")
                    if p.contact_id and p.contact_id not in shown
                ]
            values["participants"] = [*values.pop("guests"), *values.pop("colleagues"), *hidden]
        if "also" in values:
            hidden = set(self.had) - set(pairs_of(self.initial["also"]))
            values["also"] = [*pairs_of(values["also"]), *hidden]
        return values


def initial(request):
    """What a new activity starts with: now, or what the address says."""
    kind = request.GET.get("kind", Activity.TASK)
    return {
        "kind": kind if kind in Activity.KINDS else Activity.TASK,
        "at": timezone.now(),
        "owner": request.user.pk,
        "status": Activity.OPEN,
    }
