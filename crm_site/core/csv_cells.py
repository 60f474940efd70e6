"""What a cell of an exported CSV file holds, made for whole columns at once; nothing in it becomes a formula."""

import csv
import io
import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from crm_site.core.imports.cells import guard_formula

PLAIN_TEXT = re.compile(r'\w[^;\t\r\n|"]*').fullmatch
# Many texts in one, a line each: numbers, such as those of telephones.
PLAIN_NUMBERS = re.compile(r"(?:(?:[+-]?\d+)?\n)*(?:[+-]?\d+)?").fullmatch
SIGNS = ';\t\r|"'
QUOTED = ',"\r\n'
NEEDS_QUOTES = re.compile(f"[{QUOTED}]").search


def csv_column(column, kind, zone):
    """The function that turns a piece of the column's raw values into cells of the file, quoted where they must be."""
    make = csv_text(column, kind, zone)
    if column.type == "datetime":
        return Moments(zone).written
    if make is guarded:
        return lambda values: quoted(guarded_texts(values))
    return lambda values: quoted([make(value) for value in values])


def quoted(values):
    """Guarded values as csv.writer writes them; of a whole column a few looks tell that none needs quotes."""
    texts = ["" if value is None else str(value) for value in values]
    joined = "".join(texts)
    if not any(sign in joined for sign in QUOTED):
        return texts
    return ['"{}"'.format(text.replace('"', '""')) if NEEDS_QUOTES(text) else text for text in texts]


def csv_block(columns):
    """Columns of cells that are written already as lines of CSV."""
    if len(columns) == 1:
        columns = [[cell or '""' for cell in columns[0]]]
    return "\r\n".join([*map(",".join, zip(*columns, strict=True)), ""])


def guarded_texts(values):
    """As `guarded` for many: most columns hold plain texts only, which a few looks at all of them together tell."""
    try:
        text = "\n".join([value or "" for value in values])
    except TypeError:
        return [guarded(value) for value in values]
    if text.count("\n") == len(values) - 1 and not any(sign in text for sign in SIGNS):
        firsts = "".join({value[:1] for value in values if value})
        if not firsts or firsts.isalnum() or PLAIN_NUMBERS(text):
            return values
    return [value if not value or PLAIN_TEXT(value) else guarded(value) for value in values]


class Moments(dict):
    """Writes moments in a time zone; of each day it is worked out once how far the zone is from UTC then.

    It holds {UTC day and hour: (day and hour there, distance from UTC)}, with (None, None) on days of which the
    distance changes or is no number of hours.
    """

    def __init__(self, zone):
        super().__init__()
        self.zone = zone

    def __missing__(self, hour):
        day = hour[:10]
        begin, end = moment(f"{day} 00:00:00+00", self.zone), moment(f"{day} 23:59:59+00", self.zone)
        even = begin.utcoffset() == end.utcoffset() and begin.minute == begin.second == 0
        plain, tail = begin.replace(tzinfo=None), begin.isoformat()[19:]
        for number in range(24):
            there = (plain + timedelta(hours=number)).isoformat(" ")[:13]
            self[f"{day} {number:02}"] = (there, tail) if even else (None, None)
        return self[hour]

    def written(self, values):
        """Moments as the database writes them, as the file holds them; an empty text for none."""
        found = []
        for value in values:
            head, tail = self[value[:13]] if value else ("", "")
            if not value:
                found.append("")
            elif tail is None or value[-3:] != "+00":
                found.append(moment(value, self.zone).isoformat(" ", "seconds"))
            else:
                found.append(f"{head}{value[13:19]}{tail}")
        return found


def csv_text(column, kind, zone):
    """The function that turns one raw value of the column into what the file holds; None is left to the writer."""
    if column.path == "number":
        return lambda value: f"{kind.model.NUMBER_PREFIX}-{value:06d}"
    if column.type == "choice":
        words = {key: guard_formula(str(label)) for key, label in (column.choices or {}).items() if key != ""}
        return lambda value: words[value] if value in words else guarded(value)
    return {
        "bool": lambda value: "yes" if value else "no",
        "date": lambda value: value.isoformat() if value else "",
        "number": plain_number, "money": plain_number,
    }.get(column.type, guarded)  # fmt: skip


def moment(text, zone):
    """A moment as the database writes it, in a time zone."""
    return datetime.fromisoformat(text).astimezone(zone)


def plain_number(value):
    """A number with all its digits, never in powers of ten."""
    return format(value, "f") if isinstance(value, Decimal) else value


def guarded(value):
    """A text that no program takes for a formula."""
    if isinstance(value, str):
        return guard_formula(value) if value else value
    if value is None or isinstance(value, int | float | Decimal):
        return value
    return value.isoformat() if isinstance(value, date) else guard_formula(str(value))


def csv_lines(rows):
    """Rows as lines of CSV."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
