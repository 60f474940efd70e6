"""The forecast: its page, its file, what changed in it, and adjusting a number."""

from datetime import timedelta
from decimal import Decimal

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import formats, timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.converters import read_id
from crm_site.core.csv_cells import csv_lines, guarded
from crm_site.core.models import Team, User
from crm_site.core.scope import found_or_404
from sales import flow, forecast, periods
from sales.kinds.opportunity import OPPORTUNITIES
from sales.models import Adjustment, Opportunity, Target
from sales.operations.forecasts import adjust_forecast, reset_adjustment, said_by_deals
from sales.sight import sight_of

CHART = 640


class AdjustForm(forms.Form):
    """A number of one's own, and why."""

    adjusted = forms.DecimalField(label=gettext_lazy("Adjusted amount"), max_digits=18, decimal_places=2)
    note = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


def asked(request):
    """(period, team, mode) of an address; what it leaves out is this quarter, everything in reach, cumulative."""
    start = periods.start_month()
    key = request.GET.get("period")
    period = periods.parse(key, start) if key else periods.period_of(timezone.localdate(), periods.QUARTER, start)
    team = read_id(request.GET.get("team", ""))
    if period is None or (request.GET.get("team") and team is None):
        raise Http404
    mode = request.GET.get("mode")
    return period, team, mode if mode == forecast.SINGLE else forecast.CUMULATIVE


def money(amount):
    """An amount without the fraction, as people read a forecast."""
    return formats.number_format(Decimal(amount).quantize(Decimal(1)), 0, force_grouping=True)


def address(period, team, mode, path="", **more):
    """An address of the forecast that says everything it shows."""
    query = {"period": period.key} | ({"team": team} if team else {}) | {"mode": mode} | more
    return f"/forecast/{path}?{urlencode(query)}"


@require_GET
def forecast_page(request):
    """The forecast of a period by people and teams; with `file=csv` as a file."""
    period, team, mode = asked(request)
    found = forecast.read(sight_of(request.user), period, team)
    team = found.team
    rows = [*found.rows, found.total]
    if request.GET.get("file") == "csv":
        return as_file(found, mode)
    around = periods.around(timezone.localdate(), periods.start_of(period) if period.kind != periods.MONTH else None)
    if period.key not in {p.key for p in around}:
        around = [period, *around]
    context = {
        "title": _("Forecast"), "period": period, "mode": mode, "team": team and found.sight.teams[team],
        "currency": settings.BASE_CURRENCY, "heads": heads(mode), "unrated": found.total.figures.unrated,
        "rows": [shown(row, period, mode) for row in rows[:-1] if says_something(row)],
        "total": shown(rows[-1], period, mode),
        "periods": [{"label": p.label, "key": p.key, "current": p.key == period.key} for p in around],
        "teams": found.sight.named,
        "modes": [(name, label, address(period, team, name)) for name, label in MODES.items()],
        "up_url": up(found, period, mode), "csv_url": address(period, team, mode, file="csv"),
        "changes_url": address(period, team, mode, "changes/"), "chart": chart(found.total),
        "stages": stages(found), "has_targets": request.user.reach(Target, "view") != "none",
        "previous_url": address(period.next(-1), team, mode), "next_url": address(period.next(), team, mode),
    }  # fmt: skip
    return TemplateResponse(request, "sales/forecast/page.html", context)


MODES = {
    forecast.CUMULATIVE: gettext_lazy("Cumulative"),
    forecast.SINGLE: gettext_lazy("Each category by itself"),
}


def labels(mode):
    """The names of the columns of categories."""
    return forecast.CUMULATIVE_LABELS if mode == forecast.CUMULATIVE else forecast.LABELS


def says_something(row):
    """Whether a row has a deal, a sale, an adjustment or a target; teams that sell nothing are left out."""
    return not row.is_team or any((*row.figures.deals.values(), row.attained, row.target, row.reports, row.adjusted))


def heads(mode):
    """The headings of the table."""
    return [*(labels(mode)[c] for c in forecast.CATEGORIES), _("Weighted"), _("Calibrated"), _("Target"),
            _("Attained"), _("Gap")]  # fmt: skip


def up(found, period, mode):
    """Where the team above is, when it is within reach; empty where the user's reach starts."""
    if found.team is None or [found.team] == found.sight.roots:
        return ""
    above = found.sight.teams[found.team].parent_id
    return address(period, above if above in found.sight.within else None, mode)


