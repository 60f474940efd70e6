"""Read a table of any origin row by row: text of any encoding and delimiter, or a workbook."""

import codecs
import csv
import io
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import workbooks
from .layout import guess_delimiter, parse_some, titles_above, unique_headers, width_of
from .unpacking import unpacked

CELL_LIMIT = 1_000_000  # characters in one cell
LINE_LIMIT = 8_000_000  # characters in one physical line
COLUMN_LIMIT = 2_000
SAMPLE_ROWS = 200
SAMPLE_CHARACTERS = 256_000
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Signs that no text has; of any other file they are a tenth.
CONTROLS = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")
STRAY_BYTES = re.compile("[\udc80-\udcff]")
SEPARATOR_LINE = re.compile(r"sep=(.)[\r\n]*\Z", re.IGNORECASE)
# The limit belongs to the interpreter, not to a reader; 128 kB, its default, is less than a long case history.
csv.field_size_limit(CELL_LIMIT)


def _single_byte(error):
    """Decode the bytes that UTF-8 refuses as Windows-1252, which is what nearly always wrote them."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("kith_cp1252", _single_byte)


class Row(NamedTuple):
    """One row: its first physical line (1 = top of the file), a cell per header, and what is wrong with it or ''."""

    line: int
    cells: list
    problem: str


@dataclass
class Table:
    """A file opened as a table.

    `kind` is csv, xlsx, xls or ods; `encoding` and `delimiter` are '' for workbooks; `sheets` lists what can be
    chosen; `notes` are sentences for the person who imports; `above` counts the rows over the headers. A table over an
    open file keeps one position, so only one `rows()` may be running at a time.
    """

    source: object
    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    spaced: bool = False
    book: object = None
    headless: bool = False
    above: int = 0

    def rows(self, after=0):
        """Yield a Row per record in constant memory, only those whose line is above `after`.

        Blank rows are left out, short rows are padded, cells beyond the last header become the row's problem.
        """
        records = self._records()
        for _title in range(0 if self.headless else self.above + 1):
            next(records, None)
        width = len(self.headers)
        for line, cells, problem in records:
            if line <= after:
                continue
            if len(cells) < width:
                cells.extend([""] * (width - len(cells)))
            yield Row(line, cells[:width], problem or (_surplus(cells[width:]) if len(cells) > width else ""))

    def sample(self, count=SAMPLE_ROWS):
        """The first `count` rows, as `rows()` gives them."""
        return list(islice(self.rows(), count))

    def count_rows(self):
        """How many rows `rows()` will yield; reads the whole file."""
        return sum(1 for row in self.rows())

    def _records(self):
        if self.kind == "csv":
            return _text_records(self.source, self.encoding, self.delimiter, self.spaced)
        return workbooks.records(self.book, self.sheet)


def open_table(path_or_file, *, encoding=None, delimiter=None, sheet=None, headless=False, checked=False):
    """Open a path or a seekable binary file as a Table, guessing what is not given.

    `headless` says that the first row holds data, so that columns get numbers for names; `checked` that the whole file
    was decoded with this encoding before. Raises ValidationError with a sentence for the user when it is empty, no
    table, dangerous or too large.
    """
    kind = _kind_of(path_or_file)
    if kind == "csv":
        table = _open_text(path_or_file, encoding, delimiter, checked)
    else:
        book = workbooks.open_book(path_or_file, kind)
        sheets = workbooks.sheet_names(book)
        if sheet and sheet not in sheets:
            raise ValidationError(_("There is no sheet “%(name)s” in this workbook."), params={"name": sheet})
        sheet = sheet or workbooks.first_filled(book, sheets)
        table = Table(path_or_file, kind, sheet=sheet, sheets=sheets, book=book)
    table.headless = headless
    _read_headers(table)
    return table


def reopen(source, options, *, checked=True):
    """The table of an import, read as its options say."""
    how = {name: options.get(name) or None for name in ("encoding", "delimiter", "sheet")}
    return open_table(source, **how, headless=options.get("headless", False), checked=checked)


@contextmanager
def binary(source):
    """The bytes of a path or of an open file from its beginning, unpacked; an open file stays open."""
    if hasattr(source, "read"):
        source.seek(0)
        yield unpacked(source)
    else:
        with Path(source).open("rb") as file:
            yield unpacked(file)


def _kind_of(source):
    with binary(source) as file:
        head = file.read(4096)
        if head.startswith(b"PK\x03\x04"):
            return workbooks.kind_of_archive(file)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if not head:
        raise ValidationError(_("The file is empty."), code="empty")
    if head.startswith((b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ")):
        raise ValidationError(_("The file is compressed. Unpack it and upload the table inside."), code="archive")
    if head.startswith((b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"\x7fELF", b"{\\rtf")):
        raise ValidationError(_("The file is not a table. Save it as CSV or XLSX."), code="binary")
    if re.match(rb"\s*(?:\xef\xbb\xbf)?<(?:!doctype|html|table|\?xml)", head, re.IGNORECASE):
        raise ValidationError(_("The file holds a web page or XML. Save it as CSV or XLSX."), code="markup")
    return "csv"


def _open_text(source, encoding, delimiter, checked):
    notes = []
    if not (encoding and checked):
        encoding = _check_encoding(source, encoding) if encoding else _guess_encoding(source, notes)
    with _text(source, encoding) as stream:
        text = stream.read(SAMPLE_CHARACTERS)
    if not text.strip("\0\r\n\t "):
        raise ValidationError(_("The file is empty."), code="empty")
    if len(CONTROLS.findall(text)) > len(text) / 50:
        raise ValidationError(_("The file is not a table. Save it as CSV or XLSX."), code="binary")
    lines = text.replace("\0", "").splitlines(keepends=True)
    if len(text) == SAMPLE_CHARACTERS and len(lines) > 1:
        lines.pop()  # cut in the middle
    named = SEPARATOR_LINE.match(lines[0])
    delimiter = delimiter or (named and named[1]) or guess_delimiter(lines)
    if delimiter in '"\r\n' or len(delimiter) != 1:
        raise ValidationError(_("The delimiter must be one character, but no quotation mark."), code="delimiter")
    spaced = any(cell.startswith(' "') for cells in parse_some(lines, delimiter) for cell in cells)
    return Table(source, "csv", encoding=encoding, delimiter=delimiter, spaced=spaced, notes=notes)


def _guess_encoding(source, notes):
    with binary(source) as file:
        head = file.read(4096)
    for mark, name in BOMS:
        if head.startswith(mark):
            return name if name == "utf-8-sig" else _check_encoding(source, name)
    if b"\0" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) > len(head) / 8 and min(even, odd) * 8 <= max(even, odd):
            return _check_encoding(source, "utf-16-le" if odd > even else "utf-16-be")
        if head.count(0) > len(head) / 3:
            raise ValidationError(_("The file is not a table. Save it as CSV or XLSX."), code="binary")
    good, stray, line = _weigh_utf8(source)
    if not stray:
        return "utf-8"
    if good > stray:
        notes.append(
            ngettext(
                "%(count)d character is not UTF-8 like the rest and was read as Windows-1252 (line %(line)d).",
                "%(count)d characters are not UTF-8 like the rest and were read as Windows-1252 (from line %(line)d).",
                stray,
            )
            % {"count": stray, "line": line}
        )
        return "utf-8"
    return _single_byte_encoding(source)


def _weigh_utf8(source):
    """Bytes that only UTF-8 explains, bytes that it refuses, and the first line with such a byte."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = stray = first = 0
    line = 1
    for chunk, final in _chunks(source):
        text = decoder.decode(chunk, final)
        if not text.isascii():
            strays = STRAY_BYTES.findall(text)
            if strays and not first:
                first = line + text[: STRAY_BYTES.search(text).start()].count("\n")
            stray += len(strays)
            good += len(text.encode("utf-8", "surrogateescape")) - len(text)
        line += text.count("\n")
    return good, stray, first


