"""Exports: who gets which rows, no formulas, exact values, memory, pieces, log (R10, PL-2)."""

import csv
import io
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import python_calamine
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_site.core import csv_cells, exports, jobs
from crm_site.core.imports.cells import guard_formula, restore_formula
from crm_site.core.models import Job, Share
from customers.kinds import ACCOUNTS
from customers.models import Account
from tests.cast import grant
from tests.factories import AccountFactory

TRIGGERS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", ";=", '",=']
PAYLOADS = [f"{trigger}1+cmd|' /C calc'!A0" for trigger in TRIGGERS]
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def table(response):
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"), newline="")))


def export(client, query="", **data):
    return client.post("/accounts/export/", {"format": "csv", "bom": "1", "query": query} | data)


@pytest.fixture
def exporter(cast):
    """Alice with the right to export what her team owns."""
    return grant(cast.alice, Account, export="team")


def test_the_export_holds_what_the_role_lets_out_and_nothing_else(cast, exporter, client_of):
    mine = AccountFactory(owner=cast.alice, name="Mine")
    foreign = AccountFactory(owner=cast.charlie, name="CANARY foreign")
    AccountFactory(owner=cast.alice, name="CANARY deleted", deleted_at="2024-01-01T00:00Z")
    seen = AccountFactory(owner=cast.charlie, name="CANARY shared")
    share = {"object_id": seen.pk, "user": cast.alice, "reason": "look", "can_change": True}
    Share.objects.create(content_type=ContentType.objects.get_for_model(Account), **share)
    rows = table(export(client_of(exporter)))
    assert [row[0] for row in rows[1:]] == ["Mine"]
    chosen = table(export(client_of(exporter), row=[mine.pk, foreign.pk, seen.pk]))
    assert [row[0] for row in chosen[1:]] == ["Mine"]
    everything = table(export(client_of(cast.rita)))
    assert {"Mine", "CANARY foreign", "CANARY shared"} == {row[0] for row in everything[1:]}


def test_who_may_not_export_finds_no_page(cast, client_of):
    AccountFactory(owner=cast.nora)
    nora = client_of(grant(cast.nora, Account, view="own", change="own"))
    assert nora.get("/accounts/export/").status_code == 404
    assert export(nora).status_code == 404
    assert not Job.objects.exists()


def test_looking_at_the_form_changes_nothing_and_sending_it_is_logged(cast, client_of):
    AccountFactory.create_batch(3, owner=cast.alice)
    rita = client_of(cast.rita)
    page = rita.get("/accounts/export/?status=active")
    assert page.status_code == 200
    assert not Job.objects.exists()
    answer = export(rita, "status=active")
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    table(answer)
    job = Job.objects.get()
    assert (job.user, job.kind, job.record_kind, job.state) == (cast.rita, "export", "customers.account", Job.DONE)
    assert job.counts == {"rows": 3}
    assert job.options["query"] == "status=active"


def test_a_reader_who_leaves_is_logged_with_what_left(cast, monkeypatch):
    monkeypatch.setattr(exports, "PIECE", 2)
    AccountFactory.create_batch(6, owner=cast.alice)
    job, stream = exports.start_export(ACCOUNTS, {}, cast.rita)
    for _piece in range(3):
        next(stream)
    stream.close()
    job.refresh_from_db()
    assert job.counts == {"rows": 2}


def test_filters_sort_and_columns_are_the_lists(cast, client_of):
    for name, status in (("B", "active"), ("A", "active"), ("C", "inactive")):
        AccountFactory(owner=cast.alice, name=name, status=status)
    rita = client_of(cast.rita)
    rows = table(export(rita, "status=active&sort=-name", col=["status", "name", "password", "owner__password"]))
    assert rows == [["Status", "Name"], ["Active", "B"], ["Active", "A"]]
    refused = export(rita, "owner=nobody")
    assert refused.status_code == 422


