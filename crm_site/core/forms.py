"""Forms of records: choices through the gate, a version against stale saves, a key against double sending."""

import hashlib
import json
import uuid
from datetime import datetime
from decimal import Decimal

from crispy_forms.helper import FormHelper
from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm_site.core.converters import read_id
from crm_site.core.kinds import KINDS
from crm_site.core.models import Record, SavedView, Team, User
from crm_site.core.models.record import too_many
from crm_site.core.scope import pointed_at


class PickOne(forms.Select):
    """A drop-down that holds only the chosen option; the browser asks `options_url` for others as one types."""

    empty_text = "—"
    # The id that the record points at already, and rows that need not be asked for, as everybody may choose them.
    current, known = None, ()

    def __init__(self, options_url, attrs=None):
        super().__init__({"data-options-url": options_url} | (attrs or {}))

    def optgroups(self, name, value, attrs=None):
        """The empty option and the chosen one: never a whole table."""
        chosen = [v for v in value if v]
        options = [("", self.empty_text)]
        if chosen:
            rows = [row for row in self.known if row and [str(row.pk)] == chosen] or self.choices.queryset.filter(
                pk__in=[v for v in map(read_id, chosen) if v]
            )
            options += [(row.pk, str(row)) for row in rows[:1]] or self.kept(chosen)
        made = [
            self.create_option(name, key, text, str(key) in map(str, chosen), position)
            for position, (key, text) in enumerate(options)
        ]
        return [(None, made, 0)]

    def kept(self, chosen):
        """The option of what the record points at already and the user could not choose: kept, a record unnamed."""
        if not self.current or str(self.current) not in map(str, chosen):
            return []
        model = self.choices.queryset.model
        hidden = issubclass(model, Record)
        return [(self.current, _("not visible to you") if hidden else str(pointed_at(model, self.current)))]


class PickField(forms.ModelChoiceField):
    """A choice of one row; its widget is PickOne."""

    def __init__(self, queryset, options_url, **kwargs):
        super().__init__(queryset, widget=PickOne(options_url), **kwargs)

    def to_python(self, value):
        """The row; a number that no row could have is a wrong choice, not an error of the server."""
        if value not in self.empty_values and read_id(value) is None:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        try:
            return super().to_python(value)
        except ValidationError:
            if self.widget.current is None or str(value) != str(self.widget.current):
                raise
            return pointed_at(self.queryset.model, value)


class TagsField(SimpleArrayField):
    """Tags separated by commas; repeated and blank ones are left out."""

    widget = forms.TextInput(attrs={"data-tags": ""})

    def __init__(self, *args, **kwargs):
        for name in ("base_field", "max_length"):
            kwargs.pop(name, None)
        super().__init__(forms.CharField(max_length=50), *args, **kwargs)

    def to_python(self, value):
        """A list of texts."""
        parts = value.split(",") if isinstance(value, str) else value or []
        return list(dict.fromkeys(part.strip() for part in parts if part.strip()))

    def clean(self, value):
        """The tags, if a record has room for them."""
        tags = super().clean(value)
        if too_many(tags):
            raise ValidationError(_("These are too many tags for one record."), code="too_many")
        return tags


def users_for(user):
    """The users whom a record can belong to."""
    return User.objects.filter(is_active=True, door=User.STAFF)


def pick_field(db_field, user, **kwargs):
    """The form field of a foreign key: users and teams are open to all staff, records pass the gate."""
    model = db_field.remote_field.model
    kwargs = {"label": db_field.verbose_name, "required": not db_field.blank, "help_text": db_field.help_text} | kwargs
    if model is User:
        return PickField(users_for(user), "/users/options/", **kwargs)
    if model is Team:
        return PickField(Team.objects.all(), "/teams/options/", **kwargs)
    if issubclass(model, Record):
        kind = KINDS[model._meta.label_lower]
        return PickField(model.objects.visible_to(user), f"{kind.base}options/", **kwargs)
    return db_field.formfield(**kwargs)


def without_zeros(number):
    """A number as people type it: 26000 for 26000.000, but 12.50 for 12.500; None stays None."""
    if number is None or number == number.to_integral_value():
        return None if number is None else number.quantize(Decimal(1))
    short = number.normalize()
    return short if short.as_tuple().exponent < -2 else number.quantize(Decimal("0.01"))


