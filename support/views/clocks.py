"""The pages about promises: how a case's clocks came to stand as they do, and how many were kept."""

from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm_site.core import pages
from crm_site.core.converters import read_id
from crm_site.core.reports import days_of, slice_of, table_of
from crm_site.core.views.reports import as_file, report_page
from support.attainment import WHOLE, attainment_reports, report, visible_clocks
from support.explain import explanation, span_text
from support.kinds.case import CASES
from support.models import Clock

PAGE, DEEPEST = 100, 10_000


@require_GET
def case_clocks(request, pk):
    """Which service level holds for a case and why, and each clock's table of what counted."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    stories = [{"story": story, "rows": rows_of(story), "sums": sums_of(story)} for story in explanation(case)]
    context = {"kind": CASES, "record": case, "title": _("Promises"), "case": case, "stories": stories}
    return pages.fragment(request, "support/cases/_clocks.html", context)


def rows_of(story):
    """[(stretch, what counted, what stood still, what was closed)] in words."""
    return [
        (stretch, *(span_text(part) if part else "" for part in (stretch.counted, stretch.paused, stretch.closed)))
        for stretch in story.stretches
    ]  # fmt: skip


def sums_of(story):
    """The sums of a clock in words."""
    clock = story.clock
    return {
        "used": span_text(story.used), "paused": span_text(story.paused), "closed": span_text(story.closed),
        "target": span_text(clock.target_seconds), "left": span_text(story.left),
        "over": span_text(clock.over_seconds) if clock.over_seconds else "",
    }  # fmt: skip


@require_GET
def attainment(request):
    """Which share of the promises was kept; with `file=whole` by metric, service level, team and month at once."""
    pages.need_list(request.user, CASES)
    if request.GET.get("file") == "whole":
        whole = report()
        rows, days = visible_clocks(request.user), days_of(request.GET)
        return as_file(whole, [g.label for g in WHOLE], table_of(whole, rows, request.user, WHOLE, days))
    links = [(_("CSV by everything"), f"{request.path}?file=whole")]
    return report_page(request, attainment_reports(), _("Promises kept"), links=links)


@require_GET
def attainment_clocks(request):
    """The promises behind one number of the report, each with its case."""
    pages.need_list(request.user, CASES)
    try:
        part = slice_of(request.GET.get("report", ""))
    except ValueError:
        raise Http404 from None
    if part.report.model is not Clock:
        raise Http404
    found = part.narrow(visible_clocks(request.user))
    page = min(max(read_id(request.GET.get("page", "")) or 1, 1), DEEPEST)
    rows = found.select_related("case", "version__policy", "queue", "owner").order_by("-stopped_at", "-id")
    rows = list(rows[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "title": str(part), "rows": [(clock, span_text(clock.used_seconds), late(clock)) for clock in rows[:PAGE]],
        "count_text": str(found.count()), "report": part.text, "previous_page": page - 1,
        "next_page": page + 1 if len(rows) > PAGE else 0,
    }  # fmt: skip
    return TemplateResponse(request, "support/attainment_clocks.html", context)


def late(clock):
    """By how much a clock was late, in words; empty when it was not."""
    return span_text(clock.over_seconds) if clock.breached_at else ""
