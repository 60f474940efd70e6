"""How a table is laid out: what separates its cells, in which row its headers stand, how wide it is."""

import csv
import re
from collections import Counter
from itertools import islice

from django.utils.translation import gettext as _

DELIMITERS = (",", ";", "\t", "|")
# A title is no longer than that; so many rows below it show how wide the table is.
TITLE_ROWS, BODY_ROWS = 12, 20
LABEL = re.compile(r"\s*|[^@]{0,40}[^\W\d_][^@]{0,60}")


def guess_delimiter(lines):
    """The delimiter under which most rows are as wide as the first; a comma when nothing separates.

    Where the first lines are a title, the first row that it separates at all stands for them, if that makes the table
    wider.
    """
    widths = {delimiter: [len(cells) for cells in parse_some(lines, delimiter) if cells] for delimiter in DELIMITERS}
    plain = {delimiter: evenness(found, found[:1]) for delimiter, found in widths.items()}
    below = {delimiter: evenness(found, [n for n in found if n > 1][:1]) for delimiter, found in widths.items()}
    best, other = max(DELIMITERS, key=plain.get), max(DELIMITERS, key=below.get)
    if below[other] > plain[best] and (not plain[best] or max(widths[other]) > max(widths[best])):
        best = other
    return best if below[best] else ","


def evenness(widths, wanted):
    """The share of rows as wide as wanted, a list of one width or none; the wider the better where it is the same."""
    if not wanted or wanted[0] == 1:
        return 0
    return widths.count(wanted[0]) / len(widths) + min(wanted[0], 100) / 1000


def parse_some(lines, delimiter, limit=100):
    """The first rows of lines, none where they cannot be parsed."""
    try:
        return list(islice(csv.reader(lines, delimiter=delimiter), limit))
    except csv.Error:
        return []


def titles_above(records):
    """How many rows stand above the headers: a title is alone in its row, and the headers are a full row of words."""
    rows = [cells for _line, cells, _problem in islice(records, TITLE_ROWS + BODY_ROWS)]
    records.close()
    if not rows or filled(rows[0]) != 1:
        return 0
    usual = sorted(filled(cells) for cells in rows)[len(rows) // 2]
    for number, cells in enumerate(rows[1:TITLE_ROWS], 1):
        if filled(cells) >= 3:
            is_header = filled(cells) >= usual and all(LABEL.fullmatch(str(cell)) for cell in cells)
            return number if is_header and len(rows) > number + 1 else 0
    return 0


def filled(cells):
    """How many cells hold something."""
    return sum(str(cell).strip() != "" for cell in cells)


def width_of(names, sample):
    """Columns with a name or a sampled cell; beyond the header row only those that half the sample fills."""
    held = Counter(n for cells in sample for n, cell in enumerate(cells) if cell != "")
    width = len(names)
    while width and not names[width - 1] and not held[width - 1]:
        width -= 1
    while width >= len(names) and sample and held[width] * 2 >= len(sample):
        width += 1
    return width


def unique_headers(names):
    """Names made distinct: a blank one is “Column 9”, a second “Email” is “Email (2)”."""
    taken = {name for name in names if name}
    seen, headers = set(), []
    for position, name in enumerate(names, 1):
        plain = name or _("Column %(number)d") % {"number": position}
        candidate, count = plain, 1
        while candidate in seen or (count > 1 and candidate in taken):
            count += 1
            candidate = f"{plain} ({count})"
        seen.add(candidate)
        headers.append(candidate)
    return headers
