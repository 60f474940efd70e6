"""Attainment: how far targets are reached, from the ledger of credit, the activities done and the leads converted.

A person's credit of both kinds counts; for a team and all below it overlay credit, which comes on top, does not. All
functions take many targets and ask a fixed number of statements.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from crm_site.core.models import TeamClosure
from crm_site.core.notifications import notify
from sales.models import Target

STEPS = (50, 90, 100)
# The members of each target: the user, or who was credited for a team at or below the target's.
ATTAINED = """
    SELECT t.id, CASE t.metric
        WHEN 'won_amount' THEN own.amount
        WHEN 'won_count' THEN own.count
        WHEN 'activities' THEN (
            SELECT count(*) FROM customers_activity a WHERE a.deleted_at IS NULL AND a.status = 'done'
                AND (a.done_at AT TIME ZONE %(zone)s)::date BETWEEN t.starts_on AND t.ends_on
                AND (a.owner_id = t.user_id OR t.for_team_id IS NOT NULL AND a.team_id IN (SELECT descendant_id
                    FROM core_teamclosure x WHERE x.ancestor_id = t.for_team_id)))
        WHEN 'leads_converted' THEN (
            SELECT count(*) FROM sales_lead l WHERE l.deleted_at IS NULL AND l.status = 'converted'
                AND (l.converted_at AT TIME ZONE %(zone)s)::date BETWEEN t.starts_on AND t.ends_on
                AND (l.owner_id = t.user_id OR t.for_team_id IS NOT NULL AND l.team_id IN (SELECT descendant_id
                    FROM core_teamclosure x WHERE x.ancestor_id = t.for_team_id)))
    END
    FROM sales_target t
    -- Each side walks its own index: a condition with OR would read all credits for each target.
    LEFT JOIN LATERAL (
        SELECT sum(c.amount_base) AS amount, sum(c.count) AS count FROM (
            SELECT c.amount_base, c.count, c.family FROM sales_credit c
            WHERE c.user_id = t.user_id AND c.day BETWEEN t.starts_on AND t.ends_on
            UNION ALL
            SELECT c.amount_base, c.count, c.family
            FROM core_teamclosure x JOIN sales_credit c ON c.team_id = x.descendant_id
            WHERE x.ancestor_id = t.for_team_id AND c.kind = 'revenue' AND c.day BETWEEN t.starts_on AND t.ends_on
        ) c WHERE t.family = '' OR c.family = t.family
    ) own ON t.metric IN ('won_amount', 'won_count')
    WHERE t.id = ANY(%(ids)s)
"""
# Of the deals that the owner or team has won in the last year, the median; of the open ones that close within the
# period, how much they weigh.
AHEAD = """
    SELECT
        (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY d.amount_base) FROM sales_opportunity d
         WHERE {who} AND d.deleted_at IS NULL AND d.state = 'won' AND d.amount_base > 0
            AND d.close_date BETWEEN %(year)s AND %(today)s),
        (SELECT coalesce(sum(d.weighted_base), 0) FROM sales_opportunity d
         WHERE {who} AND d.deleted_at IS NULL AND d.state = 'open' AND d.category <> 'omitted'
            AND d.close_date BETWEEN %(first)s AND %(last)s)
