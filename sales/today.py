"""What selling asks of somebody today, for the home page: leads to answer, deals to look at, the quarter so far."""

from django.conf import settings
from django.db.models import F
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from crm_site.core.columns import money_text
from crm_site.core.kept import kept_objects
from sales import forecast, hygiene, periods
from sales.models import Lead, Opportunity
from sales.sight import sight_of

UNANSWERED = {"status": Lead.NEW, "responded_at": None}


def leads_of(user, limit):
    """The user's own new leads that nobody answered, what is due first first; one statement."""
    found, now = unanswered(user, limit), timezone.now()
    for lead in found:
        lead.late = lead.respond_by is not None and lead.respond_by < now
    return found


@kept_objects(*Lead.LABEL_FIELDS, "subject", "respond_by", "created_at")
def unanswered(user, limit):
    """The first of them."""
    rows = Lead.objects.own_of(user).filter(**UNANSWERED)
    return rows.order_by(F("respond_by").asc(nulls_last=True), "-id")[:limit]


def deals_of(user, limit):
    """(the user's own deals that need attention, whether they are the user's own); of who has none, the people's.

    People are those whose deals the user may change, too; to look at deals is not to answer for them.
    """
    own, when = True, hygiene.as_of()
    deals = hygiene.attention(user, limit, own, **when)
    if not deals and user.reach(Opportunity, "change") not in ("none", "own"):
        own, deals = False, hygiene.attention(user, limit, False, **when)
    return dressed(deals), own


def dressed(deals):
    """The deals as the home page shows them: the amount in words, and the flags."""
    return [
        {"deal": deal, "flags": hygiene.shown_flags(deal),
         "money": "" if deal.amount is None else money_text(deal.amount, deal.currency)}
        for deal in deals
    ]  # fmt: skip


def sells(user):
    """Whether a forecast is the user's business at all; whoever sees deals without changing any only looks on."""
    reaches = [user.reach(Opportunity, action) for action in ("view", "change")]
    return user.partner_id is None and "none" not in reaches


def quarter_of(user):
    """The quarter in one line: closed, expected and the target of what the user answers for; None without either."""
    period = periods.period_of(timezone.localdate(), periods.QUARTER, periods.start_month())
    total = forecast.total(sight_of(user), period)
    stands = forecast.cumulative(total.stands)
    if total.target is None and not any(stands.values()):
        return None
    parts = forecast.COLUMNS[forecast.CUMULATIVE]
    said = {forecast.CLOSED: _("closed"), forecast.COMMIT: _("commit forecast"), forecast.PIPELINE: _("in open deals")}
    numbers = [
        {"amount": stands[name], "label": label, "url": total.list_url(period, parts[name])}
        for name, label in said.items()
    ]
    if total.target is not None:
        numbers.insert(1, {"amount": total.target.value, "label": _("target"), "url": f"/targets/{total.target.pk}/",
                           "percent": round(total.attainment), "progress": total.progress})  # fmt: skip
    for number in numbers:
        number["text"] = formats.number_format(round(number["amount"]), 0, force_grouping=True)
    return {"currency": settings.BASE_CURRENCY, "period": period, "numbers": numbers}
