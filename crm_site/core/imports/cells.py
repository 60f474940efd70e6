"""The cell of an import as text, and when it counts as empty."""

import re

from django.core.exceptions import ValidationError

EMPTY_MARKERS = frozenset(("", "-", "--", "–", "—", "?", "n/a", "#n/a", "na", "null", "nil", "none", "select", "."))
CACHE_SIZE = 20_000  # values that a function remembers, for columns that repeat themselves
SEPARATOR_SIGNS = re.compile(r"[;\n|]|:::")
SEPARATORS = re.compile(r"\s*(?:\s:::\s|[;\n|])\s*")
# What a spreadsheet program runs when a cell begins so, or when it splits the cell at another separator than ours.
FORMULA = re.compile(r"^()('*)(?=[\t\r\n]|\s*[=+\-@＝＋－＠])")
INNER_FORMULA = re.compile(r"([;\t\r\n|]|\",) *('*)(?=[=@＝＠]|[+\-＋－][^\s;]*[|!(])")
SPLITS = re.compile(r"[;\t\r\n|\"]")
# The ids of Salesforce: the first three characters say what of; three more say which of the others are capitals.
SALESFORCE_ID = re.compile(r"(?:0[0-9A-Za-z]{2}|[5-8]0[0-9]|a[0-9A-Z]{2})[0-9A-Za-z]{12}(?:[A-Z0-5]{3})?")
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def clean_text(cell):
    """The cell as text without NUL and outer white space, line ends as \\n; everything else exactly as it was."""
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    if "\0" in cell:
        cell = cell.replace("\0", "")
    if "\r" in cell:
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    return cell.strip()


def guard_formula(text):
    """Text with an apostrophe before each place where a spreadsheet program would begin a formula.

    Plain numbers stay as they are. restore_formula gives the exact text back.
    """
    if text[:1].isalnum() and not SPLITS.search(text):
        return text
    if FORMULA.match(text) and not PLAIN_NUMBER.fullmatch(text):
        text = f"'{text}"
    return INNER_FORMULA.sub(guard_place, text)


def guard_place(found):
    """One more apostrophe at a place inside a text."""
    return f"{found[0]}'"


def restore_formula(text):
    """Text that an export guarded against being run as a formula, without the guard."""
    if "'" not in text:
        return text
    text = INNER_FORMULA.sub(restore_place, text)
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def restore_place(found):
    """One apostrophe less at a place inside a text."""
    return found[0][:-1] if found[2] else found[0]


def is_empty(cell, markers=EMPTY_MARKERS):
    """Whether the cell is blank or one of the markers, which are lower-case."""
    if cell is None or cell == "":
        return True
    return isinstance(cell, str) and len(cell) < 20 and cell.strip().lower() in markers


def guess_empty_markers(samples, kind, markers=EMPTY_MARKERS):
    """The markers that mean “nothing” in a column of this type.

    In text they are words (a person may be called Null), so there they count only when the column shows nothing else.
    """
    if kind != "text" or all(is_empty(cell, markers) for cell in samples):
        return markers
    return frozenset(("",))


def split_values(text):
    """The single values of a cell that holds several, such as `a ::: b` or `a; b`, each once and in order."""
    text = clean_text(text)
    if not SEPARATOR_SIGNS.search(text):
        return [text] if text else []
    return list(dict.fromkeys(part for part in SEPARATORS.split(text) if part))


def refuse(message, cell):
    """Raise the message as ValidationError with the beginning of the cell as its `value`."""
    raise ValidationError(message, params={"value": str(cell)[:80]})


def whole_id(text):
    """An id as it is kept: of the two forms that Salesforce writes the one of 18 characters, any other as it is."""
    if len(text) != 15 or text.isdigit() or not SALESFORCE_ID.fullmatch(text):
        return text
    parts = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(CAPITALS[sum(letter.isupper() << n for n, letter in enumerate(part))] for part in parts)
