"""Odds: how likely an open deal is won within its period, learned from the company's own history.

A sample is an open deal as it stood on a Monday: its stage, its age, its size, and the days left of the fiscal quarter
that its close date named. It counts as won when, SETTLED days after that quarter's end, the deal stood as won with a
close date within that same quarter; a deal that was pushed out and won later is a miss. A deal that stays in one bucket
for weeks is one sample of it.

The rate of a bucket is drawn towards that of the next coarser one: stage × days left × age × size → stage × days left ×
age → stage × days left → stage → the stage's own default probability. Each step is the mean of a beta distribution
whose prior weighs as much as STRENGTH samples (beta-binomial shrinkage), so that without any history the answer is the
stage's default. Of a history of more than half a million deals an even share is counted, see `count`.
"""

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from math import sqrt

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from sales.models import OddsModel, Opportunity, Stage
from sales.periods import start_month

STRENGTH = 20
# Sales of the last days of a quarter are often written down in the days after it.
SETTLED = 14
LOOK_BACK = 3 * 366
# Quarters that ended longer ago are not counted: no day that a backtest asks for learns from them.
OLDEST = LOOK_BACK + 3 * 366
# So many deals teach all that there is to learn; of twice or three times as many each second or third is counted.
ENOUGH = 500_000
# Lower ends of the buckets after the first, in days; sizes are powers of four of the amount, 0 where it is unknown.
LEFT, AGE, SIZES = (8, 15, 31, 61, 91, 181), (31, 91, 181, 366), 14
KEPT = 30
NIGHT = ("statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "work_mem = '256MB'")
# Standard deviations that hold four fifths of a normal distribution.
EIGHTY = 1.2816
QUARTER_END = """
    (date_trunc('quarter', date_trunc('month', {day}::timestamp) - %(shift)s * interval '1 month')
        + (3 + %(shift)s) * interval '1 month' - interval '1 day')::date
"""
# Thresholds, not a logarithm: that of an exact number takes a thousand times as long.
SIZE = f"width_bucket(coalesce({{0}}, 0), ARRAY{[4**n for n in range(SIZES - 1)]}::numeric[])"
LEFT_BUCKET, AGE_BUCKET = f"width_bucket({{0}}, ARRAY{list(LEFT)})", f"width_bucket({{0}}, ARRAY{list(AGE)})"
MONDAY = "DATE '1900-01-01'"
# How each deal that was to close in a settled quarter stood from when to when, in the company's own time. One pass over
# the changes; the quarters come from a table of days, as date arithmetic on each of millions of changes takes a minute.
SPANS = f"""
    days AS MATERIALIZED (
        SELECT day::date, {QUARTER_END.format(day="day")} AS quarter_end
        FROM generate_series(%(oldest)s, %(now)s, interval '1 day') AS day
    ), spans AS MATERIALIZED (
        SELECT c.opportunity_id, c.at AT TIME ZONE %(zone)s AS since, c.until AT TIME ZONE %(zone)s AS until,
            (c.born AT TIME ZONE %(zone)s)::date AS born, c.state, c.category, c.stage_id, c.probability, c.amount,
            {SIZE.format("c.amount")} AS size_bucket, c.day, c.team_id, d.quarter_end
        FROM (
            SELECT opportunity_id, at, coalesce(lead(at) OVER w, 'infinity') AS until, first_value(at) OVER w AS born,
                to_state AS state, to_category AS category, to_stage_id AS stage_id, to_probability AS probability,
                to_amount_base AS amount, to_close_date AS day, to_team_id AS team_id, to_alive AS alive
            FROM sales_opportunitychange WHERE mod(opportunity_id, %(every)s) = 0
            WINDOW w AS (PARTITION BY opportunity_id ORDER BY at, id)
        ) AS c JOIN days d ON d.day = c.day
        WHERE c.alive AND c.state <> 'lost' AND d.quarter_end + %(settled)s <= %(now)s
    )
"""  # noqa: S608 - made of the names above
# Joined, not looked up sample by sample: there are as many spans as changes of all deals.
WINS = """
    wins AS MATERIALIZED (
        SELECT DISTINCT opportunity_id, quarter_end FROM spans
        WHERE state = 'won' AND since < quarter_end + %(settled)s AND until >= quarter_end + %(settled)s
    )
"""
# The Mondays of a span, numbered from one in 1900; those that begin a new bucket are kept, and a deal's several spans
# of one bucket are one sample.
COUNT = f"""
    WITH {SPANS}, {WINS}, weeks AS (
        SELECT *, (since::date + (since::time > '0:00')::int - {MONDAY} + 6) / 7 AS first,
            (least(until - interval '1 microsecond', quarter_end::timestamp)::date - {MONDAY} + 7) / 7 - 1 AS last
        FROM spans WHERE state = 'open' AND since < quarter_end + interval '1 day'
    ), mondays AS (
        SELECT *, quarter_end - {MONDAY} - 7 * week AS days_left, {MONDAY} + 7 * week - born AS age
        FROM weeks, generate_series(first, last) AS week
    ), samples AS (
        SELECT DISTINCT opportunity_id, quarter_end, stage_id, {LEFT_BUCKET.format("days_left")} AS left_bucket,
            {AGE_BUCKET.format("age")} AS age_bucket, size_bucket
        FROM mondays WHERE week = first OR {LEFT_BUCKET.format("days_left")} <> {LEFT_BUCKET.format("days_left + 7")}
            OR {AGE_BUCKET.format("age")} <> {AGE_BUCKET.format("age - 7")}
    )
    SELECT quarter_end, stage_id, left_bucket, age_bucket, size_bucket, count(*), count(w.opportunity_id)
    FROM samples LEFT JOIN wins w USING (opportunity_id, quarter_end) GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - made of the names above
OPEN = f"""
    SELECT d.id, d.owner_id, d.team_id, d.close_date, d.amount_base, d.stage_id,
        {QUARTER_END.format(day="d.close_date")} < %(today)s AS over,
        {LEFT_BUCKET.format(f"({QUARTER_END.format(day='d.close_date')} - %(today)s)")} AS left_bucket,
        {AGE_BUCKET.format("(%(today)s - (d.created_at AT TIME ZONE %(zone)s)::date)")} AS age_bucket,
        {SIZE.format("d.amount_base")} AS size_bucket
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
OWNED = (
    "(d.owner_id = ANY(%(owners)s::bigint[])"
    " OR d.owner_id IS NULL AND array_position(%(owners)s::bigint[], NULL) IS NOT NULL)"
)
# With the cells of some owners, what closed since the sweep leaves them, too.
CLOSED_TOO = f"""
    AND d.id IN (SELECT unnest(%(deals)s::bigint[])
        UNION SELECT opportunity_id FROM sales_opportunitychange WHERE NOT rolled_up)
    AND (d.id = ANY(%(deals)s::bigint[]) OR {OWNED})
"""  # noqa: S608 - as above
EMPTY = "DELETE FROM sales_oddscell d WHERE NOT coming {some}"
CELLS = """
    INSERT INTO sales_oddscell (owner_id, team_id, month, coming, expected, variance, doubt)
    SELECT d.owner_id, d.team_id, date_trunc('month', d.close_date::timestamp)::date, false,
        sum(round((w.probability * d.amount_base)::numeric, 2)),
        sum(w.probability * (1 - w.probability) * d.amount_base::float8 ^ 2), sum(w.spread * d.amount_base::float8)
    FROM sales_opportunity d JOIN sales_dealodds w ON w.opportunity_id = d.id
    WHERE d.deleted_at IS NULL AND d.state = 'open' AND d.category <> 'omitted' AND d.amount_base > 0 {some}
    GROUP BY 1, 2, 3
"""
# What the cells still hold of deals that were closed or binned since the last sweep: a deal that has odds is in them.
CLOSED_SINCE = """
    SELECT DISTINCT ON (c.opportunity_id) c.*, w.probability AS p, w.spread
    FROM sales_opportunitychange c JOIN sales_dealodds w ON w.opportunity_id = c.opportunity_id
        JOIN sales_opportunity d ON d.id = c.opportunity_id AND (d.state <> 'open' OR d.deleted_at IS NOT NULL)
    WHERE NOT c.rolled_up ORDER BY c.opportunity_id, c.id
"""
SUMS = f"""
    SELECT team_id, owner_id, sum(expected), sum(variance), sum(doubt),
        coalesce(sum(expected) FILTER (WHERE coming), 0)
    FROM (
        SELECT owner_id, team_id, month, coming, expected, variance, doubt FROM sales_oddscell
        UNION ALL
        SELECT from_owner_id, from_team_id, date_trunc('month', from_close_date::timestamp)::date, false,
            -round((p * from_amount_base)::numeric, 2), -p * (1 - p) * from_amount_base::float8 ^ 2,
            -spread * from_amount_base::float8
        FROM ({CLOSED_SINCE}) AS late
        WHERE from_alive AND from_state = 'open' AND from_category <> 'omitted' AND from_amount_base > 0
    ) AS parts WHERE month BETWEEN %(first)s AND %(last)s AND {{who}} GROUP BY team_id, owner_id
"""  # noqa: S608 - made of the names above


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
            "today": day, "oldest": now - timedelta(days=OLDEST), "every": 1}  # fmt: skip


