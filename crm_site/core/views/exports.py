"""Export of a list: the choice of format and columns, then the file."""

from django.http import FileResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm_site.core import exports, lists, pages
from crm_site.core.chosen import chosen_columns
from crm_site.core.converters import read_id
from crm_site.core.jobs import run_now
from crm_site.core.models import Job
from crm_site.core.operations import Refused
from crm_site.core.views.jobs import attachment

ROWS = 1000


@require_http_methods(["GET", "POST"])
def record_export(request, kind):
    """The form of an export and, when it is sent, the file; a long workbook is made by a job."""
    pages.need(request.user, kind, "export")
    if request.method == "GET" or "format" not in request.POST:
        query = request.GET.urlencode() if request.method == "GET" else request.POST.get("query", "")
        return export_form(request, kind, query, ticked(request.POST))
    try:
        return export_file(request, kind, options_of(request.POST, kind))
    except Refused as refusal:
        return export_form(request, kind, request.POST.get("query", ""), ticked(request.POST), str(refusal))


def ticked(data):
    """The ids of the ticked rows; None for all that the list matches."""
    if "all" in data or not data.getlist("row"):
        return None
    return [pk for pk in map(read_id, dict.fromkeys(data.getlist("row")[:ROWS])) if pk]


def options_of(data, kind):
    """An export's options from its form."""
    known = {column.name for column in kind.columns}
    return {
        "query": lists.kept_params(data.get("query", "")).urlencode(), "ids": ticked(data), "bom": "bom" in data,
        "columns": [name for name in dict.fromkeys(data.getlist("col")) if name in known], "format": data["format"],
    }  # fmt: skip


def export_form(request, kind, query, ids, problem=""):
    """The choice of format and columns."""
    shown = lists.shown_columns(kind, QueryDict(query), chosen_columns(request, kind))
    context = {
        "kind": kind, "query": query, "ids": ids, "problem": problem, "action_url": f"{kind.base}export/",
        "columns": lists.offered_columns(kind, shown),
        "title": _("Export %(kinds)s") % {"kinds": kind.label_plural.lower()}, "cancel_url": f"{kind.base}?{query}",
    }  # fmt: skip
    return TemplateResponse(request, "records/export.html", context, status=422 if problem else 200)


def export_file(request, kind, options):
    """The answer with the file, or the way to the job that makes it."""
    name = f"{kind.slug}-{timezone.localdate():%Y-%m-%d}"
    if options["format"] == "xlsx":
        job = exports.start_workbook(kind, options, request.user)
        if exports.is_short(kind, options, request.user) and run_now(job, seconds=10).state == Job.DONE:
            return attachment(FileResponse(job.result_file.open(), as_attachment=True, filename=f"{name}.xlsx"))
        return redirect("job_page", job.pk)
    _job, stream = exports.start_export(kind, options, request.user)
    response = attachment(StreamingHttpResponse(stream))
    response["Content-Type"] = "text/csv; charset=utf-8"
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
