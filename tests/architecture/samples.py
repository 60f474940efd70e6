"""Samples: a valid record and a valid filled-in form of any kind, found from what the kind declares.

A kind whose form needs more than its required fields says so in FILLED.
"""

import datetime
import itertools
from decimal import Decimal

from django import forms
from django.conf import settings
from django.utils import timezone

from crm_site.core.forms import PickField
from crm_site.core.kinds import KINDS
from crm_site.core.models import Record, Team, User
from tests.factories import factories

NUMBERS = itertools.count(1)


def make_record(kind, owner, **values):
    """A record of the kind that belongs to the owner: by the kind's factory, else through its own form."""
    factory = factories().get(kind.model)
    if factory:
        return factory(owner=owner, **values)
    form = kind.form(filled(kind, owner), user=owner)
    assert form.is_valid(), f"{kind.key}: give it a factory or an entry in FILLED: {form.errors.as_json()}"
    return kind.create(form.values(), by=owner)


def filled(kind, user, **values):
    """What a browser would post to the create form: required fields, and what FILLED adds."""
    form = kind.form(user=user)
    data = {name: sample(field, user) for name, field in form.fields.items() if field.required}
    if kind.key in FILLED:
        data |= FILLED[kind.key](user)
    if "owner" in form.fields:
        data["owner"] = user.pk
    data["once"] = str(form.initial["once"])
    return {name: value for name, value in (data | values).items() if value is not None}


def edit_data(kind, record, user):
    """What the edit form of the record would send back unchanged."""
    form = kind.form(user=user, instance=record)
    data = {}
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        value = field.prepare_value(value) if value is not None else None
        if value is None or value is False or name == "once":
            continue
        if isinstance(value, datetime.datetime):
            value = value.strftime("%Y-%m-%dT%H:%M")
        data[name] = "on" if value is True else getattr(value, "pk", value)
    return data | {"version": str(record.version)}


def sample(field, user):
    """A value that the form field accepts."""
    if isinstance(field, (PickField, forms.ModelChoiceField)):
        return picked(field.queryset.model, user)
    if isinstance(field, forms.TypedChoiceField | forms.ChoiceField):
        return next(str(value) for value, _label in flat(field.choices) if value not in ("", None))
    samples = (
        (forms.EmailField, f"sample{next(NUMBERS)}@kith.test"), (forms.URLField, "https://kith.test"),
        (forms.DateTimeField, timezone.localtime().strftime("%Y-%m-%dT%H:%M")),
        (forms.DateField, datetime.date(2026, 1, 15).isoformat()), (forms.DecimalField, str(Decimal("12.50"))),
        (forms.IntegerField, "3"), (forms.BooleanField, "on"), (forms.FileField, None),
    )  # fmt: skip
    for kind, value in samples:
        if isinstance(field, kind):
            return value
    if getattr(field, "max_length", None) == 3:  # a currency
        return settings.BASE_CURRENCY
    return f"Sample {next(NUMBERS)}"


def flat(choices):
    """Choices without their groups."""
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield value, label


def picked(model, user):
    """The id of a row that the user may pick."""
    if model is User:
        return user.pk
    if model is Team:
        return user.team_id or Team.objects.order_by("pk").first().pk
    if issubclass(model, Record):
        return make_record(KINDS[model._meta.label_lower], user).pk
    return model.objects.order_by("pk").values_list("pk", flat=True).first()


def text_fields(model, shortest=12):
    """The plain text columns of a model that hold at least this many characters."""
    return [
        field for field in model._meta.concrete_fields
        if field.get_internal_type() in ("CharField", "TextField", "EmailField", "URLField") and not field.choices
        and not field.generated and (field.max_length or 10_000) >= shortest
    ]  # fmt: skip


FILLED = {
    "sales.opportunity": lambda user: {"name": f"Deal {next(NUMBERS)}", "currency": settings.BASE_CURRENCY},
    "sales.target": lambda user: {"user": user.pk, "starts_on": f"{2030 + next(NUMBERS)}-01-15"},
    "support.entitlement": lambda user: {"account": make_record(KINDS["customers.account"], user).pk},
    "support.dealregistration": lambda user: {
        "partner": make_record(KINDS["customers.account"], user, is_partner=True).pk,
    },
    "customers.customer": lambda user: {
        "kind": "business", "account": make_record(KINDS["customers.account"], user).pk,
    },
}  # fmt: skip