def _single_byte_encoding(source):
    undefined = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))
    for chunk, _final in _chunks(source):
        if len(chunk.translate(None, undefined)) != len(chunk):
            return "latin-1"
    return "cp1252"


def _check_encoding(source, encoding):
    """The encoding, once the whole file has been decoded with it; ValidationError names the line that fails."""
    try:
        "a".encode(encoding)  # refuses what is a codec but no text encoding, such as zip
        decoder = codecs.getincrementaldecoder(encoding)()
    except (LookupError, ValueError) as error:
        raise ValidationError(
            _("The encoding “%(name)s” is not known."), code="encoding", params={"name": encoding}
        ) from error
    line = 1
    for chunk, final in _chunks(source):
        try:
            line += decoder.decode(chunk, final).count("\n")
        except UnicodeError as error:
            line += chunk[: getattr(error, "start", 0)].count(b"\n")
            raise ValidationError(
                _("The file is not written in %(name)s: see line %(line)d."),
                code="encoding",
                params={"name": encoding, "line": line},
            ) from error
    return encoding


def _chunks(source, size=1 << 20):
    with binary(source) as file:
        while chunk := file.read(size):
            yield chunk, False
    yield b"", True


@contextmanager
def _text(source, encoding):
    with binary(source) as file:
        errors = "kith_cp1252" if encoding in ("utf-8", "utf-8-sig") else "strict"
        stream = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
        try:
            yield stream
        finally:
            stream.detach()


