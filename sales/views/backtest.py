"""The backtest's page: which number of the forecast to trust, and how long before the end."""

from django.conf import settings
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from sales import backtest
from sales.models import BacktestRow, OddsModel
from sales.sight import sight_of

LABELS = {
    "closed": gettext_lazy("Closed"), "commit": gettext_lazy("Commit"), "best": gettext_lazy("Best case"),
    "pipeline": gettext_lazy("Pipeline"), "weighted": gettext_lazy("Weighted"),
    "calibrated": gettext_lazy("Calibrated"),
}  # fmt: skip


@require_GET
def backtest_page(request):
    """What each number said before the end of past quarters, of a team or of everybody, against what closed."""
    sight = sight_of(request.user)
    chosen = request.GET.get("team", "")
    team = next((pk for pk in sight.within if str(pk) == chosen), None)
    if team is None and not sight.everybody:
        team = sight.roots[0] if sight.roots else -1
    rows = list(BacktestRow.objects.filter(team=team).order_by("-ends_on", "-days_before"))
    newest = OddsModel.objects.order_by("-pk").first()
    quality = newest.quality if newest else {}
    context = {
        "title": _("How good was the forecast?"), "currency": settings.BASE_CURRENCY, "team": team,
        "teams": sight.named, "everybody": sight.everybody,
        "heads": list(LABELS.values()), "newest": newest,
        "rows": [(row, [getattr(row, name) for name in LABELS]) for row in rows],
        "errors": [(days, best_first(found)) for days, found in backtest.errors(rows).items()],
        "verdict": backtest.verdict(quality) if sight.within or sight.everybody else None,
        "scores": [(label, quality.get(key)) for key, label in
                   (("calibrated", _("Calibrated")), ("stage", _("Stage's own probability"))) if quality.get(key)],
        "coverage": 100 * quality["coverage"] if quality.get("cases") else None, "cases": quality.get("cases"),
        "few_cases": (quality.get("cases") or 0) < backtest.ENOUGH_CASES,
    }  # fmt: skip
    return TemplateResponse(request, "sales/forecast/backtest.html", context)


def best_first(found):
    """[(error in %, whether it is the smallest)] in the order of the columns."""
    known = [value for value in found.values() if value is not None]
    least = min(known) if known else None
    return [(None if v is None else 100 * v, v is not None and v == least) for v in (found[n] for n in LABELS)]
