"""Tables of any encoding, delimiter and shape are read without losing a cell in silence (R37, PL-1)."""

import csv
import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from django.core.exceptions import ValidationError

from crm_site.core.imports import reading, workbooks
from crm_site.core.imports.reading import open_table, unique_headers

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


def table_of(content, **options):
    return open_table(io.BytesIO(content if isinstance(content, bytes) else content.encode()), **options)


def cells_of(content, **options):
    return [row.cells for row in table_of(content, **options).rows()]


def message_of(content, **options):
    with pytest.raises(ValidationError) as caught:
        list(table_of(content, **options).rows())
    return caught.value.messages[0]


def book_of(*rows):
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet("Sheet")
    for number, row in rows:
        for column, cell in row:
            sheet.write(number, column, cell)
    book.close()
    return file.getvalue()


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
    ],
)
def test_encoding_is_guessed(encoding, found):
    table = table_of("Name;Ort\nJürgen;Köln\nZoë;Łódź\n".replace("Łódź", "Orléans").encode(encoding))
    assert (table.encoding, table.delimiter, table.headers) == (found, ";", ["Name", "Ort"])
    assert [row.cells for row in table.rows()] == [["Jürgen", "Köln"], ["Zoë", "Orléans"]]


def test_bytes_without_meaning_in_windows_are_latin_1():
    assert table_of(b"a,b\n1,\x81\xe9\n").encoding == "latin-1"


def test_a_late_letter_decides_the_encoding():
    content = b"name,city\n" + b"plain,town\n" * 200_000 + "Zoë,Köln\n".encode("cp1252")
    table = table_of(content)
    assert table.encoding == "cp1252"
    assert list(table.rows())[-1].cells == ["Zoë", "Köln"]


def test_single_foreign_bytes_in_utf8_are_kept_and_told():
    table = table_of("name\nJürgen\nZoë\n".encode() + b"Ren\xe9\n")
    assert [row.cells for row in table.rows()] == [["Jürgen"], ["Zoë"], ["René"]]
    assert len(table.notes) == 1
    assert "4" in table.notes[0]


def test_a_given_encoding_that_does_not_fit_is_refused_with_its_line():
    assert "2" in message_of("a,b\n1,é\n".encode("cp1252"), encoding="utf-8")
    assert "klingon" in message_of("a,b\n", encoding="klingon")
    assert "zip" in message_of("a,b\n", encoding="zip")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_guessed(delimiter):
    content = "\n".join(delimiter.join(row) for row in (("a", "b", "c"), ("1", "2 x", "3"), ("4", "5 y", "6")))
    assert table_of(content).delimiter == delimiter


def test_commas_inside_cells_do_not_win_over_semicolons():
    assert table_of("name;amount\nA;1,50\nB;2,75\n").delimiter == ";"


def test_a_title_above_the_headers_is_no_part_of_the_table():
    table = table_of("Kunden, Mai 2024\n\nName;Ort;Umsatz\nAnn;Bonn;1,5\nBob;Köln;2,5\n", encoding="utf-8")
    assert (table.delimiter, table.headers) == (";", ["Name", "Ort", "Umsatz"])
    assert [(row.line, row.cells[0]) for row in table.rows()] == [(4, "Ann"), (5, "Bob")]
    book = book_of((0, [(0, "Customers")]), (1, [(0, "Date"), (1, "Today")]), (3, enumerate(["Name", "Town", "Sum"])),
                   (4, enumerate(["Ann", "Bonn", 5])), (5, enumerate(["Bob", "Ulm", 6])))  # fmt: skip
    assert [row.line for row in table_of(book).rows()] == [5, 6]
    for plain in ("Name\nAnn,b,2\nBob,d,1\n", "a,b\nc,d,e\nf,g,h\n", "Email\na@x.test\n"):
        assert table_of(plain).above == 0


def test_the_separator_line_of_excel_is_obeyed():
    table = table_of("sep=|\na|b\n1|2\n")
    assert (table.headers, [tuple(row)[:2] for row in table.rows()]) == (["a", "b"], [(3, ["1", "2"])])


def test_line_numbers_are_the_first_physical_line():
    table = table_of('\n\na,b\r\n1,"x\r\ny\r\nz"\r\n\r\n2,w\r\n')
    assert [tuple(row) for row in table.rows()] == [(4, ["1", "x\r\ny\r\nz"], ""), (8, ["2", "w"], "")]
    assert [row.line for row in table.rows(after=4)] == [8]


