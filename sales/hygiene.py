"""Hygiene: what makes an open deal need attention, as a rule in words, a condition and a test of one deal.

All rules speak of open deals only.
"""

from datetime import timedelta

from django.db.models import DateField, DateTimeField, DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.kept import Slot, kept_objects
from crm_site.core.models import User
from sales.models import Opportunity, Stage

QUIET_DAYS = 14
MANY_PUSHES = 3
# What `flags_of` reads of a deal.
READ = (
    "state", "close_date", "pushes", "last_activity_at", "created_at", "stage_since", "stage__expected_days",
    "amount", "next_activity_at", "next_step_date",
)  # fmt: skip
LABELS = {
    "overdue": _("Close date passed"), "pushed": _("Pushed out often"), "quiet": _("Gone quiet"),
    "stuck": _("Stuck in its stage"), "no_amount": _("No amount"), "no_next_step": _("Needs a next step"),
}  # fmt: skip
RULES = {
    "overdue": _("The close date has passed and the deal is still open."),
    "pushed": _("The close date was moved to a later month three times or more."),
    "quiet": _("Nothing was logged for two weeks."),
    "stuck": _("It is in its stage for longer than the days expected there."),
    "no_amount": _("Nobody gave an amount yet."),
    "no_next_step": _("Its next step is overdue, or no task, call or meeting is planned."),
}  # fmt: skip


def conditions(today, quiet):
    """{flag: condition of a query} as of a day and the moment QUIET_DAYS ago."""
    days = ExpressionWrapper(
        F("stage__expected_days") * Value(timedelta(days=1), output_field=DurationField()), DurationField()
    )
    return {
        "overdue": Q(close_date__lt=today),
        "pushed": Q(pushes__gte=MANY_PUSHES),
        "quiet": Q(last_activity_at__lt=quiet) | Q(last_activity_at__isnull=True, created_at__lt=quiet),
        "stuck": Q(stage__expected_days__isnull=False,
                   stage_since__lt=ExpressionWrapper(Now() - days, DateTimeField())),
        "no_amount": Q(amount__isnull=True),
        "no_next_step": Q(next_step_date__lt=today) | Q(next_activity_at__isnull=True),
    }  # fmt: skip


def as_of():
    """What `conditions` asks for, today."""
    return {"today": timezone.localdate(), "quiet": timezone.now() - timedelta(days=QUIET_DAYS)}


def flagged(rows, flag="any", when=None):
    """The open deals among the rows that a flag fits; `any` stands for all of them."""
    found, wanted = conditions(**(when or as_of())), Q()
    for name, condition in found.items():
        if flag in ("any", name):
            wanted |= condition
    return rows.filter(wanted, state=Stage.OPEN)


def flags_of(deal):
    """The names of the flags that fit a deal, read with READ."""
    return fitting(deal, deal.stage.expected_days, timezone.localdate(), timezone.now())


def fitting(deal, days, today, now):
    """The names of the flags that fit a deal, or a plain row of READ, whose stage is expected to last so many days."""
    if deal.state != Stage.OPEN:
        return []
    fits = {
        "overdue": deal.close_date < today,
        "pushed": deal.pushes >= MANY_PUSHES,
        "quiet": (deal.last_activity_at or deal.created_at) < now - timedelta(days=QUIET_DAYS),
        "stuck": days is not None and deal.stage_since < now - timedelta(days=days),
        "no_amount": deal.amount is None,
        "no_next_step": deal.next_activity_at is None or (deal.next_step_date or today) < today,
    }
    return [name for name, fit in fits.items() if fit]


def shown_flags(deal):
    """[(label, rule)] of a deal, for people."""
    return [(LABELS[name], RULES[name]) for name in flags_of(deal)]


@kept_objects("name", "currency", "stage__name", *READ, *(f"owner__{name}" for name in User.LABEL_FIELDS))
def attention(user, limit, own):
    """The first deals by their close date that need attention as of the slots `today` and `quiet`.

    The user's own, or else all that the user may change.
    """
    rows = Opportunity.objects.own_of(user) if own else Opportunity.objects.visible_to(user, "change")
    when = {"today": Slot("today", DateField()), "quiet": Slot("quiet", DateTimeField())}
    return flagged(rows, when=when).order_by("close_date", "id")[:limit]