@contextmanager
def unhurried():
    """A cursor in a transaction that may take minutes and much memory, as work of the night does."""
    with transaction.atomic(), connection.cursor() as cursor:
        for setting in NIGHT:
            cursor.execute(f"SET LOCAL {setting}")
        yield cursor


def defaults():
    """{stage: default probability, 0 to 1} of all open stages."""
    rows = Stage.objects.filter(state=Stage.OPEN).values_list("pk", "probability")
    return {stage: percent / 100 for stage, percent in rows}


def count(day):
    """[(last day of the quarter, stage, left, age, size, samples, won)] of the quarters settled before a day.

    Where there are many more deals than ENOUGH, it is one in so many of them by their ids, whatever their outcome.
    """
    newest = Opportunity.objects.unscoped("deals are counted").aggregate(newest=Max("pk"))["newest"] or 0
    with unhurried() as cursor:
        cursor.execute(COUNT, shared(day) | {"every": 1 + newest // ENOUGH})
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
    some, gone, owned = "", "", ""
    if deals is not None:
        some, gone, owned = " AND d.id = ANY(%(deals)s::bigint[])", CLOSED_TOO, f" AND {OWNED}"
    with unhurried() if deals is None else transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE sales_oddscell IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(PUT.format(open=OPEN + some), values)
        cursor.execute(DROP.format(some=gone), values)
        cursor.execute(EMPTY.format(some=owned), values)
        cursor.execute(CELLS.format(some=owned), values)


def sums(period, scope):
    """[(team id, owner id, expected, variance, doubt, what of it is coming)] of a period; one statement.

    What was won or lost since the last sweep is expected no more.
    """
    with connection.cursor() as cursor:
        span = {"first": period.starts_on, "last": period.ends_on}
        cursor.execute(SUMS.format(who=scope.named().format(side="")), scope.parameters() | span)
        return cursor.fetchall()


def interval(expected, variance, doubt):
    """(low, high) within which four sums of five lie: the deals' own chance, and the rates' uncertainty on top."""
    half = EIGHTY * sqrt(max(variance, 0) + doubt**2)
    return max(0.0, float(expected) - half), float(expected) + half