def test_old_mac_line_ends_and_nul():
    assert cells_of('a,b\r1,"x\ry"\r2\0,z\r') == [["1", "x\ry"], ["2", "z"]]


def test_ragged_rows():
    short, long, empty = table_of("a,b,c\n1\n1,2,3,4,5\n1,2,3,,\n").rows()
    assert (short.cells, short.problem) == (["1", "", ""], "")
    assert long.cells == ["1", "2", "3"]
    assert "4, 5" in long.problem
    assert empty.problem == ""


def test_empty_trailing_columns_are_dropped_but_never_a_cell():
    table = table_of("a,b,,\n" + "1,2,,\n" * 300 + "1,2,,late\n")
    assert table.headers == ["a", "b"]
    rows = list(table.rows())
    assert [row.problem for row in rows[:300]] == [""] * 300
    assert "late" in rows[300].problem


def test_columns_without_a_name_are_named():
    assert table_of("a,,c,\n1,2,3,4\n").headers == ["a", "Column 2", "c", "Column 4"]
    assert table_of("a,b\n1,2,3\n4,5,6\n").headers == ["a", "b", "Column 3"]
    assert unique_headers(["E", "E", "E (2)", "", "E"]) == ["E", "E (3)", "E (2)", "Column 4", "E (4)"]


def test_a_huge_cell_is_a_problem_of_its_row_alone():
    content = "a,b\n1,2\n3," + "x" * 4_000_000 + "\n5,6\n7," + "y" * 9_000_000 + "\n8,9\n"
    rows = list(table_of(content).rows())
    assert [(row.line, bool(row.problem)) for row in rows] == [(2, False), (3, True), (4, False), (5, True), (6, False)]
    assert str(reading.CELL_LIMIT) in rows[1].problem


def test_a_quotation_mark_that_is_never_closed_is_told():
    (row,) = table_of('a,b\n1,"open\n3,4\n').rows()
    assert row.problem


def test_a_quotation_mark_that_is_lost_swallows_no_row_in_silence():
    """Closed by the next row's mark, the lines between are one cell: no row that anybody wrote."""
    lost, fine = table_of('a,b\n"One,1\nTwo,2\nThree,"3\n4,5\n').rows()
    assert "3 lines" in lost.problem
    assert (fine.line, fine.cells, fine.problem) == (5, ["4", "5"], "")
    assert [row.problem for row in table_of('a,b\n"x\ny" ,"he said ""no"" \nand left"\n3,4\n').rows()] == ["", ""]


def test_spaces_before_quotes():
    assert cells_of('a, b, c\n1, "x, y", 2\n') == [["1", "x, y", "2"]]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n \n", b"\xef\xbb\xbf", b"%PDF-1.7 ...", b"\x1f\x8b\x08\0", b"<html><table>", b"PK\x03\x04broken",
     b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, b"\0\x01\x02\0\0\0" * 99,
     bytes(range(1, 256)) * 9],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_sentence(content):
    assert message_of(content)


def test_too_many_columns():
    assert "10000" in message_of(",".join(f"c{n}" for n in range(10_000)) + "\n")


def test_a_zip_named_csv(tmp_path):
    path = tmp_path / "table.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.csv", "a,b\n1,2\n")
    with pytest.raises(ValidationError, match="archive"):
        open_table(path)


def test_an_open_file_stays_open_and_can_be_read_again():
    file = io.BytesIO(b"a,b\n1,2\n")
    table = open_table(file)
    assert table.count_rows() == table.count_rows() == len(table.sample()) == 1
    assert not file.closed


