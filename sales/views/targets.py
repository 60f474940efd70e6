"""How targets stand: the panel of one, and a page of all that the viewer sees in a period."""

from django.conf import settings
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm_site.core import pages
from crm_site.core.converters import read_id
from customers.views.parties import form_page
from sales import attainment, periods
from sales.forms.target import RepeatForm
from sales.kinds.target import TARGETS
from sales.models import Target
from sales.operations.targets import repeat_target

PAGE, LAST = 50, 1000


@require_GET
def target_progress(request, pk):
    """What is reached of a target, the pace it still takes, and what covers the gap."""
    target = pages.get_visible_or_404(TARGETS, request.user, pk)
    handed_on = attainment.given_out(target, Target.objects.visible_to(request.user))
    reports = sum(row.value for row in handed_on)
    context = {
        "kind": TARGETS, "record": target, "title": _("Progress"), "progress": attainment.progress([target])[0],
        "currency": settings.BASE_CURRENCY if target.metric == "won_amount" else "",
        "reports": reports, "given_out": len(handed_on), "not_given": target.value - reports,
        "over": max(0, reports - target.value),
    }  # fmt: skip
    return pages.fragment(request, "sales/forecast/_progress.html", context)


@require_GET
def target_attainment(request):
    """The targets of a period that the viewer sees, fifty a page, with what is reached; few statements."""
    pages.need(request.user, TARGETS, "view")
    start = periods.start_month()
    key = request.GET.get("period")
    period = periods.parse(key, start) if key else periods.period_of(timezone.localdate(), periods.QUARTER, start)
    if period is None:
        raise Http404
    rows = Target.objects.visible_to(request.user).filter(starts_on=period.starts_on, ends_on=period.ends_on)
    page = min(LAST, read_id(request.GET.get("page", "")) or 1)
    first = (page - 1) * PAGE
    listed = list(rows.order_by("name_sort", "id")[first : first + PAGE + 1])
    targets = listed[:PAGE]
    context = {
        "title": _("Targets in %(period)s") % {"period": period.label}, "period": period,
        "rows": attainment.progress(targets), "periods": periods.around(timezone.localdate(), start),
        "next_page": page + 1 if len(listed) > PAGE else None, "previous_page": page - 1,
    }  # fmt: skip
    return TemplateResponse(request, "sales/forecast/targets.html", context)


@require_http_methods(["GET", "POST"])
def target_repeat(request, pk):
    """The same target for the periods that follow."""
    target = pages.get_visible_or_404(TARGETS, request.user, pk, "change")
    return form_page(
        request, TARGETS, target, RepeatForm(request.POST or None), _("Repeat %(name)s") % {"name": target},
        lambda values: repeat_target(target, values["turns"], by=request.user), verb=_("Repeat"),
        said=lambda made: _("Made: %(names)s.") % {"names": ", ".join(row.name for row in made)},
    )  # fmt: skip
