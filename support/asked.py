"""What is asked of a kind of request beyond its text: the fields that administrators define, and what was answered.

The answers stand in `Case.details` under the keys of the fields, as JSON holds them: numbers and days as texts.
"""

from datetime import date
from decimal import Decimal

from django import forms
from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from support.models import Case, CaseField

PREFIX = "asked_"
YES, NO = "yes", "no"


def may_ask(user):
    """Whether the user says what is asked: who may change and delete all cases."""
    return all(user.reach(Case, action) == "all" for action in ("change", "delete"))


def fields_of(types=None, *, portal=False):
    """The fields in use in their order; of `types` only what these ask, for the portal only what customers answer."""
    rows = CaseField.objects.filter(is_active=True)
    rows = rows.filter(in_portal=True) if portal else rows
    return list(rows if types is None else rows.filter(Q(type="") | Q(type__in=types)))


def form_field(row):
    """The field of a form that asks for it."""
    said = {"label": row.label, "required": row.required, "help_text": row.help}
    if row.kind == CaseField.NUMBER:
        return forms.DecimalField(max_digits=20, decimal_places=6, **said)
    if row.kind == CaseField.DATE:
        return forms.DateField(widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **said)
    if row.kind == CaseField.YES_NO:
        return forms.ChoiceField(choices=[("", "—"), (YES, _("Yes")), (NO, _("No"))], **said)
    if row.kind == CaseField.CHOICE:
        return forms.ChoiceField(choices=[("", "—"), *((text, text) for text in row.choices)], **said)
    return forms.CharField(max_length=500, **said)


def form_of(rows, data=None):
    """A form of nothing but these fields."""
    form = forms.Form(data)
    form.fields |= {PREFIX + row.key: form_field(row) for row in rows}
    return form


def kept(value):
    """A cleaned value as JSON keeps it; None for no answer."""
    if value in (None, ""):
        return None
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value


def answers(rows, cleaned, before=None):
    """What a form's fields were answered, by key; of `before` what the form did not ask stays."""
    asked = {row.key: kept(cleaned.get(PREFIX + row.key)) for row in rows}
    return {key: value for key, value in ((before or {}) | asked).items() if value is not None}


def shown(case, *, portal=False):
    """[(label, text)] of what was answered on a case, in the fields' order; no statement where nothing was."""
    if not case.details:
        return []
    rows = CaseField.objects.filter(key__in=case.details)
    return [
        (row.label, text_of(row, case.details[row.key])) for row in (rows.filter(in_portal=True) if portal else rows)
    ]


def text_of(row, value):
    """An answer as its reader's language writes it."""
    try:
        if row.kind == CaseField.DATE:
            return formats.date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
        if row.kind == CaseField.NUMBER:
            return formats.number_format(Decimal(value), force_grouping=True)
    except (ArithmeticError, TypeError, ValueError):
        return str(value)
    return {YES: _t("Yes"), NO: _t("No")}.get(value, value) if row.kind == CaseField.YES_NO else str(value)


def line_of(details):
    """The answers as one line of a file: "key: value; key: value"."""
    return "; ".join(f"{key}: {str(value).replace(';', ',')}" for key, value in details.items())


def read_line(text):
    """(the answers that a line of a file gives, the parts that no field understands)."""
    rows, found, wrong = {row.key: row for row in CaseField.objects.all()}, {}, []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        key, _colon, value = (piece.strip() for piece in part.partition(":"))
        try:
            found[key] = kept(form_field(rows[key]).clean(value))
        except (KeyError, forms.ValidationError):
            wrong.append(part)
    return {key: value for key, value in found.items() if value is not None}, wrong


def kind_of(case_type):
    """The name of a kind of request; empty for all kinds."""
    return str(Case.TYPES.get(case_type, ""))