def shown(row, period, mode):
    """A row ready for the template."""
    low, high = row.figures.interval
    return {
        "label": row.label, "is_team": row.is_team, "attained": row.attained,
        "url": address(period, row.team, mode) if row.is_team and row.team else "",
        "cells": [category_cell(row, period, mode, column) for column in forecast.CATEGORIES],
        "weighted": money(row.figures.weighted), "weighted_url": row.list_url(period, forecast.CATEGORIES),
        "calibrated": money(row.figures.calibrated), "low": money(low), "high": money(high),
        "coming": money(row.figures.coming) if row.figures.coming else "",
        "target": money(row.target.value) if row.target else "",
        "target_url": f"/targets/{row.target.pk}/" if row.target else "",
        "attainment": "" if row.attainment is None else formats.number_format(round(row.attainment), 0),
        "gap": "" if row.gap is None else money(row.gap), "reports": money(row.reports) if row.reports else "",
        "uncovered": "" if row.uncovered is None else money(abs(row.uncovered)), "over": (row.uncovered or 0) < 0,
    }  # fmt: skip


def stages(found):
    """The open deals of the period by their stages, ready for the template."""
    return [
        {"stage": stage, "url": url, "deals": sums["count"], "amount": money(sums["amount"]),
         "weighted": money(sums["weighted"])}
        for stage, sums, url in found.by_stage()
    ]  # fmt: skip


def category_cell(row, period, mode, column):
    """A number of a category: what stands, what the deals say where that differs, and the way to adjust it."""
    parts = forecast.COLUMNS[mode][column]
    stands, said = row.number(parts), sum((row.figures.amount[c] for c in parts), forecast.ZERO)
    own = row.adjusted.get(column)
    subject = ("team", row.team) if row.is_team else ("user", row.owner)
    moved = row.moved(column)
    may = row.may_adjust and column in forecast.ADJUSTABLE and subject[1]
    return {
        "text": money(stands), "exact": formats.number_format(stands, 2, force_grouping=True),
        "deals": sum(row.figures.deals[c] for c in parts), "url": row.list_url(period, parts),
        "said": money(said) if stands != said else "", "adjustment": own,
        "moved": f"{'+' if moved > 0 else '−'}{money(abs(moved))}" if moved else "",
        "label": forecast.LABELS[column], "row": row.label or _("Total"),
        "adjust_url": may and address(period, None, mode, "adjust/", category=column, of=subject[0], id=subject[1]),
    }  # fmt: skip


def chart(total):
    """The bars of the total: what each number says, on one scale with the target; widths in the chart's own units."""
    amounts = forecast.cumulative(total.stands)
    low, high = total.figures.interval
    target = total.target.value if total.target else None
    named = [(forecast.CUMULATIVE_LABELS[c], amounts[c]) for c in (forecast.CLOSED, forecast.COMMIT, forecast.BEST)]
    named += [(_("Weighted"), total.figures.weighted), (_("Calibrated"), total.figures.calibrated)]
    top = max([amount for _label, amount in named] + [high, target or 0, Decimal(1)])
    bars = [
        {"label": label, "text": money(amount), "y": 8 + 34 * n, "text_y": 24 + 34 * n,
         "width": scaled(amount, top)}
        for n, (label, amount) in enumerate(named)
    ]  # fmt: skip
    # The interval lies on the last bar, whose number stands behind it.
    for bar in bars:
        bar["text_x"] = 158 + bar["width"]
    bars[-1]["text_x"] = 158 + max(bars[-1]["width"], scaled(high, top))
    return {
        "bars": bars, "height": 34 * len(bars) + 34, "foot": 34 * len(bars) + 24, "low": 150 + scaled(low, top),
        "high": 150 + scaled(high, top), "line_y": bars[-1]["y"] + 11, "bottom": 34 * len(bars) + 6,
        "target": None if target is None else 150 + scaled(target, top), "target_text": target and money(target),
        "low_text": money(low), "high_text": money(high),
    }  # fmt: skip


def scaled(amount, top):
    """A length of the chart."""
    return int(max(0, amount) / top * (CHART - 150 - 110))


def as_file(found, mode):
    """The forecast as a file: exact amounts, what the deals say beside what stands."""
    names = labels(mode)
    head = [_("Name"), *(str(names[c]) for c in forecast.CATEGORIES)]
    head += [_("%(column)s as the deals say") % {"column": names[c]} for c in forecast.CATEGORIES]
    head += [_("Weighted"), _("Calibrated"), _("Low"), _("High"), _("Target"), _("Attained"), _("Gap")]
    lines = [head]
    for row in (*found.rows, found.total):
        columns = forecast.COLUMNS[mode].values()
        low, high = row.figures.interval
        lines.append([
            row.label or _("Total"), *(row.number(parts) for parts in columns),
            *(sum((row.figures.amount[c] for c in parts), forecast.ZERO) for parts in columns),
            row.figures.weighted, row.figures.calibrated, low, high,
            row.target and row.target.value, row.attained, row.gap,
        ])  # fmt: skip
    text = csv_lines([["" if value is None else guarded(value) for value in line] for line in lines])
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="forecast-{found.period.key}.csv"'
    return response


