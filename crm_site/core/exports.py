"""Exports: a list as CSV, streamed, or as an Excel workbook, made by a job; both log who took what, and how much.

Rows come in pieces of five thousand by keyset, through the gate for "export", in the list's own order. Nothing becomes
a formula: texts that would are guarded in CSV by an apostrophe, which an import takes away again; a workbook says of
each cell what it is.
"""

import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import FieldDoesNotExist
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F, Func, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce
from django.http import QueryDict
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from crm_site.core import jobs, lists
from crm_site.core.bulk import chosen_rows
from crm_site.core.csv_cells import csv_block, csv_column, csv_lines, guarded, moment
from crm_site.core.kinds import KINDS, links_to
from crm_site.core.later import Later
from crm_site.core.models import Job
from crm_site.core.operations import Refused

xlsxwriter = Later("xlsxwriter")

PIECE = 5000
PIECES_A_STEP = 4
SHEET_ROWS = 1_048_575
CELL_LENGTH = 32_767
BOM = "\ufeff"


@dataclass
class Plan:
    """What one export holds: its columns, and the order of its rows."""

    kind: object
    columns: list
    order: tuple


def plan_of(kind, options):
    """The plan for the chosen columns; only columns of the list can be chosen."""
    params = QueryDict(options.get("query", ""))
    chosen = [column for name in options.get("columns", ()) for column in kind.columns if column.name == name]
    columns = chosen or lists.shown_columns(kind, params)
    order = lists.order_of(kind, params.get("sort") or kind.default_sort)[1]
    return Plan(kind, columns, order)


def source_of(model, column, user):
    """The query's name or expression for the column's value; None when it is computed from a whole record.

    Moments and tags come as text, which the database makes many times as quickly, and links as the text of the linked
    record.
    """
    if column.path == "number":
        return "pk"
    if column.type == "self":
        return model.label()
    at, parts = model, column.path.split(".")
    try:
        for part in parts:
            field = at._meta.get_field(part)
            at = field.related_model
    except (FieldDoesNotExist, AttributeError):
        return None
    path = "__".join(parts)
    if column.type == "link":
        linked = KINDS[column.kind].model
        seen = linked.objects.visible_to(user).filter(pk=OuterRef(f"{path}_id")).order_by()
        return Coalesce(Subquery(seen.values_list(linked.label())), Value(""), output_field=TextField())
    if column.type == "datetime":
        return Cast(path, TextField())
    if column.type == "tags":
        return Func(F(path), Value(", "), function="array_to_string", output_field=TextField())
    return f"{path}__email" if column.type == "user" else path


def pieces(kind, options, user):
    """Lists of up to five thousand rows of raw values, in the list's order; a fixed number of statements each."""
    at = None
    while True:
        rows, at = piece(kind, options, user, at)
        if rows:
            yield rows
        if at is None:
            return


@jobs.uncollected()
def piece(kind, options, user, at=None):
    """(rows, place to go on from or None): the next piece after a place; links by what the user may see of them."""
    plan = plan_of(kind, options)
    found = chosen_rows(kind, user, options).visible_to(user, "export").order_by(*plan.order)
    found = (found.filter(lists.beyond(plan.order, at)) if at else found)[:PIECE]
    fields = [part.lstrip("-") for part in plan.order]
    sources = [source_of(kind.model, column, user) for column in plan.columns]
    if None not in sources:
        raw = list(found.values_list(*fields, *sources))
        places, rows = [row[: len(fields)] for row in raw[-1:]], [row[len(fields) :] for row in raw]
    else:
        records = list(found.reading(*fields, *[f for c in plan.columns for f in c.fields]))
        places = [[getattr(record, field) for field in fields] for record in records[-1:]]
        for column in plan.columns:
            if column.load:
                column.load(records)
        rows = [[whole_value(column, record) for column in plan.columns] for record in records]
        name_links(plan, rows, user)
    return rows, (list(places[0]) if len(rows) == PIECE else None)


def whole_value(column, record):
    """The raw value of a column that is read from a whole record."""
    value = record.pk if column.path == "number" else column.value(record)
    if column.type == "tags":
        return ", ".join(value)
    if value is not None and column.type in ("user", "datetime"):
        return value.email if column.type == "user" else value.isoformat()
    return value


