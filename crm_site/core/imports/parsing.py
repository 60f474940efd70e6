"""Turn the cells of one column into values of its target, by the habits found for that column."""

import re
from functools import partial

from django.utils.translation import gettext as _

from crm_site.core.models.record import too_many

from . import values
from .cells import EMPTY_MARKERS, refuse, whole_id

MORE_ADDRESSES = re.compile(r"(?<=\S)[,\s/]+(?=[^\s,;<>]+@)")
REMARK = re.compile(r"(?<=\S)\s+\([^()]*\)$")
MORE_TAGS = re.compile(r'"\s*,\s*"|,')
SHARE = re.compile(r"0?[.,]\d+|1[.,]0+|0[.,]0+")
LARGEST = {"number": 2**31 - 1, "money": 10**16}


def plain(cell):
    """The cell as text; a whole number that a workbook stored as 40.0 is "40"."""
    if type(cell) is str and "'" not in cell and "\0" not in cell and "\r" not in cell:
        return cell.strip()  # nothing to mend, as in almost every cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return values.restore_formula(values.clean_text(cell))


def read_text(cell, *, markers, limit):
    """Text, or None when empty; one that is too long is refused, never cut."""
    text = plain(cell)
    if values.is_empty(text, markers):
        return None
    if limit and len(text) > limit:
        refuse(_("“%(value)s” … is too long."), cell)
    return text


def read_id(cell, *, markers, limit):
    """An id of the other system; 0 stands for none."""
    text = read_text(cell, markers=markers, limit=limit)
    return None if text in (None, "0") else whole_id(text)


def read_url(cell, *, markers, limit):
    """A web address as it was typed."""
    text = read_text(cell, markers=markers, limit=limit)
    if text is not None:
        values.parse_url(text)
    return text


def read_many(cell, *, one, markers):
    """The values of a cell that may hold several; None when empty."""
    text = plain(cell)
    if values.is_empty(text, markers):
        return None
    return [value for part in (values.split_values(text) if len(text) > 6 else [text]) if (value := one(part))] or None


def read_addresses(cell, *, markers):
    """E-mail addresses, also between commas and with signs or a remark around them; None when empty."""
    if isinstance(cell, str) and cell.count("@") > 1:
        cell = MORE_ADDRESSES.sub(";", cell)
    return read_many(cell, one=read_address, markers=markers)


def read_address(text):
    """One e-mail address."""
    return values.parse_email(REMARK.sub("", text.strip()).strip(" ,;.'\"“”‘’"))


def read_phone(text):
    """A telephone number as it was typed; it must hold three digits."""
    if len(text) > 60 or sum(letter.isdigit() for letter in text) < 3:
        refuse(_("“%(value)s” is not a telephone number."), text)
    return text


def read_tags(cell, *, markers):
    """Tags between commas, semicolons or quotation marks."""
    text = plain(cell)
    if values.is_empty(text, markers):
        return None
    parts = [
        part.strip().strip('"').lstrip("* ") for each in values.split_values(text) for part in MORE_TAGS.split(each)
    ]
    if any(len(part) > 50 for part in parts):
        refuse(_("“%(value)s” holds a tag that is too long."), cell)
    if too_many(tags := list(dict.fromkeys(part for part in parts if part))):
        refuse(_("“%(value)s” are too many tags for one record."), cell)
    return tags or None


def read_choice(cell, *, markers, known):
    """The value behind a label, a value or a mapped word; None when the map says so."""
    text = plain(cell)
    if values.is_empty(text, markers):
        return None
    if text.lower() not in known:
        refuse(_("“%(value)s” is not one of the choices."), cell)
    return known[text.lower()]


def read_number(cell, *, mark, unit):
    """A whole number from 0; seconds become minutes, rounded up, and a share of one becomes percents."""
    if unit == "share" and (share := values.parse_decimal(cell, mark)) is not None:
        return round(share * 100) if 0 <= share <= 1 else refuse(_("“%(value)s” is out of range."), cell)
    number = values.parse_integer(cell, mark)
    if number is None:
        return None
    if not 0 <= number <= LARGEST["number"]:
        refuse(_("“%(value)s” is out of range."), cell)
    return -(-number // 60) if unit == "seconds" else number


def read_money(cell, *, mark, dollar):
    """(amount, currency or None); None when empty."""
    amount, currency = values.parse_money(cell, mark, dollar=dollar)
    if amount is None:
        return None
    if abs(amount) >= LARGEST["money"]:
        refuse(_("“%(value)s” is out of range."), cell)
    return round(amount, 2), currency


def choices_of(target, column):
    """{lower-case word: value} of a choice: its values, its labels, the target's own map and the user's."""
    known = {}
    for value, label in (target.choices or {}).items():
        known[str(value).lower()] = known[str(label).lower()] = value
    given = {word.lower(): value for word, value in (column.get("map") or {}).items()}
    valid = {str(value): value for value in target.choices or {}}
    return known | target.value_map | {word: valid.get(str(value)) for word, value in given.items()}


def reader(target, column, *, dollar="USD"):
    """The function that reads a cell of a column, a dict of habits (day_first, mark, markers, unit, map)."""
    markers = frozenset(column["markers"]) if column.get("markers") else EMPTY_MARKERS
    mark, kind = column.get("mark"), target.type
    made = {
        "email": partial(read_addresses, markers=markers),
        "phone": partial(read_many, one=read_phone, markers=markers),
        "url": partial(read_url, markers=markers, limit=target.limit),
        "number": partial(read_number, mark=mark, unit=column.get("unit")),
        "decimal": partial(values.parse_decimal, decimal_mark=mark),
        "money": partial(read_money, mark=mark, dollar=dollar),
        "date": partial(values.parse_date, day_first=column.get("day_first")),
        "datetime": partial(values.parse_datetime, day_first=column.get("day_first")),
        "boolean": values.parse_boolean,
        "tags": partial(read_tags, markers=markers),
        "id": partial(read_id, markers=markers, limit=target.limit),
    }
    if kind == "choice":
        return partial(read_choice, markers=markers, known=choices_of(target, column))
    if kind in ("link", "user") and target.by == "id":
        return made["id"]
    return made.get(kind) or partial(read_text, markers=markers, limit=target.limit)


def habits(header, target, cells):
    """What the sample shows of a column: which number of a date is the day, the decimal mark, words for nothing."""
    found = {}
    if target.type in ("date", "datetime"):
        found["day_first"] = values.guess_day_first(cells)
    if target.type in ("number", "decimal", "money"):
        found["mark"] = values.guess_decimal_mark(cells)
    if target.type in ("text", "longtext", "link", "user"):
        found["markers"] = sorted(values.guess_empty_markers(cells, "text"))
    if target.name == "duration":
        found["unit"] = "seconds" if "sec" in header.lower() else "minutes"
    if target.name == "probability" and is_share(cells):
        found["unit"] = "share"
    return found


def is_share(cells):
    """Whether probabilities are written as 0.4 rather than as 40."""
    texts = [str(cell).strip() for cell in cells]
    return any(SHARE.fullmatch(text) for text in texts) and all(
        text in ("0", "1") or SHARE.fullmatch(text) for text in texts
    )


def sentence(error):
    """(the sentence about one cell, the same without the cell) of a ValidationError."""
    params = error.params or {}
    hidden = params | ({"value": "…"} if "value" in params else {})
    return error.message % params if params else error.message, error.message % hidden if hidden else error.message