@require_GET
def forecast_changes(request):
    """What became of the forecast since a day, a week ago by default: by class, and the deals that moved it most."""
    period, team, mode = asked(request)
    sight = sight_of(request.user)
    scope = sight.scope(team)
    day = read_day(request.GET.get("since", "")) or timezone.localdate() - timedelta(days=7)
    start = timezone.make_aware(timezone.datetime.combine(day, timezone.datetime.min.time()))
    end = timezone.now()
    lines, moved = flow.changes(start, end, period, scope, limit=50)
    after = flow.as_of(end, period, scope)
    before = flow.before(after, lines)
    named = Opportunity.objects.visible_to(request.user).in_bulk([pk for _class, pk, *_rest in moved])
    context = {
        "title": _("What changed in %(period)s") % {"period": period.label}, "period": period, "day": day,
        "team": team and sight.teams[team], "currency": settings.BASE_CURRENCY,
        "heads": [forecast.LABELS[c] for c in forecast.CATEGORIES], "back_url": address(period, team, mode),
        "before": list(before.values()), "after": list(after.values()),
        "before_sum": sum(before.values()), "after_sum": sum(after.values()),
        "lines": [(line, [line.by_category.get(c, 0) for c in forecast.CATEGORIES]) for line in lines],
        "deals": [
            {"class": flow.CLASSES[key], "deal": named.get(pk), "url": OPPORTUNITIES.record_url(pk), "delta": delta,
             "path": [forecast.LABELS[c] for c in path] if len(path) > 1 else ()}
            for key, pk, delta, path in moved
        ],
        "query": {"period": period.key, "team": team or "", "mode": mode},
    }  # fmt: skip
    return TemplateResponse(request, "sales/forecast/changes.html", context)


def read_day(text):
    """A day of the past, or None."""
    try:
        found = timezone.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.get_current_timezone()).date()
    except ValueError:
        return None
    return found if found.year > 1900 else None


def subject_of(request):
    """(user or team, category) that an address names; no such page for what cannot be adjusted by this user."""
    of, category = request.GET.get("of"), request.GET.get("category")
    pk = read_id(request.GET.get("id", "")) or 0
    found = Team.objects.filter(pk=pk).first() if of == "team" else User.objects.filter(pk=pk).first()
    if found is None or of not in ("user", "team") or category not in forecast.ADJUSTABLE:
        raise Http404
    own = {"team": found.pk} if of == "team" else {"owner": found.pk, "team": found.team_id}
    if not sight_of(request.user).may_adjust(**own):
        raise Http404
    return found, category


@require_http_methods(["GET", "POST"])
def forecast_adjust(request):
    """Put a number in place of what the deals say, with a reason; in the dialog or as a page."""
    period, _team, mode = asked(request)
    subject, category = subject_of(request)
    form = AdjustForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = pages.attempt(form, lambda: adjust_forecast(
            subject, period, category, form.cleaned_data["adjusted"], form.cleaned_data["note"], by=request.user,
            instead_of=read_id(request.POST.get("seen", "")),
        ))  # fmt: skip
        if made:
            messages.success(request, _("The number was adjusted."))
            return go_on(request, address(period, None, mode))
    context = {
        "title": _("%(category)s of %(who)s, %(period)s") % {
            "category": forecast.LABELS[category], "who": subject, "period": period.label},
        "form": form, "action_url": request.get_full_path(), "cancel_url": address(period, None, mode),
        "standing": standing(subject, period, category), "said": said_by_deals(subject, period, category),
    }  # fmt: skip
    template = "sales/forecast/_adjust.html" if pages.is_modal(request) else "sales/forecast/adjust.html"
    status = 422 if request.method == "POST" and pages.is_modal(request) else 200
    return TemplateResponse(request, template, context, status=status)


def standing(subject, period, category):
    """The adjustment that stands for a user or a team, or None."""
    rows = Adjustment.objects.filter(
        starts_on=period.starts_on, ends_on=period.ends_on, category=category, reset_at=None
    ).select_related("by")
    return (rows.filter(team=subject) if isinstance(subject, Team) else rows.filter(user=subject)).first()


@require_POST
def forecast_reset(request, pk):
    """Let the deals speak for themselves again."""
    found = found_or_404(Adjustment.objects.select_related("user", "team"), pk=pk)
    own = {"team": found.team_id} if found.team_id else {"owner": found.user_id, "team": found.user.team_id}
    if not sight_of(request.user).may_adjust(**own):
        raise Http404
    reset_adjustment(found, by=request.user)
    messages.success(request, _("The deals speak for themselves again."))
    return go_on(request, pages.safe_next(request) or "/forecast/")


def go_on(request, url):
    """The next page, also out of the dialog."""
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return response
    return redirect(url)
