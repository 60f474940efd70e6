"""The page of reports: one of them at a time by groups and days, with its definitions, and the same as a file."""

from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from crm_site.core import lists
from crm_site.core.csv_cells import csv_lines, guarded
from crm_site.core.kinds import KINDS
from crm_site.core.reports import days_of, table_of

OWN = ("show", "by", "then", "first", "last", "file")


def report_page(request, reports, title, **extra):
    """One of the reports, which the user may all see; `show` names it, `by` and `then` the groups.

    What else the address says are filters of the kind's list, and the numbers lead to the list with the same ones.
    """
    if not reports:
        raise Http404
    report = next((r for r in reports if r.name == request.GET.get("show")), reports[0])
    groupings = groupings_of(report, request.GET)
    rows, filterset, keep = narrowed(report, request)
    days = days_of(request.GET)
    table = table_of(report, rows, request.user, groupings, days, keep)
    heads = [grouping.label for grouping in groupings]
    if request.GET.get("file") == "csv":
        return as_file(report, heads, table)
    asked = {"show": report.name, "by": groupings[0].name, "first": days[0], "last": days[1]}
    if groupings[1:]:
        asked["then"] = groupings[1].name
    context = {
        "title": title, "report": report, "table": table, "heads": heads, "first": days[0], "last": days[1],
        "tabs": [(r.title, f"{request.path}?{urlencode({'show': r.name})}", r is report) for r in reports],
        "by": groupings[0].name, "then": asked.get("then", ""), "filters": filterset and filterset.form,
        "filtered": bool(keep), "as_of": timezone.localtime(),
        "csv_url": f"{request.path}?{urlencode(asked | keep | {'file': 'csv'}, doseq=True)}",
    } | extra  # fmt: skip
    return TemplateResponse(request, "reports/page.html", context)


def groupings_of(report, params):
    """One or two groupings, as the address says, the report's first one where it says none."""
    first = report.grouping(params.get("by")) or report.groupings[0]
    second = report.grouping(params.get("then"))
    return [first, second] if second and second is not first else [first]


def narrowed(report, request):
    """(rows, filterset, parameters to keep): the report's rows with the filters of the kind's list."""
    kind = None if report.rows else KINDS[report.model._meta.label_lower]
    if kind is None:
        return report.visible(request.user), None, {}
    params = request.GET.copy()
    for name in (*OWN, "report", *lists.CONTROL):
        params.pop(name, None)
    keep = {name: found for name, found in params.lists() if any(found)}
    filterset = kind.filters(params, queryset=kind.model.objects.visible_to(request.user), user=request.user)
    rows = filterset.qs if filterset.is_valid() else kind.model.objects.visible_to(request.user)
    return rows, filterset, keep


def as_file(report, heads, table):
    """The table for a spreadsheet: durations in hours, shares as a column of their own."""
    columns = []
    for measure in report.measures:
        unit = f" ({_('hours')})" if measure.form == "span" else ""
        columns += [f"{measure.label}{unit}", *([f"{measure.label} (%)"] if measure.of is not None else [])]
    lines = [[guarded(str(name)) for name in (*heads, *columns)]]
    for names, numbers in [*table.rows, ([_("Total"), *[""] * (len(heads) - 1)], table.total)]:
        cells = []
        for measure, number in zip(report.measures, numbers, strict=True):
            cells += [number.value, *([number.hint.removesuffix(" %")] if measure.of is not None else [])]
        lines.append([*(guarded(str(name)) for name in names), *cells])
    response = HttpResponse("\ufeff" + csv_lines(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{report.name}-{timezone.localdate()}.csv"'
    return response
