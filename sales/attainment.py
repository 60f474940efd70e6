"""Attainment: how far targets are reached, from the ledger of credit, the activities done and the leads converted.

A person's credit of both kinds counts; for a team and all below it overlay credit, which comes on top, does not. All
functions take many targets and ask a fixed number of statements.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from crm_site.core.models import Team, TeamClosure
from crm_site.core.notifications import notify
from sales.models import Target
from sales.rollup import Scope, open_weights

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
# The median of what was won in the last year, of each person and of each team and all below it.
MEDIANS = """
    WITH won AS MATERIALIZED (
        SELECT owner_id, team_id, amount_base FROM sales_opportunity
        WHERE deleted_at IS NULL AND state = 'won' AND amount_base > 0 AND close_date BETWEEN %(year)s AND %(today)s
    ), sizes AS (
        SELECT owner_id AS user_id, NULL::bigint AS team_id,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY amount_base) AS median FROM won GROUP BY owner_id
        UNION ALL
        SELECT NULL, ancestor_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount_base)
        FROM won JOIN core_teamclosure ON descendant_id = team_id GROUP BY ancestor_id
    )
    UPDATE sales_target t SET median = now.median
    FROM (
        SELECT t.id, coalesce(max(s.median), 0)::numeric(18, 2) AS median FROM sales_target t
        LEFT JOIN sizes s ON s.user_id = t.user_id OR s.team_id = t.for_team_id
        WHERE t.deleted_at IS NULL AND t.metric = 'won_amount' AND t.ends_on >= %(today)s GROUP BY t.id
    ) AS now WHERE now.id = t.id AND t.median IS DISTINCT FROM now.median
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
        return round(self.gap / self.target.median, 1) if self.target.median and self.gap else None

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


def progress(targets):
    """[Progress] of targets of one period, with pace and coverage; three statements however many there are."""
    reached, weights, today = attained(targets), weighted_open(targets), timezone.localdate()
    return [Progress(target, reached[target.pk], weights[target.pk], today) for target in targets]


def weighted_open(targets):
    """{target id: how much the open deals weigh that close within the one period of these targets}."""
    users, teams = ({getattr(target, name) for target in targets} - {None} for name in ("user_id", "for_team_id"))
    members = defaultdict(set)
    for above, below in TeamClosure.objects.filter(ancestor__in=teams).values_list("ancestor", "descendant"):
        members[above].add(below)
    scope = Scope(owner=min(users)) if len(users) == 1 and not teams else Scope(everybody=True)
    of_user, of_team = defaultdict(Decimal), defaultdict(Decimal)
    for owner, team, weighted in open_weights(targets[0], scope) if targets else ():
        of_user[owner] += weighted
        of_team[team] += weighted
    return {
        target.pk: of_user[target.user_id] if target.user_id else sum_of(of_team, members[target.for_team_id])
        for target in targets
    }


def sum_of(amounts, keys):
    """What some keys of a mapping add up to."""
    return sum((amounts[key] for key in keys), Decimal(0))


def given_out(target, seen):
    """The targets `seen` of the same kind right below a team's or its manager's one: what of it was handed on.

    Those of the team's own people, and of each team below it the own one or its manager's, else those below that.
    """
    team = target.for_team_id or Team.objects.filter(manager=target.user_id).values_list("pk", flat=True).first()
    if team is None or (target.for_team_id is None and target.team_id != team):
        return []
    same = {name: getattr(target, name) for name in ("metric", "family", "starts_on", "ends_on")}
    found = below(team, Team.objects.in_bulk(), list(seen.filter(**same)))
    return [row for row in found if row.pk != target.pk]


def below(team, teams, rows):
    """The targets right below a team among `rows`; see given_out."""
    own = quota(teams[team], rows)
    found = [row for row in rows if row.user_id and row.team_id == team and row is not own]
    for child in (child for child in teams.values() if child.parent_id == team):
        handed_on = quota(child, rows)
        found += [handed_on] if handed_on else below(child.pk, teams, rows)
    return found


def quota(team, rows):
    """The target of a team: its own, else that of its manager; None without either."""
    own = next((row for row in rows if row.for_team_id == team.pk), None)
    return own or next((row for row in rows if row.user_id and row.user_id == team.manager_id), None)


def learn_sizes(*, new=False):
    """Learn the median deal of all targets that have not ended; with `new` only when one was never learned."""
    rows = Target.objects.unscoped("a sweep for everybody").filter(deleted_at=None, metric="won_amount", median=None)
    today = timezone.localdate()
    if new and not rows.filter(ends_on__gte=today).exists():
        return
    with connection.cursor() as cursor:
        cursor.execute(MEDIANS, {"year": today - timedelta(days=365), "today": today})


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
