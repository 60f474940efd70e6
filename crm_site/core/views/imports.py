"""The import wizard: upload, mapping, check of the whole file, import, report, and the way back."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core.csv_cells import csv_lines, guarded
from crm_site.core.imports.forms import (
    UploadForm,
    chosen_options,
    chosen_reading,
    mapping_rows,
    reading_fields,
    settings_of,
)
from crm_site.core.imports.plan import CHECK, CREATED, FAILED, OUTCOMES, RUN, UPDATED
from crm_site.core.imports.propose import detect, met_before, propose, remember_mapping
from crm_site.core.imports.reading import open_table, reopen
from crm_site.core.imports.registry import IMPORTERS, importers_for
from crm_site.core.imports.run import begin
from crm_site.core.imports.undo import can_undo, start_undo
from crm_site.core.jobs import OPEN, change_draft, queue_job, run_now, start_job
from crm_site.core.kinds import KINDS
from crm_site.core.models import Job
from crm_site.core.views.jobs import DOWNLOAD_POLICY

# Files up to this many rows are checked and imported while the page loads; larger ones by a worker.
AT_ONCE = 200
EXAMPLES = 20
LABELS = {
    "created": gettext_lazy("new"),
    "updated": gettext_lazy("updated"),
    "skipped": gettext_lazy("skipped"),
    "failed": gettext_lazy("with errors"),
}


def import_or_404(request, pk):
    """The user's own import; nobody else's exists."""
    job = Job.objects.filter(pk=pk, kind="import", user=request.user).first()
    if job is None or job.options.get("importer") not in IMPORTERS:
        raise Http404
    return job


@require_GET
def import_list(request):
    """The user's newest imports."""
    if not importers_for(request.user):
        raise Http404
    jobs = Job.objects.filter(user=request.user, kind="import").order_by("-pk")[:50]
    return TemplateResponse(request, "imports/list.html", {"jobs": [summary(job) for job in jobs]})


def summary(job):
    """A line of the list of imports."""
    importer = IMPORTERS.get(job.options.get("importer"))
    return {
        "job": job,
        "url": f"/imports/{job.pk}/",
        "file": job.options.get("file_name", ""),
        "what": importer.label if importer else "",
        "figures": figures(job.counts),
    }


def figures(counts):
    """The outcomes with their numbers, for people."""
    return [{"name": name, "label": LABELS[name], "number": counts.get(name, 0)} for name in OUTCOMES]