def name_links(plan, rows, user):
    """Put the text of linked records in place of their ids, an empty text for those out of reach."""
    for place, column in enumerate(plan.columns):
        if column.type == "link":
            kind = KINDS[column.kind]
            wanted = {row[place] for row in rows} - {None}
            seen = kind.model.objects.visible_to(user).filter(pk__in=wanted).only(*kind.model.LABEL_FIELDS)
            names = {row.pk: str(row) for row in seen} if wanted else {}
            for row in rows:
                row[place] = names.get(row[place], "")
        if column.type == "links":
            name_many(place, rows, user)


def name_many(place, rows, user):
    """As `name_links` where each row links to several records of any kind."""
    wanted = {}
    for row in rows:
        for key, pk in row[place] or ():
            wanted.setdefault(key, set()).add(pk)
    seen = links_to(user, wanted)
    for row in rows:
        row[place] = "; ".join(seen[pair][0] for pair in row[place] or () if pair in seen)


def csv_pieces(kind, options, user, count=None):
    """The file as pieces of bytes; the headings come at once. `count` is told how many rows each piece brought."""
    zone = timezone.get_current_timezone()
    columns = plan_of(kind, options).columns
    makers = [csv_column(column, kind, zone) for column in columns]
    yield ((BOM if options.get("bom", True) else "") + csv_lines([[guarded(str(c.label)) for c in columns]])).encode()
    for rows in pieces(kind, options, user):
        made = [make(values) for make, values in zip(makers, zip(*rows, strict=True), strict=True)]
        yield csv_block(made).encode()
        if count:
            count(len(rows))


def start_export(kind, options, user):
    """Log an export that is streamed, and return its job with the stream; the rows are counted as they go.

    Refused when a filter of the list is wrong.
    """
    options = logged(kind, options, user)
    chosen_rows(kind, user, options)
    job = Job.objects.create(
        kind="export", record_kind=kind.key, user=user, state=Job.DONE, options=options, counts={"rows": 0},
        finished_at=timezone.now(),
    )  # fmt: skip
    return job, counted_stream(job, kind, options, user)


def counted_stream(job, kind, options, user):
    """The file's pieces; when the last one is sent, or the reader went away, the log learns how many rows left."""
    sent = Counter()
    try:
        yield from csv_pieces(kind, options, user, lambda rows: sent.update(rows=rows))
    finally:
        Job.objects.filter(pk=job.pk).update(counts={"rows": sent["rows"]}, finished_at=timezone.now())


def logged(kind, options, user):
    """What the log keeps of an export: the address, the columns and a file name that cannot be guessed."""
    names = [column.name for column in plan_of(kind, options).columns]
    return options | {"columns": names, "token": get_random_string(24), "operation": f"export_{kind.noun}"}


def start_workbook(kind, options, user):
    """Write the job that makes an Excel workbook, and return it."""
    options = logged(kind, options, user) | {"parts": []}
    chosen_rows(kind, user, options)
    return jobs.start_job("export", kind.key, user, options)


def is_short(kind, options, user, limit=20_000):
    """Whether a workbook is made while the user waits."""
    rows = chosen_rows(kind, user, options).visible_to(user, "export")
    return rows.values("pk")[: limit + 1].count() <= limit


@jobs.step("export")
def export_piece(job):
    """Put the next twenty thousand rows aside; after the last ones, make the workbook of them."""
    kind, options = KINDS[job.record_kind], job.options
    if job.total is None:
        job.total = chosen_rows(kind, job.user, options).visible_to(job.user, "export").count()
    if job.total > SHEET_ROWS:
        raise Refused(_("An Excel sheet holds 1,048,576 rows. Export as CSV instead."))
    plan = plan_of(kind, options)
    at = [lists.read_value(kind.model._meta.get_field(part.lstrip("-")), value)
          for part, value in zip(plan.order, options["at"], strict=True)] if options.get("at") else None  # fmt: skip
    rows = []
    for _piece in range(PIECES_A_STEP):
        more, at = piece(kind, options, job.user, at)
        rows += more
        if at is None:
            break
    put_aside(job, rows)
    job.position += len(rows)
    job.counts = {"rows": job.position}
    options["at"] = json.loads(json.dumps(at, default=written)) if at else None
    if at is None:
        finish_workbook(job, kind, plan)
    return at is None


