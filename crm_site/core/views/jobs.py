"""The user's own jobs: how far they are, what came of them, cancel, undo, files."""

from django.apps import apps
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from crm_site.core.bulk import AT_ONCE, CHANGED, undo_bulk_change, undoable
from crm_site.core.converters import read_id
from crm_site.core.csv_cells import csv_lines, guarded
from crm_site.core.jobs import OPEN, cancel_job, run_now
from crm_site.core.kinds import KINDS
from crm_site.core.models import Job
from crm_site.core.operations import Refused

NAMES = {
    "import": gettext_lazy("Import"), "export": gettext_lazy("Export"), "bulk": gettext_lazy("Change of many"),
    "undo": gettext_lazy("Taking back"), "correction": gettext_lazy("Correction"),
}  # fmt: skip
COUNTS = {
    "seen": gettext_lazy("looked at"), "changed": gettext_lazy("changed"),
    "outside": gettext_lazy("left, out of your reach or changed since"),
    "refused": gettext_lazy("left, for the reasons below"), "rows": gettext_lazy("rows"),
    "created": gettext_lazy("created"), "updated": gettext_lazy("updated"), "same": gettext_lazy("unchanged"),
    "skipped": gettext_lazy("skipped"), "errors": gettext_lazy("with errors"), "cut": gettext_lazy("texts shortened"),
}  # fmt: skip
PROBLEMS = 50
# Of a file that is given out to be saved: were it opened after all, it could do nothing and stand in no frame.
DOWNLOAD_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


def own_job_or_404(request, pk):
    """The user's own job; nobody else's exists."""
    job = Job.objects.filter(pk=pk, user=request.user).first()
    if job is None:
        raise Http404
    return job


def title_of(job):
    """A job's name, such as "Export: Accounts"."""
    kind = KINDS.get(job.record_kind)
    what = kind.label_plural if kind else capfirst(apps.get_model(job.record_kind)._meta.verbose_name_plural)
    return f"{NAMES.get(job.kind, job.kind)}: {what}"


def percent(job):
    """How far a job is, in percent."""
    if job.state == Job.DONE:
        return 100
    done = job.counts.get("seen", job.position)
    return min(99, done * 100 // job.total) if job.total else 0


def job_context(job):
    """What the job's page and its progress show."""
    counts = [(COUNTS.get(name, name), number) for name, number in job.counts.items() if isinstance(number, int)]
    kind = KINDS.get(job.record_kind)
    return {
        "job": job, "title": title_of(job), "percent": percent(job), "counts": counts, "open": job.state in OPEN,
        "url": f"/jobs/{job.pk}/", "undoable": undoable(job), "list_url": kind.base if kind else "",
        "has_problems": job.problems.exists(), "undone_by": job.options.get("undone_by"),
    }  # fmt: skip


@require_GET
def job_list(request):
    """The user's newest jobs."""
    jobs = Job.objects.filter(user=request.user).order_by("-pk")[:100]
    rows = [{"job": job, "title": title_of(job), "percent": percent(job), "url": f"/jobs/{job.pk}/"} for job in jobs]
    return TemplateResponse(request, "jobs/list.html", {"rows": rows, "title": _("My jobs")})


@require_GET
def job_page(request, pk):
    """One job with its progress and the rows that it left, or all of them where each has an answer of its own."""
    job = own_job_or_404(request, pk)
    if job.kind == "import":
        return redirect("import_page", pk)
    after = request.GET.get("after", "")
    place = read_id(after) or 0
    problems = list(job.problems.filter(pk__gt=place).order_by("pk")[: PROBLEMS + 1])
    context = job_context(job) | {
        "problems": problems[:PROBLEMS],
        "whole": job.problems.filter(outcome=CHANGED).exists(),
        "next_url": f"/jobs/{pk}/?after={problems[PROBLEMS - 1].pk}" if len(problems) > PROBLEMS else "",
    }
    return TemplateResponse(request, "jobs/job.html", context)


@require_GET
def job_progress(request, pk):
    """How far the job is, for htmx; by itself it leads to the job's page."""
    job = own_job_or_404(request, pk)
    if not request.htmx:
        return redirect("job_page", pk)
    response = render(request, "jobs/_progress.html", job_context(job))
    if job.state not in OPEN:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def job_cancel(request, pk):
    """Stop a job before its next step."""
    job = own_job_or_404(request, pk)
    try:
        stopped = cancel_job(job)
        text = _("Stopped. What was done before stays.") if stopped else _("It had ended already.")
        messages.info(request, text)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("job_page", pk)


@require_POST
def job_undo(request, pk):
    """Take a change of many records back."""
    job = own_job_or_404(request, pk)
    try:
        back = undo_bulk_change(job, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("job_page", pk)
    return redirect(finish_here(request, back))


def finish_here(request, job):
    """Do a small job at once; the address to go on to."""
    if job.total is not None and job.total <= AT_ONCE:
        run_now(job)
    return f"/jobs/{job.pk}/"


@require_GET
def job_result(request, pk):
    """The file that a job made, for a week."""
    job = own_job_or_404(request, pk)
    if not job.result_file or not default_storage.exists(job.result_file.name):
        raise Http404
    kind = KINDS.get(job.record_kind)
    ending = job.result_file.name.rpartition(".")[2]
    name = f"{kind.slug if kind else job.kind}-{job.created_at:%Y-%m-%d}.{ending}"
    return attachment(FileResponse(job.result_file.open(), as_attachment=True, filename=name))


def attachment(response):
    """A file that no browser opens inside the site."""
    response["Content-Type"] = "application/octet-stream"
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    return response


@require_GET
def job_problems(request, pk):
    """The rows that a job left, with the reasons, as CSV; after correction an import takes the file again."""
    job = own_job_or_404(request, pk)
    response = StreamingHttpResponse(problem_lines(job), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="job-{job.pk}-problems.csv"'
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    return response


def problem_lines(job):
    """The problem file piece by piece: the row as it was, then line, column and reason."""
    headers = job.options.get("headers") or []
    yield "\ufeff" + csv_lines([[guarded(str(h)) for h in headers] + [_("Line"), _("Column"), _("Reason")]])
    for problem in job.problems.order_by("line", "pk").iterator(chunk_size=1000):
        row = [guarded(cell) for cell in problem.row]
        row += [""] * (len(headers) - len(row))
        yield csv_lines([[*row, problem.line, guarded(problem.column), guarded(problem.text)]])
