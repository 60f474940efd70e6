"""Conditions that rules are written in: which fields may be asked for, how they are compared, and said in words.

`fields` is {name: Field} of whoever has rules; a condition is {"field", "op", "value"}, all of a rule's must hold.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TEXT, NUMBER = "text", "number"


@dataclass(frozen=True)
class Field:
    """What a condition may look at: `read(record)` gives a text, a number or None."""

    label: Any
    type: str
    read: Callable


def through(link, name):
    """Reads a field of the record that a record points at; None where it points at none."""

    def read(record):
        other = getattr(record, link)
        return getattr(other, name) if other else None

    return read


def plain(name):
    """Reads a field of the record itself."""
    return lambda record: getattr(record, name)


EQUALS, IN, CONTAINS, STARTS, LEAST, MOST, EMPTY = "equals", "in", "contains", "starts", "least", "most", "empty"
OPS = {
    EQUALS: gettext_lazy("is"), IN: gettext_lazy("is one of (with commas)"), CONTAINS: gettext_lazy("contains"),
    STARTS: gettext_lazy("starts with"), LEAST: gettext_lazy("is at least"), MOST: gettext_lazy("is at most"),
    EMPTY: gettext_lazy("is empty"),
}  # fmt: skip
OPS_OF = {TEXT: (EQUALS, IN, CONTAINS, STARTS, EMPTY), NUMBER: (EQUALS, IN, LEAST, MOST, EMPTY)}
COMPARE = {
    EQUALS: lambda found, wanted: found == wanted[0],
    IN: lambda found, wanted: found in wanted,
    CONTAINS: lambda found, wanted: wanted[0] in found,
    STARTS: lambda found, wanted: found.startswith(wanted[0]),
    LEAST: lambda found, wanted: found >= wanted[0],
    MOST: lambda found, wanted: found <= wanted[0],
}


def parts_of(condition):
    """The values that a condition names, as texts."""
    value = str(condition.get("value", ""))
    parts = re.split(r"[,;\n]", value) if condition["op"] == IN else [value]
    return [part.strip() for part in parts if part.strip()]


def comparable(value, kind):
    """A value as it is compared: numbers as numbers, texts without regard to case."""
    return Decimal(str(value)) if kind == NUMBER else str(value).strip().casefold()


def check_condition(condition, fields):
    """The condition as it is kept; ValidationError with a sentence when it makes no sense."""
    name, op = condition.get("field"), condition.get("op")
    if name not in fields:
        raise ValidationError(_("There is no field “%(name)s” to ask for.") % {"name": name})
    field = fields[name]
    if op not in OPS_OF[field.type]:
        words = {"field": field.label, "op": OPS.get(op, op)}
        raise ValidationError(_("“%(field)s” cannot be asked whether it “%(op)s”.") % words)
    parts = parts_of({"op": op, "value": condition.get("value", "")})
    if op != EMPTY and not parts:
        raise ValidationError(_("Say what “%(field)s” is compared with.") % {"field": field.label})
    for part in parts if field.type == NUMBER else ():
        try:
            finite = Decimal(part).is_finite()
        except InvalidOperation:
            finite = False
        if not finite:
            raise ValidationError(
                _("“%(field)s” is a number, “%(part)s” is none.") % {"field": field.label, "part": part}
            )
    return {"field": name, "op": op, "value": "" if op == EMPTY else ", ".join(parts)}


def holds(condition, record, fields):
    """Whether a condition holds for a record; one on a field that is gone does not."""
    field = fields.get(condition["field"])
    if field is None or condition["op"] not in OPS_OF[field.type]:
        return False
    found = field.read(record)
    if condition["op"] == EMPTY:
        return found is None or found == ""
    if found is None or found == "":
        return False
    wanted = [comparable(part, field.type) for part in parts_of(condition)]
    return COMPARE[condition["op"]](comparable(found, field.type), wanted)


def said(condition, fields):
    """A condition in words, such as “country is DE”."""
    field = fields.get(condition["field"])
    label = field.label if field else condition["field"]
    op = _("is one of") if condition["op"] == IN else OPS.get(condition["op"], condition["op"])
    return f"{label} {op} {condition['value']}".strip()


def said_all(conditions, fields, nothing):
    """All conditions of a rule in words; `nothing` is what to say where there is none."""
    return _(" and ").join(said(condition, fields) for condition in conditions) or nothing


def failed(conditions, record, fields):
    """Why the conditions do not hold for a record, in words; an empty text when all do."""
    for condition in conditions:
        if not holds(condition, record, fields):
            field = fields.get(condition["field"])
            found = field.read(record) if field else None
            words = {"said": said(condition, fields), "found": _("empty") if found in (None, "") else str(found)[:80]}
            return _("asks that %(said)s; it is %(found)s") % words
    return ""
