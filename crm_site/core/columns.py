"""Columns: one declared list per record, read by the table, saved views, export, import and inline editing."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

import phonenumbers
from django.utils import formats, timezone
from django.utils.timesince import timesince
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm_site.core.money import DIGITS

NEAR = 24 * 3600


@dataclass(frozen=True)
class Column:
    """One fact of a record.

    `name` is its key in addresses and files, `source` the dotted path on the record (default: the name), `needs` the
    query fields that reading it takes (default: the source). `kind` names the record kind a "link" leads to, `currency`
    the field with the currency of "money".
    `types` for show and import: text, longtext, link, self, user, money, number, date, datetime, choice, bool, tags,
    email, phone, url; and to show only links, several to records of any kind, whose value is [(kind, id)]: `load`, if
    given, puts it on many records at once.
    """

    name: str
    label: Any
    type: str = "text"
    source: str = ""
    needs: tuple = ()
    sort: str = ""
    kind: str = ""
    currency: str = ""
    shown: bool = True
    edit: bool = False
    imports: bool = True
    aliases: tuple = ()
    tones: dict = field(default_factory=dict)
    choices: Any = None
    load: Callable | None = None

    @cached_property
    def path(self):
        """The dotted path on the record."""
        return self.source or self.name

    @cached_property
    def steps(self):
        """The attributes along the path, each of the one before; of a link its id."""
        return (f"{self.path}_id",) if self.type == "link" else tuple(self.path.split("."))

    @property
    def fields(self):
        """The query fields that showing the column takes."""
        if self.needs:
            return self.needs
        if self.type == "user":
            return tuple(f"{self.path}__{part}" for part in ("first_name", "last_name", "email"))
        if self.type == "link":
            return (f"{self.path}_id",)
        found = (self.path.replace(".", "__"),)
        return (*found, self.currency) if self.currency else found

    @property
    def numeric(self):
        """Whether the cell is set flush right."""
        return self.type in ("money", "number")

    def value(self, record):
        """The raw value on the record; None anywhere along the path gives None."""
        found = record
        for part in self.steps:
            found = getattr(found, part, None)
            if found is None:
                return None
        return found

    def show(self, record, value):
        """The cell of a value that is not empty; a kind's own column may show more of the record."""
        if self.currency:
            return Cell("money", self.name, money_text(value, getattr(record, self.currency)))
        return SHOW[self.type](self, value)


PLAIN = frozenset({"text", "user", "money", "number", "date", "bool", "longtext"})


class Cell:
    """A value ready to be shown; see templates/records/_table.html for how each type looks."""

    __slots__ = ("edit_url", "empty", "items", "name", "text", "title", "tone", "type", "url")

    def __init__(self, type_, name, text="", url="", tone="", title="", items=()):
        self.type, self.name, self.text, self.url, self.tone, self.title = type_, name, text, url, tone, title
        self.items, self.edit_url = items, ""
        self.empty = not text and not items

    @property
    def plain(self):
        """Whether the text is all there is to show."""
        return self.type in PLAIN

    def __getitem__(self, name):
        """An attribute, as a key: what a template tries first, four hundred times a page."""
        return getattr(self, name)


def show_text(column, value):
    """Any value as its text."""
    return Cell("text", column.name, str(value))


def show_long(column, value):
    """A text of several lines."""
    return Cell("longtext", column.name, value)


def money_text(amount, currency):
    """An amount with the viewer's separators, the digits that its currency has, and the currency's code."""
    digits = DIGITS.get(currency, 2)
    return f"{formats.number_format(Decimal(amount), digits, force_grouping=True)} {currency}".strip()


def show_money(column, value):
    """An amount with the viewer's separators, two digits."""
    return Cell("money", column.name, formats.number_format(Decimal(value), 2, force_grouping=True))


def show_number(column, value):
    """A number with the viewer's separators."""
    return Cell("number", column.name, formats.number_format(value, force_grouping=True))


def day_text(day):
    """A day in the viewer's format."""
    return written(get_language(), day, "SHORT_DATE_FORMAT")


