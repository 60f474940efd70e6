"""Conditions of assignment rules: which fields of a lead may be asked for, how they are compared, and said in words."""

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
    """What a condition may look at: `read(lead)` gives a text, a number or None."""

    label: Any
    type: str
    read: Callable


def through(link, name):
    """Reads a field of the record that a lead points at; None where it points at none."""

    def read(lead):
        other = getattr(lead, link)
        return getattr(other, name) if other else None

    return read


def plain(name):
    """Reads a field of the lead itself."""
    return lambda lead: getattr(lead, name)


FIELDS = {
    "source": Field(gettext_lazy("source"), TEXT, plain("source")),
    "country": Field(gettext_lazy("country"), TEXT, plain("country")),
    "industry": Field(
        gettext_lazy("industry"), TEXT, lambda lead: lead.industry or through("account", "industry")(lead)
    ),
    "company": Field(gettext_lazy("company"), TEXT, plain("company")),
    "job_title": Field(gettext_lazy("job title"), TEXT, plain("job_title")),
    "email": Field(gettext_lazy("e-mail"), TEXT, plain("email")),
    "subject": Field(gettext_lazy("subject"), TEXT, plain("subject")),
    "referrer": Field(gettext_lazy("referred by"), TEXT, plain("referrer")),
    "rating": Field(gettext_lazy("rating"), TEXT, plain("rating")),
    "currency": Field(gettext_lazy("currency"), TEXT, plain("currency")),
    "amount": Field(gettext_lazy("estimated amount"), NUMBER, plain("amount")),
    "score": Field(gettext_lazy("score"), NUMBER, plain("score")),
    "employees": Field(gettext_lazy("employees of the account"), NUMBER, through("account", "employees")),
    "campaign": Field(gettext_lazy("campaign"), TEXT, through("campaign", "name")),
    "contact_list": Field(gettext_lazy("contact list"), TEXT, through("contact_list", "name")),
    "web_form": Field(gettext_lazy("web form"), TEXT, through("web_form", "name")),
    "product": Field(gettext_lazy("product"), TEXT, through("product", "name")),
    "family": Field(gettext_lazy("product family"), TEXT, through("product", "family")),
}
LINKS = ("account", "campaign", "contact_list", "web_form", "product")
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


def check_condition(condition):
    """The condition as it is kept; ValidationError with a sentence when it makes no sense."""
    name, op = condition.get("field"), condition.get("op")
    if name not in FIELDS:
        raise ValidationError(_("There is no field “%(name)s” to ask for.") % {"name": name})
    field = FIELDS[name]
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


def holds(condition, lead):
    """Whether a condition holds for a lead; one on a field that is gone does not."""
    field = FIELDS.get(condition["field"])
    if field is None or condition["op"] not in OPS_OF[field.type]:
        return False
    found = field.read(lead)
    if condition["op"] == EMPTY:
        return found is None or found == ""
    if found is None or found == "":
        return False
    wanted = [comparable(part, field.type) for part in parts_of(condition)]
    return COMPARE[condition["op"]](comparable(found, field.type), wanted)


def said(condition):
    """A condition in words, such as “country is DE”."""
    field = FIELDS.get(condition["field"])
    label = field.label if field else condition["field"]
    op = _("is one of") if condition["op"] == IN else OPS.get(condition["op"], condition["op"])
    return f"{label} {op} {condition['value']}".strip()


def said_all(conditions):
    """All conditions of a rule in words."""
    return _(" and ").join(said(condition) for condition in conditions) or _("every lead")


def failed(conditions, lead):
    """Why the conditions do not hold for a lead, in words; an empty text when all do."""
    for condition in conditions:
        if not holds(condition, lead):
            field = FIELDS.get(condition["field"])
            found = field.read(lead) if field else None
            words = {"said": said(condition), "found": _("empty") if found in (None, "") else str(found)[:80]}
            return _("asks that %(said)s; it is %(found)s") % words
    return ""