def test_values_are_exact_and_readable_by_machines(cast, client_of):
    parent = AccountFactory(owner=cast.charlie, name="Parent")
    made = AccountFactory(owner=cast.alice, name="Émile & Søns", revenue=Decimal("1234567890123456.78"), currency="EUR",
                          is_customer=True, employees=7, tags=["a", "b"], parent=parent)  # fmt: skip
    columns = ["number", "name", "revenue", "employees", "is_customer", "tags", "owner", "parent", "created_at", "team"]
    row = next(row for row in table(export(client_of(cast.rita), col=columns)) if row[0] == made.number)
    assert row[1:8] == ["Émile & Søns", "1234567890123456.78", "7", "yes", "a, b", "alice@kith.test", "Parent"]
    assert datetime.fromisoformat(row[8]) == made.created_at.replace(microsecond=0)
    assert row[9] == "North"
    alice = grant(cast.alice, Account, export="own")
    assert table(export(client_of(alice), col=["name", "parent"]))[1:] == [["Émile & Søns", ""]]


def test_computed_columns_are_read_from_whole_records(cast, monkeypatch):
    AccountFactory(owner=cast.alice, name="Mine")
    before = list(exports.csv_pieces(ACCOUNTS, {"columns": ["number", "name", "owner", "parent"]}, cast.rita))
    monkeypatch.setattr(exports, "source_of", lambda model, column, user: None)
    assert list(exports.csv_pieces(ACCOUNTS, {"columns": ["number", "name", "owner", "parent"]}, cast.rita)) == before


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_a_formula_and_each_comes_back(cast, client_of, payload):
    AccountFactory(owner=cast.alice, name=payload, industry=payload, description=payload, tags=[payload])
    columns = ["name", "industry", "description", "tags"]
    answer = b"".join(export(client_of(cast.rita), col=columns)).decode("utf-8-sig")
    for separator in (",", ";", "\t"):
        for row in csv.reader(io.StringIO(answer, newline=""), delimiter=separator):
            assert not any(cell.lstrip(' "').startswith(STARTS) for cell in row), row
    back = list(csv.reader(io.StringIO(answer, newline="")))[1]
    assert [restore_formula(cell) for cell in back] == [payload] * 4


def test_control_without_the_guard_the_formulas_are_there(cast, client_of, monkeypatch):
    AccountFactory(owner=cast.alice, name="=1+1")
    monkeypatch.setattr(csv_cells, "guard_formula", lambda text: text)
    assert table(export(client_of(cast.rita)))[1][0] == "=1+1"


@given(st.text(alphabet="=+-@\t\r\n＝;'\",| a1(!5|[", max_size=9))
@settings(max_examples=1000, deadline=None)
def test_every_guarded_text_comes_back(text):
    assert restore_formula(guard_formula(text)) == text


@pytest.mark.parametrize("text", ["-5", "+4930123456", "12.50", "-0,5", "plain", "a - b", "x\n- item", "'tis", ""])
def test_what_is_no_formula_is_left_alone(text):
    assert guard_formula(text) == text


def workbook(client, **data):
    answer = export(client, format="xlsx", **data)
    content = b"".join(answer)
    return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)), content


def test_a_workbook_holds_types_and_no_formulas(cast, client_of):
    AccountFactory(owner=cast.alice, name="=1+1", industry="@SUM(1)", revenue=Decimal("12.50"), currency="EUR",
                   employees=3, description="x" * 40_000, website="https://example.test")  # fmt: skip
    columns = [
        "number",
        "name",
        "industry",
        "revenue",
        "employees",
        "created_at",
        "description",
        "website",
        "is_partner",
    ]
    book, content = workbook(client_of(cast.rita), col=columns)
    head, row = book.get_sheet_by_index(0).to_python()
    assert head[:2] == ["Number", "Name"]
    assert row[1:5] == ["=1+1", "@SUM(1)", 12.5, 3]
    assert row[5].year >= 2024
    assert len(row[6]) == exports.CELL_LENGTH
    assert b"<f>" not in sheet_xml(content)
    job = Job.objects.get()
    assert (job.state, job.counts) == (Job.DONE, {"rows": 1, "cut": 1})


def sheet_xml(content):
    return zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")


