"""Deals on a board, column by column, and on a calendar, month by month; both with the list's filters."""

import calendar as months
from datetime import date, timedelta
from itertools import islice
from types import SimpleNamespace

from django.conf import settings
from django.db.models import Count, F, Sum
from django.http import JsonResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm_site.core import lists, pages
from crm_site.core.columns import money_text
from crm_site.core.scope import found_or_404
from sales import board
from sales.kinds.opportunity import OPPORTUNITIES
from sales.models import Stage

SHOWN_A_DAY = 4
READ_A_MONTH = 400
DATES = {"close": "close_date", "next": "next_step_date"}


def open_stages(pipeline):
    """The stages of a pipeline that deals pass through."""
    rows = Stage.objects.filter(pipeline=pipeline, state=Stage.OPEN, is_active=True)
    return list(rows.order_by("order", "id"))


def frame(request, name, filterset):
    """What board and calendar have in common with the list: search, chips, filters, the way to the others."""
    base, params = f"{OPPORTUNITIES.base}{name}/", request.GET
    kept = board.shared_params(params)
    own = [(n, v) for n, vs in params.lists() if n in board.OWN for v in vs]
    listing = SimpleNamespace(kind=OPPORTUNITIES, params=kept, filterset=filterset, q=params.get("q", "").strip())
    chips = [
        {"label": chip["label"], "remove_url": chip["remove_url"].replace(OPPORTUNITIES.base, base, 1)}
        for chip in lists.chips(listing)
    ]
    return {
        "kind": OPPORTUNITIES, "face": name, "q": listing.q, "chips": chips, "clear_url": base,
        "query": kept.urlencode(),
        "keep": [(n, v) for n, vs in kept.lists() if n != "q" for v in vs] + own,
        "filters_url": f"{OPPORTUNITIES.base}filters/?{kept.urlencode()}&to={name}",
        "create_url": pages.may(request.user, OPPORTUNITIES, "add") and OPPORTUNITIES.url("create"),
    }  # fmt: skip


@require_GET
def opportunity_board(request):
    """The open deals of a pipeline as cards in a column a stage, with exact counts and sums."""
    user = request.user
    pages.need_list(user, OPPORTUNITIES)
    pipeline, pipelines = board.pipeline_of(request.GET)
    stages = open_stages(pipeline)
    filterset, rows, narrowed = board.open_rows(OPPORTUNITIES, request.GET, user, pipeline)
    sums = board.totals(rows, user, pipeline, narrowed=narrowed)
    heads, cards = board.heads(stages, sums), board.cards_of(rows, stages, user, narrowed=narrowed)
    deals = [deal for found, _after in cards.values() for deal in found]
    dressed = iter(board.dress(deals, OPPORTUNITIES, user, request.get_full_path()))
    query = request.GET.urlencode()
    columns = [
        {"stage": stage, "head": heads[stage.pk], "cards": list(islice(dressed, len(found))),
         "more_url": more_url(stage, after, query)}
        for stage, (found, after) in zip(stages, cards.values(), strict=True)
    ]  # fmt: skip
    context = frame(request, "board", filterset) | {
        "columns": columns, "pipeline": pipeline,
        "pipelines": pipelines if len(pipelines) > 1 else [],
        "compact": "compact" in request.GET, "may_change": pages.may(user, OPPORTUNITIES, "change"),
        "heads_url": f"{OPPORTUNITIES.base}board/heads/?{query}", "sums": whole(sums),
    }  # fmt: skip
    return TemplateResponse(request, "sales/opportunities/board.html", context)


def more_url(stage, after, query):
    """The address of a column's next cards, or an empty text."""
    return f"{OPPORTUNITIES.base}board/{stage.pk}/?{query}&after={after}" if after else ""


def whole(sums):
    """What all columns add up to, as the list's header says it."""
    total = {name: sum(found[name] or 0 for found in sums.values()) for name in ("count", "amount", "weighted")}
    currency = settings.BASE_CURRENCY
    return {"count": f"{total['count']:,}", "amount": money_text(total["amount"], currency),
            "weighted": money_text(total["weighted"], currency)}  # fmt: skip