@require_http_methods(["GET", "POST"])
def import_new(request):
    """The first page: the file, what it holds, and where it comes from."""
    importers = importers_for(request.user)
    if not importers:
        raise Http404
    start = {"kind": request.GET.get("kind", "")}
    form = UploadForm(request.POST or None, request.FILES or None, importers=importers, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            job = draft_from(form.cleaned_data, importers, request.user)
            return redirect("import_page", job.pk)
        except ValidationError as error:
            form.add_error("kind" if error.code == "kind" else "file", error)
    return TemplateResponse(request, "imports/new.html", {"form": form}, status=422 if form.errors else 200)


def draft_from(values, importers, user):
    """A draft of an import with everything proposed that can be guessed; ValidationError says what is wrong."""
    file = values["file"]
    table, importer = told(file, values, importers)
    if importer is None:
        raise ValidationError(not_told(detect(table.headers, file.name, IMPORTERS.values())), code="kind")
    options = proposed(importer, table, file.name, values["system"], user)
    file.seek(0)
    return start_job("import", importer.key, user, options, file=file, state=Job.DRAFT)


def told(file, values, importers):
    """(table, importer or None) of a file; of a workbook the first sheet that holds something known.

    Sheets tell by their own names; where none does, the first one by the file's.
    """
    table = open_table(file, encoding=values["encoding"] or None, delimiter=values["delimiter"] or None)
    if importer := IMPORTERS.get(values["kind"]):
        return table, importer
    others = [sheet for sheet in table.sheets if sheet != table.sheet]
    for each in (table, *filter(None, (sheet_of(file, sheet) for sheet in others))) if others else ():
        if importer := detect(each.headers, each.sheet, importers, each.sample()):
            return each, importer
    return table, detect(table.headers, file.name, importers, table.sample())


def sheet_of(file, sheet):
    """The table on a sheet of a workbook; None when there is nothing on it."""
    try:
        return open_table(file, sheet=sheet)
    except ValidationError:
        return None


def not_told(other):
    """Why the user has to say what the rows are; `other` is what they look like though the user may not import it."""
    if other is None:
        return _("What the rows are cannot be told from this file. Choose it.")
    what = {"what": other.label.lower()}
    return _("This looks like a file of %(what)s, which your role may not import. Choose what else it is.") % what


def proposed(importer, table, file_name, system, user):
    """The options of a draft; a mapping used before is only offered again where columns have names."""
    options = propose(importer, table, file_name, system=system, user=None if table.headless else user)
    notes = [str(note) for note in table.notes]
    return options | {"headers": table.headers, "notes": notes, "kind": table.kind, "headless": table.headless}


@require_GET
def import_page(request, pk):
    """Where an import stands: its mapping, what the check found, how far it is, or the report."""
    job = import_or_404(request, pk)
    if job.state == Job.DRAFT and (not job.options.get("checked") or "mapping" in request.GET):
        return mapping_page(request, job)
    if job.state in (Job.WAITING, Job.RUNNING):
        return TemplateResponse(request, "imports/progress.html", progress(job))
    return TemplateResponse(request, "imports/report.html", report(request.user, job))


def mapping_page(request, job, errors=(), status=200):
    """The second page: what was detected, and where each column goes."""
    importer = IMPORTERS[job.options["importer"]]
    try:
        table = reopen(job.file.path, job.options)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("import_new")
    context = {
        "job": job,
        "importer": importer,
        "options": job.options,
        "url": f"/imports/{job.pk}/",
        "errors": errors,
        "rows": mapping_rows(importer, table, job.options),
        "settings": settings_of(importer, job.options),
        "reading": reading_fields(table, job.options),
        "notes": job.options.get("notes", []),
        "met": met_before(job),
        "title": _("Import %(what)s") % {"what": importer.label.lower()},
    }
    return TemplateResponse(request, "imports/mapping.html", context, status=status)


@require_POST
def import_mapping(request, pk):
    """Take the mapping and check the whole file with it."""
    job = import_or_404(request, pk)
    if job.state != Job.DRAFT:
        return redirect("import_page", pk)
    importer = IMPORTERS[job.options["importer"]]
    if changed := chosen_reading(job.options, request.POST):
        return read_again(request, job, importer, changed)
    options, errors = chosen_options(importer, job, request.POST)
    job.options = options | {"phase": CHECK, "checked": False}
    if errors:
        return mapping_page(request, job, errors, status=422)
    if not options.get("headless"):
        remember_mapping(request.user, importer, job.options["headers"], options)
    queue_job(job, options=job.options, position=0, counts={}, total=None, error="")
    return follow(job)


def read_again(request, job, importer, changed):
    """Read the file's beginning as the user says and propose anew; what does not fit is told and changes nothing."""
    before = job.options
    try:
        table = reopen(job.file.path, before | changed, checked="encoding" not in changed)
    except ValidationError as error:
        return mapping_page(request, job, error.messages, status=422)
    change_draft(job, proposed(importer, table, before["file_name"], before["system"], request.user))
    return redirect("import_page", job.pk)


@require_POST
def import_run(request, pk):
    """Import what was checked."""
    job = import_or_404(request, pk)
    if job.state == Job.DRAFT and job.options.get("checked"):
        queue_job(job, **begin(job))
    return follow(job)


@require_POST
def import_undo(request, pk):
    """Take an import back."""
    job = import_or_404(request, pk)
    if not can_undo(job, request.user):
        raise PermissionDenied
    start_undo(job)
    return follow(job)


def follow(job):
    """Do a small import at once and go to its page."""
    job.refresh_from_db()
    if job.file and job.file.size < AT_ONCE * 200:
        run_now(job)
    return redirect("import_page", job.pk)


def progress(job):
    """What the page shows while the import works."""
    checking = job.options.get("phase") == CHECK
    done = sum(job.counts.get(name, 0) for name in OUTCOMES)
    return {
        "job": job,
        "url": f"/imports/{job.pk}/",
        "checking": checking,
        "figures": figures(job.counts),
        "title": _("The file is checked") if checking else _("The rows are imported"),
        "percent": min(99, done * 100 // job.total) if job.total else 0,
    }


@require_GET
def import_progress(request, pk):
    """How far it is, for htmx; the page is loaded anew when it has ended."""
    job = import_or_404(request, pk)
    response = TemplateResponse(request, "imports/_progress.html", progress(job))
    if job.state not in (Job.WAITING, Job.RUNNING):
        response["HX-Refresh"] = "true"
    return response


def report(user, job):
    """What the check found or the import did, with examples and the links on."""
    counts, kind = job.counts, KINDS.get(job.record_kind)
    importer = IMPORTERS[job.options["importer"]]
    failed = job.problems.filter(outcome=FAILED).order_by("line")
    return {
        "job": job,
        "importer": importer,
        "url": f"/imports/{job.pk}/",
        "figures": figures(counts),
        "checked": job.state == Job.DRAFT,
        "met": met_before(job) if job.state == Job.DRAFT and counts.get(UPDATED) else None,
        "updated": counts.get(UPDATED, 0),
        "rows": counts.get("rows", job.total),
        "made": made(counts),
        "errors": list(failed[:EXAMPLES]),
        "failed": counts.get(FAILED, 0),
        "reasons": reasons(counts),
        "warnings": grouped(counts.get("warnings", {}), job),
        "undo": can_undo(job, user),
        "undone": counts.get("undone"),
        "left_out": [h for h, column in job.options["columns"].items() if not column.get("target")],
        "list_url": f"{kind.base}?imported={job.pk}"
        if kind and counts.get(CREATED, 0) + counts.get(UPDATED, 0)
        else "",
        "title": _("The check of %(file)s") % {"file": job.options["file_name"]}
        if job.state == Job.DRAFT
        else _("The import of %(file)s") % {"file": job.options["file_name"]},
        "importable": counts.get(CREATED, 0) + counts.get(UPDATED, 0),
        "open": job.state in OPEN,
        "RUN": RUN,
    }


def made(counts):
    """What else was made, in words."""
    words = {
        "links": _("records that rows only name, such as companies"),
        "customers": _("customers of the accounts marked so"),
        "sales": _("sales of won deals"),
        "withdrawn": _("sales of won deals that orders now stand for"),
        "unsold": _("won deals that became no sales, as orders of the same system are here"),
        "late links": _("links to records that came later"),
    }
    return [{"label": words.get(name, name), "number": n} for name, n in counts.get("made", {}).items() if n]


def reasons(counts):
    """Why rows were skipped or failed, the commonest first."""
    found = []
    for outcome, groups in counts.get("reasons", {}).items():
        found += [{"outcome": LABELS[outcome], "number": n, **words(key)} for key, n in groups.items()]
    return sorted(found, key=lambda each: -each["number"])[:EXAMPLES]


def words(key):
    """The column and the sentence of a group of problems."""
    column, _tab, text = key.partition("\t")
    return {"column": column, "text": text}


def grouped(groups, job):
    """Warnings by kind with their number, the commonest first, each with one example."""
    found = [{"number": number, **words(key)} for key, number in groups.items()]
    found = sorted(found, key=lambda each: -each["number"])[:EXAMPLES]
    for each in found:
        rows = job.problems.filter(outcome="warning", column=each["column"][:200])
        each["example"] = rows.filter(text__startswith=each["text"].partition("…")[0]).order_by("line").first()
    return found


@require_GET
def import_errors(request, pk):
    """The rows that failed, as they were, with the reason: to be corrected and imported again."""
    job = import_or_404(request, pk)
    outcome = "warning" if "warnings" in request.GET else FAILED
    response = StreamingHttpResponse(error_lines(job, outcome), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{job.pk}-{outcome}.csv"'
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    return response


def error_lines(job, outcome):
    """The error file piece by piece; warnings have no rows, only line, column and what was left out."""
    headers = job.options.get("headers") or [] if outcome == FAILED else []
    yield "\ufeff" + csv_lines([[*(guarded(str(h)) for h in headers), _("Line"), _("Column"), _("Reason")]])
    rows = job.problems.filter(outcome=outcome).order_by("line", "pk")
    for problem in rows.iterator(chunk_size=1000):
        row = [guarded(cell) for cell in problem.row] if headers else []
        row += [""] * (len(headers) - len(row))
        yield csv_lines([[*row, problem.line, guarded(problem.column), guarded(problem.text)]])