def test_a_long_workbook_is_made_by_a_job_in_pieces(cast, client_of, monkeypatch):
    monkeypatch.setattr(exports, "PIECE", 5)
    monkeypatch.setattr(exports, "PIECES_A_STEP", 2)
    monkeypatch.setattr(exports, "is_short", lambda *args: False)
    AccountFactory.create_batch(23, owner=cast.alice)
    rita = client_of(cast.rita)
    answer = export(rita, format="xlsx", col=["name"])
    job = Job.objects.get()
    assert answer.url == f"/jobs/{job.pk}/"
    assert jobs.run_due_jobs(10) == 3
    content = b"".join(rita.get(f"/jobs/{job.pk}/result/"))
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    names = Account.objects.unscoped("all of them").order_by("name_sort").values_list("name", flat=True)
    assert [row[0] for row in rows[1:]] == list(names)
    assert "parts" not in Job.objects.get().options


def many(owner, number):
    Account.objects.bulk_create(
        [Account(name=f"Account {n}", owner=owner, team=owner.team) for n in range(number)], batch_size=5000
    )


def test_each_piece_takes_the_same_statements(cast, monkeypatch):
    many(cast.alice, 60)
    options = {"columns": ["name", "owner", "parent", "team"]}
    counts = []
    for size in (10, 60):
        monkeypatch.setattr(exports, "PIECE", size)
        with CaptureQueriesContext(connection) as seen:
            exports.piece(ACCOUNTS, options, cast.rita)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 3


def test_pieces_hold_each_row_once_in_order(cast, monkeypatch):
    monkeypatch.setattr(exports, "PIECE", 7)
    many(cast.alice, 50)
    for sort in ("name", "-name", "new", "changed"):
        options = {"query": f"sort={sort}&col=number"}
        rows = [row for piece in exports.pieces(ACCOUNTS, options, cast.rita) for row in piece]
        assert len({row[0] for row in rows}) == len(rows) == 50


@pytest.mark.slow
def test_memory_stays_flat(cast):
    many(cast.alice, 12_500)
    tracemalloc.start()
    size = sum(len(part) for part in exports.csv_pieces(ACCOUNTS, {}, cast.rita))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 500_000
    assert peak < 7_500_000


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"])
def test_moments_are_written_as_each_by_itself(zone):
    """Days are worked out once, also those on which clocks change or that do not begin at the zone's full hour."""
    begin = datetime(2025, 4, 5, tzinfo=UTC)
    values = [
        f"{begin + timedelta(minutes=7 * n):%Y-%m-%d %H:%M:%S}{'.123456' if n % 3 else ''}+00" for n in range(9000)
    ]
    values += ["", None, "1891-03-14 23:59:59+00", "2025-10-26 00:59:59.999999+00", "2025-10-26 01:00:00+00"]
    alone = [csv_cells.moment(one, ZoneInfo(zone)).isoformat(" ", "seconds") if one else "" for one in values]
    assert csv_cells.Moments(ZoneInfo(zone)).written(values) == alone


@pytest.mark.parametrize(
    "odd", ["=1+1", "+49 151", "+49151", "-", "a\nb", 'a"b', "a;b", "a\tb", "_x", "", None, "@x", "'", "+"]
)
def test_many_texts_are_guarded_as_each_by_itself(odd):
    """One text among plain ones, and among numbers, is found whatever stands beside it."""
    for others in (["Ada", "Ümit", "7 up"], ["+4915112", "-3", ""], ["", None]):
        values = (*others, odd, *others)
        assert [one or "" for one in csv_cells.guarded_texts(values)] == [
            csv_cells.guarded(one) or "" for one in values
        ]


def test_cells_are_quoted_as_the_csv_writer_quotes_them():
    """Also where a column holds nothing but plain texts, and where a line is one empty cell."""
    for odd in (None, "", "a,b", 'a"b', '"', "a\nb", "a\r", " a", "'=1", 0, 12.5, Decimal("1.50")):
        for columns in ([["x", odd]], [["x", odd], ["plain", "text"]], [[1, 2], [odd, odd], ["", "y"]]):
            written = csv_cells.csv_block([csv_cells.quoted(column) for column in columns])
            assert written == csv_cells.csv_lines(zip(*columns, strict=True))