def moment_text(at):
    """A moment in the viewer's format, to the minute; `at` is in the viewer's zone."""
    return written(get_language(), at.replace(second=0, microsecond=0, tzinfo=None), "SHORT_DATETIME_FORMAT")


@lru_cache(maxsize=5000)
def written(_language, when, form):
    """A day or a moment without a zone in a format; it takes Django long, and a page shows the same days often."""
    return formats.date_format(when, form)


def show_date(column, value):
    """A day in the viewer's format."""
    return Cell("date", column.name, day_text(value))


def show_datetime(column, value):
    """A moment: just past in words ("3 hours ago"), soon to come with the time, others as the day; all as the title."""
    local = timezone.localtime(value)
    exact, text = moment_text(local), day_text(local.date())
    age = (timezone.now() - value).total_seconds()
    if 0 <= age < 60:
        text = _("just now")
    elif 0 <= age < NEAR:
        text = _("%(time)s ago") % {"time": timesince(value).split(",")[0]}
    elif -NEAR < age < 0:
        text = exact
    return Cell("datetime", column.name, text, title="" if text == exact else exact)


def show_choice(column, value):
    """A choice by its label, with its tone."""
    return Cell("choice", column.name, str((column.choices or {}).get(value, value)), tone=column.tones.get(value, ""))


def show_bool(column, value):
    """Yes, or nothing."""
    return Cell("bool", column.name, _("Yes") if value else "")


def show_user(column, value):
    """A user by name."""
    return Cell("user", column.name, str(value))


def show_tags(column, value):
    """Tags, each on its own."""
    return Cell("tags", column.name, items=value)


def show_email(column, value):
    """An address to write to."""
    return Cell("email", column.name, value, url=f"mailto:{value}")


@lru_cache(4000)
def readable_phone(value):
    """A stored number for reading, such as +44 20 7946 0001; what is none stays as it is."""
    if not re.fullmatch(r"\+\d{6,15}", value, re.ASCII):
        return value
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def show_phone(column, value):
    """A number to call, grouped as in its country."""
    digits = "".join(c for c in value if c in "+0123456789")
    return Cell("phone", column.name, readable_phone(value), url=f"tel:{digits}")


def show_url(column, value):
    """A web address; only http and https become links."""
    link = value if value.startswith(("http://", "https://")) else f"https://{value}"
    return Cell("url", column.name, value.removeprefix("https://").removeprefix("http://").rstrip("/"), url=link)


SHOW = {
    "text": show_text, "self": show_text, "longtext": show_long, "money": show_money, "number": show_number,
    "date": show_date, "datetime": show_datetime, "choice": show_choice, "bool": show_bool, "user": show_user,
    "tags": show_tags, "email": show_email, "phone": show_phone, "url": show_url,
}  # fmt: skip


def cell(column, record, links=None, prefix=""):
    """The cell of one record.

    `links` is {(kind, id): (text, url)} of the linked records that the viewer may see; a link that is not in it is
    shown as hidden. `prefix` is the address of the record's kind, such as "/accounts/".
    """
    value = column.value(record)
    if value is None or value == "" or value == []:
        return Cell("link" if column.type == "self" else column.type, column.name)
    if column.type == "link":
        text, url = (links or {}).get((column.kind, value)) or (_("not visible to you"), "")
        return Cell("link", column.name, text, url=url)
    if column.type == "links":
        return show_links(column, value, links or {})
    made = column.show(record, value)
    if column.type == "self":
        made.type, made.url = "link", f"{prefix}{record.pk}/"
    return made


def show_links(column, pairs, links):
    """The linked records that the viewer may see, and how many there are besides."""
    seen = [links[pair] for pair in pairs if pair in links]
    hidden = len(pairs) - len(seen)
    text = ngettext("%(n)s not visible to you", "%(n)s not visible to you", hidden) % {"n": hidden} if hidden else ""
    return Cell("links", column.name, text, items=seen)


def pairs_behind(column, records):
    """Every (kind, id) behind a column of several links; they are on the records then."""
    if column.load:
        column.load(records)
    return {pair for record in records for pair in column.value(record) or ()}