"""


def attained(targets):
    """{target id: what was reached so far}, a Decimal: money or a number, as the metric says; one statement."""
    ids = [target.pk for target in targets]
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(ATTAINED, {"ids": ids, "zone": settings.TIME_ZONE})
        return {pk: Decimal(value or 0) for pk, value in cursor.fetchall()}


@dataclass(frozen=True)
class Progress:
    """How a target stands: amounts in the company's currency where the metric is money."""

    target: Target
    attained: Decimal
    median: Decimal | None = None
    weighted_open: Decimal = Decimal(0)
    today: date | None = None

    @property
    def percent(self):
        """Per cent of the target that is reached."""
        return 100 * self.attained / self.target.value

    @property
    def gap(self):
        """What is missing; 0 when it is reached."""
        return max(Decimal(0), self.target.value - self.attained)

    @property
    def ended(self):
        """Whether the period is over."""
        return bool(self.today) and self.today > self.target.ends_on

    @property
    def days_left(self):
        """Days of the period after today."""
        return max(0, (self.target.ends_on - self.today).days) if self.today else 0

    @property
    def needed(self):
        """How many deals of the median size are missing, to one digit; None without a median or a gap."""
        if self.target.metric == "won_count":
            return self.gap or None
        return round(self.gap / self.median, 1) if self.median and self.gap else None

    @property
    def pace(self):
        """The required pace as a sentence, such as "needs 3.1 deals of the median size by 30 Sep"."""
        if not self.gap:
            return _("reached")
        gap = formats.number_format(self.gap, 2 if self.gap % 1 else 0, force_grouping=True)
        if self.ended:
            return _("ended %(gap)s short") % {"gap": gap}
        day = formats.date_format(self.target.ends_on, "j M")
        if self.needed is not None and self.target.metric == "won_amount":
            count = formats.number_format(self.needed, 1)
            return _("needs %(count)s deals of the median size by %(day)s") % {"count": count, "day": day}
        return _("needs %(gap)s more by %(day)s") % {"gap": gap, "day": day}

    @property
    def coverage(self):
        """The weighted open deals of the period in parts of the gap; None without a gap in money, or after the end."""
        if self.target.metric != "won_amount" or not self.gap or self.ended:
            return None
        return round(self.weighted_open / self.gap, 2)


def progress(target):
    """The Progress of one target, with pace and coverage; three statements."""
    today = timezone.localdate()
    if target.user_id:
        who, values = "d.owner_id = %(who)s", {"who": target.user_id}
    else:
        below = TeamClosure.objects.filter(ancestor=target.for_team_id).values_list("descendant", flat=True)
        who, values = "d.team_id = ANY(%(who)s)", {"who": list(below)}
    values |= {"year": today - timedelta(days=365), "today": today, "first": target.starts_on, "last": target.ends_on}
    with connection.cursor() as cursor:
        cursor.execute(AHEAD.format(who=who), values)
        median, weighted = cursor.fetchone()
    reached = attained([target]).get(target.pk, Decimal(0))
    return Progress(target, reached, None if median is None else Decimal(str(median)), weighted, today)


def tell():
    """Tell of the targets of running and just ended periods that passed 50, 90 or 100 per cent, once each.

    What a cancelled sale took away is forgotten, so that it is told again when it is reached again. Returns how many
    notifications were made.
    """
    today = timezone.localdate()
    rows = Target.objects.unscoped("a sweep for everybody").filter(
        deleted_at=None, starts_on__lte=today, ends_on__gte=today - timedelta(days=45)
    )
    targets = list(rows.select_related("user", "for_team__manager"))
    reached, news = attained(targets), []
    for target in targets:
        percent = 100 * reached.get(target.pk, Decimal(0)) / target.value
        passed = [step for step in STEPS if percent >= step]
        if passed == target.notified:
            continue
        news += messages(target, [step for step in passed if step not in target.notified][-1:])
        Target.objects.unscoped("a sweep for everybody").filter(pk=target.pk).update(notified=passed)
    notify(news)
    return len(news)


def messages(target, steps):
    """The notifications of a target that has reached a step; to the person, or the team's manager."""
    to = target.user_id or target.for_team.manager_id
    return [
        {
            "user_id": to, "url": f"/targets/{target.pk}/",
            "key": f"target-{target.pk}-{step}-{timezone.localdate():%Y%m%d}",
            "text": _("%(step)s %% of the target is reached: %(name)s") % {"step": step, "name": target.name},
        }
        for step in steps
        if to
    ]  # fmt: skip