@require_GET
def opportunity_board_heads(request):
    """The counts and sums of all columns as JSON, for a board on which a card was moved."""
    pages.need_list(request.user, OPPORTUNITIES)
    pipeline, _all = board.pipeline_of(request.GET)
    _set, rows, narrowed = board.open_rows(OPPORTUNITIES, request.GET, request.user, pipeline)
    sums = board.totals(rows, request.user, pipeline, narrowed=narrowed)
    return JsonResponse({"heads": board.heads(open_stages(pipeline), sums), "sums": whole(sums)})


@require_GET
def opportunity_board_column(request, stage):
    """More cards of one column."""
    pages.need_list(request.user, OPPORTUNITIES)
    found = found_or_404(Stage.objects.all(), pk=stage, state=Stage.OPEN)
    _set, rows, narrowed = board.open_rows(OPPORTUNITIES, request.GET, request.user, found.pipeline_id)
    after = lists.place(request.GET.get("after", ""), board.ORDER, OPPORTUNITIES.model)
    cards, cursor = board.cards_of(rows, [found], request.user, narrowed=narrowed, after=after)[found.pk]
    kept = request.GET.copy()
    kept.pop("after", None)
    context = {
        "kind": OPPORTUNITIES, "cards": board.dress(cards, OPPORTUNITIES, request.user, request.get_full_path()),
        "more_url": more_url(found, cursor, kept.urlencode()),
        "title": found.name,
        "may_change": pages.may(request.user, OPPORTUNITIES, "change"),
    }  # fmt: skip
    return pages.fragment(request, "sales/opportunities/_cards.html", context)


def month_of(text):
    """The first day of the month that the address names ("2026-11"), else of the present one."""
    try:
        year, month = (int(part) for part in text.split("-"))
        return date(year, month, 1) if 1970 <= year <= 2200 else timezone.localdate().replace(day=1)
    except ValueError:
        return timezone.localdate().replace(day=1)


@require_GET
def opportunity_calendar(request):
    """A month of open deals by their close date or by their next step; each day's number opens just those deals."""
    user, params = request.user, request.GET
    pages.need_list(user, OPPORTUNITIES)
    by = params.get("by") if params.get("by") in DATES else "close"
    first = month_of(params.get("month", ""))
    weeks = months.Calendar().monthdatescalendar(first.year, first.month)
    filterset, rows = lists.filtered(OPPORTUNITIES, board.shared_params(params), user)
    rows = board.in_days(rows.filter(state=Stage.OPEN), DATES[by], weeks[0][0], weeks[-1][-1]).visible_to(user)
    sums = {
        row["day"]: row for row in rows.order_by().values(day=F(DATES[by])).annotate(
            count=Count("pk"), amount=Sum("amount_base"))
    }  # fmt: skip
    deals = board.read(rows.order_by(DATES[by], "id")[:READ_A_MONTH])
    by_day = {}
    for deal, card in zip(deals, board.dress(deals, OPPORTUNITIES, user), strict=True):
        by_day.setdefault(getattr(deal, DATES[by]), []).append(card)
    query = board.shared_params(params).urlencode()
    context = frame(request, "calendar", filterset) | {
        "by": by, "month": date_format(first, "YEAR_MONTH_FORMAT"), "this_month": f"{first:%Y-%m}",
        "weeks": [[day_of(day, first, sums, by_day, by, query) for day in week] for week in weeks],
        "earlier": f"{first - timedelta(days=1):%Y-%m}", "later": f"{first + timedelta(days=31):%Y-%m}",
        "day_names": [months.day_abbr[n] for n in range(7)],
    }  # fmt: skip
    return TemplateResponse(request, "sales/opportunities/calendar.html", context)


def day_of(day, first, sums, by_day, by, query):
    """One day of the grid: its deals, how many there are, what they add up to, and the list of exactly those."""
    found, shown = sums.get(day), by_day.get(day, [])[:SHOWN_A_DAY]
    field = DATES[by]
    span = f"{field}_min={day}&{field}_max={day}"
    return {
        "day": day, "inside": day.month == first.month, "today": day == timezone.localdate(), "deals": shown,
        "count": found["count"] if found else 0, "more": found["count"] - len(shown) if found else 0,
        "amount": money_text(found["amount"] or 0, settings.BASE_CURRENCY) if found else "",
        "url": f"{OPPORTUNITIES.base}?state=open&{span}{'&' if query else ''}{query}",
        "label": _("%(n)s deals on %(day)s") % {
            "n": found["count"] if found else 0, "day": date_format(day, "DATE_FORMAT")},
    }  # fmt: skip
