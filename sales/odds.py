"""Odds: how likely an open deal is won within its period, learned from the company's own history.

A sample is an open deal as it stood on a Monday: its stage, its age, its size, and the days left of the fiscal quarter
that its close date named. It counts as won when, SETTLED days after that quarter's end, the deal stood as won with a
close date within that same quarter; a deal that was pushed out and won later is a miss. A deal that stays in one bucket
for weeks is one sample of it.

The rate of a bucket is drawn towards that of the next coarser one: stage × days left × age × size → stage × days left ×
age → stage × days left → stage → the stage's own default probability. Each step is the mean of a beta distribution
whose prior weighs as much as STRENGTH samples (beta-binomial shrinkage), so that without any history the answer is the
stage's default.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from math import sqrt

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from sales.models import OddsModel, Stage
from sales.periods import start_month

STRENGTH = 20
# Sales of the last days of a quarter are often written down in the days after it.
SETTLED = 14
LOOK_BACK = 3 * 366
# Lower ends of the buckets after the first, in days; sizes are powers of four of the amount, 0 where it is unknown.
LEFT, AGE, SIZES = (8, 15, 31, 61, 91, 181), (31, 91, 181, 366), 14
KEPT = 30
# Standard deviations that hold four fifths of a normal distribution.
EIGHTY = 1.2816
QUARTER_END = """
    (date_trunc('quarter', date_trunc('month', {day}::timestamp) - %(shift)s * interval '1 month')
        + (3 + %(shift)s) * interval '1 month' - interval '1 day')::date
"""
SIZE = f"CASE WHEN coalesce({{0}}, 0) < 1 THEN 0 ELSE least({SIZES - 1}, 1 + floor(log(4, {{0}}))::int) END"
BUCKETS = f"""
    width_bucket({{left}}, ARRAY{list(LEFT)}) AS left_bucket, width_bucket({{age}}, ARRAY{list(AGE)}) AS age_bucket,
    {SIZE.format("{amount}")} AS size_bucket
"""
# How each deal stood from when to when, in the company's own time.
SPANS = f"""
    spans AS MATERIALIZED (
        SELECT opportunity_id, at AT TIME ZONE %(zone)s AS since,
            coalesce(lead(at) OVER w, 'infinity') AT TIME ZONE %(zone)s AS until,
            (min(at) OVER (PARTITION BY opportunity_id) AT TIME ZONE %(zone)s)::date AS born,
            to_state AS state, to_category AS category, to_stage_id AS stage_id, to_probability AS probability,
            to_amount_base AS amount, to_close_date AS day, to_team_id AS team_id, to_alive AS alive,
            {QUARTER_END.format(day="to_close_date")} AS quarter_end
        FROM sales_opportunitychange WINDOW w AS (PARTITION BY opportunity_id ORDER BY at, id)
    )
"""  # noqa: S608 - made of the names above
# Joined, not looked up sample by sample: there are as many spans as changes of all deals.
WINS = """
    wins AS MATERIALIZED (
        SELECT DISTINCT opportunity_id, quarter_end FROM spans
        WHERE alive AND state = 'won' AND since < quarter_end + %(settled)s AND until >= quarter_end + %(settled)s
    )
"""
COUNT = f"""
    WITH {SPANS}, {WINS}, samples AS (
        SELECT DISTINCT s.opportunity_id, s.quarter_end, s.stage_id, w.quarter_end IS NOT NULL AS won, {BUCKETS.format(
            left="s.quarter_end - monday::date", age="monday::date - s.born", amount="s.amount"
        )}
        FROM spans s LEFT JOIN wins w ON w.opportunity_id = s.opportunity_id AND w.quarter_end = s.quarter_end
        CROSS JOIN LATERAL generate_series(
            date_trunc('week', s.since), least(s.until, s.quarter_end + interval '1 day', %(now)s), interval '7 days'
        ) AS monday
        WHERE s.alive AND s.state = 'open' AND monday >= s.since AND monday < s.until
            AND monday < s.quarter_end + interval '1 day' AND s.quarter_end + %(settled)s <= %(now)s
    )
    SELECT quarter_end, stage_id, left_bucket, age_bucket, size_bucket, count(*), count(*) FILTER (WHERE won)
    FROM samples GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - made of the names above