class RecordForm(forms.ModelForm):
    """The form of a record. Subclasses name model and fields; `user` is the one who fills it in."""

    once = forms.UUIDField(widget=forms.HiddenInput, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, user, only=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        # Whoever is of a partner names it always, and no other.
        settled = self._meta.model.PARTNER_FIELDS if user.partner_id is not None else ()
        for name in list(self.fields):
            if name in settled or (only and name not in (*only, "once", "version")):
                del self.fields[name]
        self.order_fields(only)
        self.set_choices()
        self.initial |= {name: without_zeros(v) for name, v in self.initial.items() if isinstance(v, Decimal)}
        self.initial["once"] = uuid.uuid4()
        self.initial["version"] = self.instance.version if self.instance.pk else None
        if not self.instance.pk and not self.initial.get("owner"):
            self.initial["owner"] = user.pk
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def set_choices(self):
        """Give each foreign key its own choices, and tags and dates their widgets."""
        for name in list(self.fields):
            if name in ("once", "version") or name not in {f.name for f in self._meta.model._meta.fields}:
                continue
            db_field = self._meta.model._meta.get_field(name)
            if db_field.is_relation:
                self.fields[name] = pick_field(db_field, self.user, **self.kept(name))
                self.fields[name].widget.current = getattr(self.instance, db_field.attname)
                if not issubclass(db_field.related_model, Record):
                    self.fields[name].widget.known = self.at_hand(db_field)
            elif name == "tags":
                self.fields[name] = TagsField(label=_("Tags"), required=False, help_text=_("Separated by commas."))
            elif db_field.get_internal_type() == "DateField":
                self.fields[name].widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
            elif db_field.get_internal_type() == "DateTimeField":
                self.fields[name].widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def at_hand(self, db_field):
        """The rows of a foreign key that are loaded already: what it points at, and the user."""
        me = [self.user] if db_field.related_model is User else []
        return [self.instance._state.fields_cache.get(db_field.name), *me]

    def kept(self, name):
        """What the class said of a field that is made anew."""
        field = self.fields[name]
        return {"label": field.label, "required": field.required, "help_text": field.help_text}

    def clean(self):
        """Refuse texts that the database cannot hold."""
        for name, value in self.cleaned_data.items():
            if isinstance(value, str) and "\0" in value:
                self.add_error(name, _("The text holds a character that cannot be stored."))
        return self.cleaned_data

    def validate_unique(self):
        """Left to the operation: the database decides, and its answer is shown beside the field."""

    def values(self):
        """The cleaned values for an operation, without the form's own machinery."""
        return {name: self.whole(name, v) for name, v in self.cleaned_data.items() if name not in ("once", "version")}

    def whole(self, name, value):
        """A moment that was not touched with its seconds, which the browser's field does not show."""
        earlier = self.initial.get(name) if self.instance.pk else None
        if isinstance(value, datetime) and isinstance(earlier, datetime):
            return earlier if earlier.replace(second=0, microsecond=0) == value else value
        return value

    def digest(self):
        """A fingerprint of what was typed, to tell a repeat from another form with the same key."""
        return fingerprint(self.data)


def fingerprint(data):
    """What tells two posts of the same contents from two of different ones; the token of the session does not count."""
    typed = {name: data.getlist(name) for name in sorted(data) if name != "csrfmiddlewaretoken"}
    return hashlib.sha256(json.dumps(typed).encode()).hexdigest()


class DeleteForm(forms.Form):
    """The choices that must be made before something goes into the bin."""

    def __init__(self, *args, dependents=(), **kwargs):
        super().__init__(*args, **kwargs)
        for dependent in dependents:
            if dependent.choices:
                self.fields[dependent.name] = forms.ChoiceField(
                    label=dependent.label, choices=dependent.choices, widget=forms.RadioSelect
                )


class ShareForm(forms.Form):
    """Whom to open a record to, for how long and why."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
    can_change = forms.BooleanField(label=_("May change it"), required=False)
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        people = {
            "user": PickField(users_for(user), "/users/options/", label=_("User"), required=False),
            "team": PickField(Team.objects.all(), "/teams/options/", label=_("Team"), required=False),
        }
        self.fields = people | self.fields


class ViewForm(forms.Form):
    """A name for what a list shows now."""

    name = forms.CharField(label=_("Name"), max_length=60)
    visibility = forms.ChoiceField(label=_("Who sees it"), choices=SavedView.VISIBILITY)
    is_default = forms.BooleanField(label=_("Open the list with it"), required=False)
    query = forms.CharField(widget=forms.HiddenInput, required=False, max_length=4000)