def put_aside(job, rows):
    """Keep rows in a file of their own; a step that is done again writes the same file again."""
    name = f"jobs/parts/{job.pk}-{job.options['token']}-{job.position}.jsonl"
    text = "\n".join(json.dumps(row, default=written, ensure_ascii=False) for row in rows)
    replace_file(name, ContentFile(text.encode()))
    job.options["parts"] = [*job.options["parts"], name]


def written(value):
    """A value that JSON does not know, as text."""
    return value.isoformat() if isinstance(value, date) else str(value)


def replace_file(name, content):
    """Store a file under exactly this name."""
    default_storage.delete(name)
    default_storage.save(name, content)


def finish_workbook(job, kind, plan):
    """Make the workbook of the rows put aside and remove these."""
    name = f"jobs/{job.options['token']}.xlsx"
    with tempfile.TemporaryFile(suffix=".xlsx") as made:
        job.counts |= write_workbook(made, kind, plan.columns, rows_aside(job.options["parts"]))
        made.seek(0)
        replace_file(name, File(made))
    job.result_file = name
    for part in job.options.pop("parts"):
        default_storage.delete(part)


def rows_aside(parts):
    """The rows put aside, one after another."""
    for name in parts:
        with default_storage.open(name) as lines:
            for line in lines:
                if line.strip():
                    yield json.loads(line)


def write_workbook(target, kind, columns, rows):
    """Write an Excel workbook row by row; returns {"cut": n} when texts were longer than a cell can hold."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(target, options)
    formats = {"date": book.add_format({"num_format": "yyyy-mm-dd"}),
               "datetime": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
               "money": book.add_format({"num_format": "#,##0.00"})}  # fmt: skip
    sheet = book.add_worksheet(str(kind.label_plural)[:31].translate(str.maketrans("[]:*?/\\", "       ")))
    bold = book.add_format({"bold": True})
    for place, column in enumerate(columns):
        sheet.write_string(0, place, str(column.label), bold)
    sheet.freeze_panes(1, 0)
    zone, cut = timezone.get_current_timezone(), 0
    cells = [(n, sheet_cell(column, kind, zone), formats.get(column.type)) for n, column in enumerate(columns)]
    for line, row in enumerate(rows, 1):
        for place, make, form in cells:
            if row[place] is not None and row[place] != "":
                cut += write_cell(sheet, line, place, make(row[place]), form)
    book.close()
    return {"cut": cut} if cut else {}


def write_cell(sheet, line, place, value, form):
    """Write one cell as what it is, never as a formula; 1 when its text had to be cut."""
    if isinstance(value, str):
        cut = len(value) > CELL_LENGTH
        sheet.write_string(line, place, f"{value[: CELL_LENGTH - 1]}…" if cut else value)
        return int(cut)
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, int | float):
        sheet.write_number(line, place, value, form)
    else:
        sheet.write_datetime(line, place, value, form)
    return 0


def sheet_cell(column, kind, zone):
    """The function that turns a value put aside into what a cell holds: text, number, moment or yes and no."""
    if column.path == "number":
        return lambda value: f"{kind.model.NUMBER_PREFIX}-{value:06d}"
    if column.type == "choice":
        words = {key: str(label) for key, label in (column.choices or {}).items()}
        return lambda value: words.get(value, str(value))
    return {
        "bool": bool, "date": lambda value: sheet_moment(date.fromisoformat(value)),
        "datetime": lambda value: sheet_moment(moment(value, zone).replace(tzinfo=None)),
        "number": exact_number, "money": exact_number,
    }.get(column.type, str)  # fmt: skip


def sheet_moment(value):
    """A day or moment as a cell can hold it; those before 1900 as text."""
    return value if value.year >= 1900 else value.isoformat()


def exact_number(value):
    """A number, or its text where a cell's sixteen digits would lose some."""
    if isinstance(value, str):
        digits = Decimal(value).normalize().as_tuple().digits
        return float(value) if len(digits) <= 15 else value
    return value if abs(value) < 10**15 else str(value)