OPEN = f"""
    SELECT d.id, d.owner_id, d.team_id, d.close_date, d.amount_base, d.stage_id,
        {QUARTER_END.format(day="d.close_date")} < %(today)s AS over, {BUCKETS.format(
            left=f"({QUARTER_END.format(day='d.close_date')} - %(today)s)",
            age="(%(today)s - (d.created_at AT TIME ZONE %(zone)s)::date)", amount="d.amount_base",
        )}
    FROM sales_opportunity d WHERE d.deleted_at IS NULL AND d.state = 'open'
"""  # noqa: S608 - as above
PUT = """
    INSERT INTO sales_dealodds (opportunity_id, probability, spread)
    SELECT o.id, CASE WHEN o.over THEN 0 ELSE coalesce(r.p, 0) END, CASE WHEN o.over THEN 0 ELSE coalesce(r.s, 0) END
    FROM ({open}) AS o LEFT JOIN unnest(%(stages)s::bigint[], %(lefts)s::int[], %(ages)s::int[], %(sizes)s::int[],
        %(rates)s::float8[], %(spreads)s::float8[]) AS r(stage_id, l, a, z, p, s)
        ON r.stage_id = o.stage_id AND r.l = o.left_bucket AND r.a = o.age_bucket AND r.z = o.size_bucket
    ON CONFLICT (opportunity_id) DO UPDATE SET probability = excluded.probability, spread = excluded.spread
        WHERE (sales_dealodds.probability, sales_dealodds.spread) <> (excluded.probability, excluded.spread)
"""
DROP = """
    DELETE FROM sales_dealodds w USING sales_opportunity d
    WHERE d.id = w.opportunity_id AND (d.state <> 'open' OR d.deleted_at IS NOT NULL) {some}
"""
EMPTY = "DELETE FROM sales_oddscell d WHERE true {some}"
CELLS = """
    INSERT INTO sales_oddscell (owner_id, team_id, month, expected, variance, doubt)
    SELECT d.owner_id, d.team_id, date_trunc('month', d.close_date::timestamp)::date,
        sum(round((w.probability * d.amount_base)::numeric, 2)),
        sum(w.probability * (1 - w.probability) * d.amount_base::float8 ^ 2), sum(w.spread * d.amount_base::float8)
    FROM sales_opportunity d JOIN sales_dealodds w ON w.opportunity_id = d.id
    WHERE d.deleted_at IS NULL AND d.state = 'open' AND d.category <> 'omitted' AND d.amount_base > 0 {some}
    GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Rate:
    """A bucket's probability and the standard deviation of what is known of it."""

    p: float
    spread: float


class Rates:
    """The rates learned from some counts; `rate(stage, left, age, size)` answers for every bucket there can be.

    `counts` are rows (stage, left, age, size, samples, won), `defaults` {stage: its default probability, 0 to 1}.
    """

    def __init__(self, counts, defaults):
        self.defaults = defaults
        self.seen = defaultdict(lambda: [0, 0])
        for stage, left, age, size, samples, won in counts:
            for key in ((stage,), (stage, left), (stage, left, age), (stage, left, age, size)):
                self.seen[key][0] += samples
                self.seen[key][1] += won
        self.known = {}

    @property
    def samples(self):
        """How many samples there were."""
        return sum(n for key, (n, _won) in self.seen.items() if len(key) == 1)

    def mean(self, key):
        """The shrunk rate of a bucket or a coarser one."""
        if not key:
            return 0.0
        if key not in self.known:
            above = self.mean(key[:-1]) if len(key) > 1 else self.defaults.get(key[0], 0.0)
            samples, won = self.seen.get(key, (0, 0))
            self.known[key] = (won + STRENGTH * above) / (samples + STRENGTH)
        return self.known[key]

    def rate(self, stage, left, age, size):
        """The Rate of a bucket; its spread is that of the stage and the days left, where the samples are many."""
        p = self.mean((stage, left, age, size))
        samples = self.seen.get((stage, left), (0, 0))[0]
        return Rate(p, sqrt(p * (1 - p) / (samples + STRENGTH + 1)))

    def grid(self):
        """The rates of all buckets, as the columns that the database takes."""
        keys = list(product(self.defaults, range(len(LEFT) + 1), range(len(AGE) + 1), range(SIZES)))
        rates = [self.rate(*key) for key in keys]
        columns = {name: [key[n] for key in keys] for n, name in enumerate(("stages", "lefts", "ages", "sizes"))}
        return columns | {"rates": [rate.p for rate in rates], "spreads": [rate.spread for rate in rates]}