def _text_records(source, encoding, delimiter, spaced):
    """Yield (first line, cells, problem) for each row that is not blank."""
    with _text(source, encoding) as stream:
        lines = []
        how = {"delimiter": delimiter, "skipinitialspace": spaced}
        reader = csv.reader(_lines(stream, lines), **how)
        before = 0
        while True:
            problem = ""
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                cells, problem = [], _("A cell is longer than %(limit)d characters.") % {"limit": CELL_LIMIT}
            line, before = before + 1, reader.line_num
            if before > line and not problem:
                problem = _misquoted(lines, how)
            lines.clear()
            if problem or any(cells):
                yield line, cells, problem


def _misquoted(lines, how):
    """What is wrong with the quotation marks of a row of several physical lines, or ''; a lost one swallows rows."""
    if '"' not in lines[-1]:
        return _("A quotation mark that opens here is never closed.")
    closed = re.compile(rf'"[ \t]+(?={re.escape(how["delimiter"])}|[\r\n])')  # blanks behind a mark do no harm
    try:
        next(csv.reader([closed.sub('"', line) for line in lines], strict=True, **how))
    except csv.Error:
        return _("A quotation mark is missing: %(count)d lines run together here.") % {"count": len(lines)}
    return ""


def _lines(stream, read):
    """Yield physical lines without NUL, adding each to `read`; one too long becomes a cell that the reader refuses."""
    first = True
    while line := stream.readline(LINE_LIMIT):
        if len(line) == LINE_LIMIT:
            while line and line[-1] not in "\r\n":
                line = stream.readline(LINE_LIMIT)
            line = "x" * (CELL_LIMIT + 1) + "\n"
        if "\0" in line:
            line = line.replace("\0", "")
        if first:
            line, first = SEPARATOR_LINE.sub("\n", line), False
        read.append(line)
        yield line


def _read_headers(table):
    table.above = 0 if table.headless else titles_above(table._records())
    records = islice(table._records(), table.above, None)
    names, problem = next(((cells, problem) for _line, cells, problem in records), ([], ""))
    if problem:
        raise ValidationError(_("The first row cannot be read: %(why)s"), code="header", params={"why": problem})
    if not names:
        raise ValidationError(_("The file is empty."), code="empty")
    sample = [cells for _line, cells, _problem in islice(records, SAMPLE_ROWS)]
    if table.headless:
        sample.insert(0, names)
        names = [""] * len(names)
    names = [" ".join(str(name).split()) for name in names]
    width = width_of(names, sample)
    if width > COLUMN_LIMIT:
        raise ValidationError(
            _("The table has %(count)d columns; %(limit)d is the limit."),
            code="columns",
            params={"count": width, "limit": COLUMN_LIMIT},
        )
    table.headers = unique_headers((names + [""] * width)[:width])


def _surplus(cells):
    filled = [str(cell) for cell in cells if cell != ""]
    if not filled:
        return ""
    shown = ", ".join(cell[:40] for cell in filled[:3])
    return ngettext(
        "%(count)d cell stands beyond the last column: %(cells)s",
        "%(count)d cells stand beyond the last column: %(cells)s",
        len(filled),
    ) % {"count": len(filled), "cells": shown}
