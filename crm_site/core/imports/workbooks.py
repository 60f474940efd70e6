"""Workbooks (XLSX, XLS, ODS): what they unpack to is measured before anything is unpacked."""

import re
import zipfile
from pathlib import Path
from xml.parsers import expat

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

UNPACKED_LIMIT = 512 * 1024 * 1024  # bytes
RATIO_LIMIT = 200
RATIO_FLOOR = 8 * 1024 * 1024  # bytes; small files of blank rows compress better than any bomb needs to
CELL_AREA_LIMIT = 5_000_000  # the reader keeps 32 bytes for each cell of the sheet's rectangle, filled or not
LEGACY_SIZE_LIMIT = 32 * 1024 * 1024  # bytes
ODS_MIME = b"application/vnd.oasis.opendocument.spreadsheet"
SHEET_PATH = re.compile(r"xl/worksheets/.*\.xml\Z", re.IGNORECASE)
CELL_TAG = re.compile(rb"<(?:\w+:)?c[\s/>]")
CELL_REFERENCE = re.compile(rb"""<(?:\w+:)?c\s(?:[^<>]*?\s)?r=["']([A-Za-z]{1,3})(\d{1,7})["']""")
REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})\Z")


def kind_of_archive(file):
    """'xlsx' or 'ods' for a zip that is one and unpacks within the limits; ValidationError for every other zip."""
    try:
        archive = zipfile.ZipFile(file)
        names = set(archive.namelist())
        if "xl/workbook.xml" in names:
            kind = "xlsx"
        elif "content.xml" in names and archive.read("mimetype")[:200].strip() == ODS_MIME:
            kind = "ods"
        else:
            raise ValidationError(_("The file is an archive. Unpack it and upload the table inside."), code="archive")
        _check_sizes(archive)
        _check_area(archive, kind)
    except (zipfile.BadZipFile, KeyError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise _damaged() from error
    return kind


def open_book(source, kind):
    """The workbook of a path or an open file; ValidationError when it is damaged, encrypted or too large."""
    try:
        if hasattr(source, "read"):
            if kind == "xls":
                _check_legacy_size(source.seek(0, 2))
            source.seek(0)
            return CalamineWorkbook.from_filelike(source)
        with Path(source).open("rb") as file:
            if kind == "xls":
                _check_legacy_size(file.seek(0, 2))
        return CalamineWorkbook.from_path(source)
    except CalamineError as error:
        raise _damaged() from error


def sheet_names(book):
    """The visible worksheets in their order; all worksheets when none is visible."""
    sheets = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    visible = [meta.name for meta in sheets if meta.visible == SheetVisibleEnum.Visible]
    return visible or [meta.name for meta in sheets]


def first_filled(book, names):
    """The first sheet with a cell in it; ValidationError when there is none."""
    for name in names:
        if _sheet(book, name).end is not None:
            return name
    raise ValidationError(_("The workbook is empty."), code="empty")


def records(book, sheet):
    """Yield (row number, cells, '') for each row that is not blank, dates and numbers as the workbook types them."""
    for line, cells in enumerate(_sheet(book, sheet).iter_rows(), 1):
        if any(cell != "" for cell in cells):
            yield line, [_plain(cell) for cell in cells], ""


def _sheet(book, name):
    try:
        return book.get_sheet_by_name(name)
    except CalamineError as error:
        raise _damaged() from error


def _plain(cell):
    """Whole numbers as int: a workbook stores the postal code 10115 as 10115.0."""
    if type(cell) is float and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return cell.replace("\0", "") if type(cell) is str and "\0" in cell else cell


def _damaged():
    return ValidationError(_("The workbook is damaged or protected by a password."), code="damaged")


def _too_large():
    return ValidationError(_("The workbook is too large. Save its sheet as CSV and upload that."), code="large")


def _check_legacy_size(size):
    if size > LEGACY_SIZE_LIMIT:
        raise _too_large()


def _check_sizes(archive):
    """Refuse by the sizes that the directory declares; what is read later stops at the declared size."""
    entries = archive.infolist()
    if len({entry.filename for entry in entries}) != len(entries):
        raise _damaged()
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > UNPACKED_LIMIT or (unpacked > RATIO_FLOOR and unpacked > packed * RATIO_LIMIT):
        raise _too_large()


def _check_area(archive, kind):
    """Refuse a sheet whose rectangle is huge although few cells are filled: two cells can cost 500 GB."""
    if kind == "ods":
        _measure(archive, "content.xml", _OdsArea())
        return
    for name in archive.namelist():
        if SHEET_PATH.match(name) and not _quick_area(archive, name):
            _measure(archive, name, _XlsxArea())


def _quick_area(archive, name):
    """True when every cell names its place plainly and the rectangle is within the limit."""
    cells = references = column = row = 0
    rest = b""
    with archive.open(name) as file:
        while chunk := file.read(1 << 20):
            chunk = rest + chunk
            cut = chunk.rfind(b"<")
            chunk, rest = (chunk[:cut], chunk[cut:]) if cut > 0 else (b"", chunk)
            if len(rest) > 1 << 22:
                raise _damaged()
            found = CELL_REFERENCE.findall(chunk)
            cells += len(CELL_TAG.findall(chunk))
            references += len(found)
            if found:
                column = max(column, *map(_column_number, {letters for letters, _digits in found}))
                row = max(row, *(int(digits) for _letters, digits in found))
            if column * row > CELL_AREA_LIMIT:
                raise _too_large()
    return cells == references


def _column_number(letters):
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _measure(archive, name, area):
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = area.start
    parser.EndElementHandler = area.end
    try:
        with archive.open(name) as file:
            while chunk := file.read(1 << 16):
                parser.Parse(chunk)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise _damaged() from error


class _XlsxArea:
    """Follows rows and cells as a reader does: a cell without a reference stands beside the one before it."""

    def __init__(self):
        self.row = self.column = self.rows = self.columns = 0

    def start(self, tag, attributes):
        """Note the place of a row or a cell; ValidationError once the rectangle is too large."""
        tag = tag.rpartition(" ")[2]
        if tag == "row":
            self.row = int(attributes["r"]) if "r" in attributes else self.row + 1
            self.column = 0
        elif tag == "c":
            place = REFERENCE.match(attributes["r"]) if "r" in attributes else None
            if "r" in attributes and not place:
                raise _damaged()
            self.column = _column_number(place[1].encode()) if place else self.column + 1
            self.rows = max(self.rows, int(place[2]) if place else 0, self.row)
            self.columns = max(self.columns, self.column)
            if self.rows * self.columns > CELL_AREA_LIMIT:
                raise _too_large()

    def end(self, tag):
        """Nothing ends that would make a sheet larger."""


class _OdsArea:
    """Adds up repeated rows and cells as far as the last one that holds something."""

    def __init__(self):
        self.rows = self.columns = self.row = self.column = self.repeat = 0

    def start(self, tag, attributes):
        """Note a sheet, a row or a cell; ValidationError once the rectangle is too large."""
        tag = tag.rpartition(" ")[2]
        values = {name.rpartition(" ")[2]: value for name, value in attributes.items()}
        if tag == "table":
            self.__init__()
        elif tag == "table-row":
            self.repeat = int(values.get("number-rows-repeated", 1))
            self.column = 0
        elif tag in ("table-cell", "covered-table-cell"):
            self.column += int(values.get("number-columns-repeated", 1))
            if "value-type" in values or "formula" in values:
                self.columns = max(self.columns, self.column)
                self.rows = self.row + self.repeat
                if self.rows * self.columns > CELL_AREA_LIMIT:
                    raise _too_large()

    def end(self, tag):
        """Count a row once it is complete."""
        if tag.rpartition(" ")[2] == "table-row":
            self.row += self.repeat