def test_memory_stays_constant(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a,b,c\n" + "".join(f"{n},value {n},x\n" for n in range(150_000)))
    tracemalloc.start()
    assert open_table(path).count_rows() == 150_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_workbook_cells_keep_their_type_and_row():
    table = table_of(book_of((2, [(0, "name"), (1, "zip"), (2, "paid")]), (5, [(0, "Ana"), (1, 10115), (2, 1.5)])))
    assert (table.kind, table.sheets, table.headers) == ("xlsx", ["Sheet"], ["name", "zip", "paid"])
    assert [tuple(row) for row in table.rows()] == [(6, ["Ana", 10115, 1.5], "")]
    with pytest.raises(ValidationError, match="no sheet"):
        table_of(book_of((0, [(0, "a")])), sheet="Other")


def test_two_cells_far_apart_are_refused_before_memory_is_taken():
    assert "too large" in message_of(book_of((0, [(0, "a")]), (1_048_575, [(16_383, "b")])))


@pytest.mark.parametrize("cell", ["<c r='XFD9999'>", '<c r="&#88;FD9999">', "<c>", '<x:c r="XFD9999">'])
def test_places_of_cells_cannot_be_disguised(cell):
    rows = '<row r="9999">' + cell + "<v>1</v></c></row>"
    if "x:c" in cell:
        rows = rows.replace("</c>", "</x:c>")
    if cell == "<c>":
        rows = "<row>" + "<c/>" * 16_000 + "</row>" + "<row/>" * 9_000 + "<row><c/></row>"
    sheet = f'<worksheet xmlns="urn:m" xmlns:x="urn:m"><sheetData>{rows}</sheetData></worksheet>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    with pytest.raises(ValidationError, match="too large"):
        workbooks.kind_of_archive(file)


@pytest.mark.parametrize(("size", "packed"), [(60_000_000, zipfile.ZIP_DEFLATED), (600_000_000, zipfile.ZIP_DEFLATED)])
def test_bombs_are_refused_by_their_declared_size(size, packed):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/sharedStrings.xml", "w") as entry:
            for _turn in range(size // 1_000_000):
                entry.write(b" " * 1_000_000)
    assert "too large" in message_of(file.getvalue())


def test_repeated_cells_of_an_ods_are_added_up():
    spaces = 'xmlns:table="t" xmlns:office="o"'
    row = '<table:table-row table:number-rows-repeated="100000"><table:table-cell office:value-type="string" '
    content = (
        f'<d {spaces}><table:table>{row} table:number-columns-repeated="1000"/></table:table-row></table:table></d>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", workbooks.ODS_MIME)
        archive.writestr("content.xml", content)
    assert "too large" in message_of(file.getvalue())


def folder(name):
    path = DATA / name
    return path if path.is_dir() else None


@pytest.mark.real_data
def test_every_spectrum_file_gives_its_truth():
    files = sorted((DATA / "csv").glob("csv_spectrum/*.csv"))
    if not files:
        pytest.skip("no data folder")
    for path in files:
        table = open_table(path)
        rows = [dict(zip(table.headers, row.cells, strict=True)) for row in table.rows()]
        truth = json.loads(path.with_suffix(".json").read_text())
        if "crlf" in path.name:  # the files were stored with plain line ends; their truth was not
            truth = json.loads(json.dumps(truth).replace("\\r\\n", "\\n"))
        assert rows == truth, path.name


@pytest.mark.real_data
def test_every_real_table_opens_whole():
    files = [path for path in DATA.rglob("*") if path.suffix in (".csv", ".tsv", ".xlsx", ".xls")]
    if not files:
        pytest.skip("no data folder")
    for path in files:
        if not path.read_bytes().strip():
            continue
        table = open_table(path)
        assert table.headers, path.name
        rows = list(table.rows())
        assert {len(row.cells) for row in rows} <= {len(table.headers)}, path.name
        if table.kind == "csv":
            plain = csv.reader(
                io.StringIO(path.read_bytes().decode(table.encoding), newline=""), delimiter=table.delimiter
            )
            wide = sum(any(cell.strip() for cell in cells[len(table.headers) :]) for cells in list(plain)[1:])
            assert sum(bool(row.problem) for row in rows) == wide, path.name


@pytest.mark.real_data
def test_workbooks_agree_with_their_converted_tables():
    books = {path: path.with_name(f"{path.stem}{path.suffix[1:]}_converted.csv") for path in DATA.glob("csv/*/*.xls*")}
    pairs = [(book, truth) for book, truth in books.items() if truth.exists()]
    if not pairs:
        pytest.skip("no data folder")
    for book, truth in pairs:
        expected = first_two(truth)
        assert expected in [first_two(book, sheet=name) for name in open_table(book).sheets], book.name


def first_two(path, **options):
    """The first two columns of a table as text, rows in one order; of an empty sheet nothing."""
    try:
        return sorted(tuple(str(cell) for cell in row.cells[:2]) for row in open_table(path, **options).rows())
    except ValidationError:
        return []