def shared(day):
    """The parameters that all statements take; the day is the company's own."""
    now = timezone.datetime.combine(day, timezone.datetime.min.time())
    return {"zone": settings.TIME_ZONE, "shift": start_month() - 1, "settled": timedelta(days=SETTLED + 1), "now": now,
            "today": day}  # fmt: skip


def defaults():
    """{stage: default probability, 0 to 1} of all open stages."""
    rows = Stage.objects.filter(state=Stage.OPEN).values_list("pk", "probability")
    return {stage: percent / 100 for stage, percent in rows}


def count(day):
    """[(last day of the quarter, stage, left, age, size, samples, won)] of the quarters settled before a day."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, shared(day))
        return cursor.fetchall()


def rates_before(day, counts, known):
    """The Rates as they could have been learned on a day: from quarters that were settled by then."""
    last, first = day - timedelta(days=SETTLED + 1), day - timedelta(days=LOOK_BACK)
    return Rates([row[1:] for row in counts if first <= row[0] <= last], known)


def learn(up_to=None):
    """Learn the odds from all that was settled before a day, today by default; keeps and returns the OddsModel."""
    day = up_to or timezone.localdate()
    rates = rates_before(day, count(day), defaults())
    counts = [[*key, *numbers] for key, numbers in sorted(rates.seen.items()) if len(key) == 4]
    made = OddsModel.objects.create(
        up_to=day, samples=rates.samples, table={"counts": counts},
        quality=OddsModel.objects.order_by("-pk").values_list("quality", flat=True).first() or {},
    )  # fmt: skip
    kept = OddsModel.objects.order_by("-pk").values("pk")[:KEPT]
    OddsModel.objects.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return made


def current():
    """The Rates of the newest model, or those of the stages' defaults when nothing was learned yet."""
    table = OddsModel.objects.order_by("-pk").values_list("table", flat=True).first() or {}
    return Rates(table.get("counts", ()), defaults())


def apply(deals=None, owners=None):
    """Give each open deal its odds, and sum them up; for all of them, or some deals (ids) and the sums of some owners.

    A deal whose quarter is over gets none. Set-based: the number of statements does not depend on the deals.
    """
    values = current().grid() | shared(timezone.localdate()) | {"deals": deals, "owners": owners or []}
    some = "" if deals is None else " AND d.id = ANY(%(deals)s::bigint[])"
    of_owners = "" if deals is None else (
        " AND (d.owner_id = ANY(%(owners)s::bigint[])"
        " OR d.owner_id IS NULL AND array_position(%(owners)s::bigint[], NULL) IS NOT NULL)"
    )  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE sales_oddscell IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(PUT.format(open=OPEN + some), values)
        cursor.execute(DROP.format(some=some), values)
        cursor.execute(EMPTY.format(some=of_owners), values)
        cursor.execute(CELLS.format(some=of_owners), values)


def interval(expected, variance, doubt):
    """(low, high) within which four sums of five lie: the deals' own chance, and the rates' uncertainty on top."""
    half = EIGHTY * sqrt(max(variance, 0) + doubt**2)
    return max(0.0, float(expected) - half), float(expected) + half
