"""Understand the cells of an import: each function takes text or a typed cell and gives a value, or None when empty.

What cannot be understood raises ValidationError with a sentence that quotes the cell.
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

import phonenumbers
from django.utils.translation import gettext as _

from .amounts import guess_decimal_mark, parse_decimal, parse_integer, parse_money
from .cells import (
    CACHE_SIZE,
    EMPTY_MARKERS,
    clean_text,
    guard_formula,
    guess_empty_markers,
    is_empty,
    refuse,
    restore_formula,
    split_values,
)
from .dates import guess_day_first, parse_date, parse_datetime

__all__ = [
    "EMPTY_MARKERS",
    "clean_text",
    "guard_formula",
    "guess_day_first",
    "guess_decimal_mark",
    "guess_empty_markers",
    "is_empty",
    "parse_boolean",
    "parse_date",
    "parse_datetime",
    "parse_decimal",
    "parse_email",
    "parse_integer",
    "parse_money",
    "parse_phone",
    "parse_url",
    "restore_formula",
    "split_values",
]

YES_WORDS = """
    yes y true t 1 1.0 x on ja j oui o si sí sì s sim tak kyllä evet да checked enabled active ✓ ✔ wahr vrai vero
    是 はい
"""
NO_WORDS = """
    no n false f 0 0.0 off nein non não nee nie nej ei hayır нет unchecked disabled inactive ✗ falsch faux falso
    否 いいえ
"""
YES, NO = frozenset(YES_WORDS.split()), frozenset(NO_WORDS.split())


def parse_boolean(cell):
    """True or False for the usual words of several languages; None when empty."""
    if isinstance(cell, (bool, int, float)) and cell in (0, 1):
        return bool(cell)
    text = str(cell).strip().lower()
    if text in YES:
        return True
    if text in NO:
        return False
    return None if is_empty(cell) else refuse(_("“%(value)s” is neither yes nor no."), cell)


def parse_phone(cell, country=None):
    """(number as typed, E.164 or '', whether it is valid); `country` is the ISO code of numbers without one."""
    text = clean_text(cell)
    if is_empty(text):
        return "", "", False
    # A number that tells its country is read once, whatever the country of its row.
    told = text[0] == "+" and "1" <= text[1:2] <= "9"
    return text, *_phone(text, None if told else country or None)


@lru_cache(CACHE_SIZE)
def _phone(text, country):
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return "", False
    if not phonenumbers.is_valid_number(number):
        return "", False
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), True


LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
LABEL = r"[A-Za-z0-9\u00a1-\U0010ffff](?:[A-Za-z0-9\u00a1-\U0010ffff-]{0,61}[A-Za-z0-9\u00a1-\U0010ffff])?"
EMAIL = re.compile(rf"(?P<local>{LOCAL_PART}(?:\.{LOCAL_PART})*)@(?P<domain>{LABEL}(?:\.{LABEL})*)")
NAMED_EMAIL = re.compile(r"[^<>@]*<([^<>]+)>")
WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)


def parse_email(cell):
    """The address in lower case, without a name or "mailto:" around it; None when empty."""
    text = clean_text(cell) if type(cell) is not str else cell.strip(" \t\u00a0\u200b\ufeff")
    return None if is_empty(text) else _email(text)


@lru_cache(CACHE_SIZE)
def _email(cell):
    text = cell
    if found := NAMED_EMAIL.fullmatch(text):
        text = found[1].strip(" ")
    text = text.removeprefix("mailto:").lower()
    found = EMAIL.fullmatch(text)
    if not found or len(text) > 254 or len(found["local"]) > 64 or len(found["domain"]) > 253:
        refuse(_("“%(value)s” is not an e-mail address."), cell)
    if found["domain"].rpartition(".")[2].isdigit() or not text.isprintable():
        refuse(_("“%(value)s” is not an e-mail address."), cell)
    return text


def parse_url(cell):
    """A web address with its scheme, https unless given; None when empty. Other schemes are refused."""
    text = clean_text(cell)
    if is_empty(text):
        return None
    if not WEB_ADDRESS.match(text):
        if OTHER_SCHEME.match(text):
            refuse(_("“%(value)s” is not a web address."), cell)
        text = f"https://{text.removeprefix('//')}"
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        fine = parts.port is None or parts.port > 0
    except ValueError:
        fine, host = False, ""
    if not fine or not re.fullmatch(rf"{LABEL}(?:\.{LABEL})+", host) or not text.isprintable() or " " in text:
        refuse(_("“%(value)s” is not a web address."), cell)
    if len(text) > 2000 or "@" in parts.netloc or "\\" in text:
        refuse(_("“%(value)s” is not a web address."), cell)
    start = f"{parts.scheme.lower()}://"
    return start + parts.netloc.lower() + text[len(start) + len(parts.netloc) :]
