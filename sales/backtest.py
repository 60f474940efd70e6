"""Backtest: what each number of the forecast said of past quarters before they ended, against what closed.

Every past day is rebuilt from the changes of deals: a deal stood as its latest change up to then left it. `days_before`
counts from the end of the quarter's last day. What closed is what stood as won SETTLED days after it, in the amounts of
that time. All numbers say what the whole quarter will close: commit is closed and commit, best case that and best case,
pipeline all of it; weighted and calibrated are what is closed and a part of what is open. The odds are learned anew for
each day from quarters settled before it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from crm_site.core.models import Team
from sales import odds, periods
from sales.models import BacktestRow, OddsModel

QUARTERS, DAYS_BEFORE = 8, (90, 60, 30, 14, 7, 0)
NUMBERS = ("closed", "commit", "best", "pipeline", "weighted", "calibrated")
BINS = 10
# One row for each team, bucket, category and probability on each day asked for: how many deals, their amounts, and
# how many of them were won within the quarter.
STOOD = f"""
    WITH {odds.SPANS}, {odds.WINS}, asked AS (
        SELECT * FROM unnest(%(lasts)s::date[], %(days)s::date[]) AS a(last, day_asked)
    )
    SELECT a.last, a.day_asked, s.team_id, s.category, s.stage_id, s.probability,
        {odds.LEFT_BUCKET.format("a.last - a.day_asked")} AS left_bucket,
        {odds.AGE_BUCKET.format("a.day_asked - s.born")} AS age_bucket, s.size_bucket,
        count(*), coalesce(sum(s.amount), 0), coalesce(sum(s.amount::float8 ^ 2), 0),
        sum(round(coalesce(s.amount, 0) * s.probability / 100, 2)), count(*) FILTER (WHERE w.quarter_end IS NOT NULL)
    FROM asked a JOIN spans s ON s.quarter_end = a.last AND s.since < a.day_asked + interval '1 day'
        AND s.until >= a.day_asked + interval '1 day'
    LEFT JOIN wins w ON w.opportunity_id = s.opportunity_id AND w.quarter_end = s.quarter_end
    WHERE s.category IN ('closed', 'commit', 'best', 'pipeline')
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""  # noqa: S608 - made of the names of two modules


@dataclass
class Said:
    """What the numbers said of a team and all below it on a day."""

    numbers: dict = field(default_factory=lambda: defaultdict(Decimal))
    variance: float = 0.0
    doubt: float = 0.0

    def take(self, category, amount, weighted, rate, squares):
        """Add deals of one bucket and category."""
        reached = {"closed": NUMBERS[:4], "commit": NUMBERS[1:4], "best": NUMBERS[2:4], "pipeline": NUMBERS[3:4]}
        for name in reached[category]:
            self.numbers[name] += amount
        self.numbers["weighted"] += weighted
        if category == "closed":
            self.numbers["calibrated"] += amount
        else:
            self.numbers["calibrated"] += round(amount * Decimal(rate.p), 2)
            self.variance += rate.p * (1 - rate.p) * squares
            self.doubt += rate.spread * float(amount)


class Score:
    """How good probabilities were: the Brier score, and for each tenth of them how many deals were won."""

    def __init__(self):
        self.deals, self.squares = 0, 0.0
        self.bins = [[0, 0.0, 0] for _n in range(BINS)]

    def take(self, p, deals, won):
        """Add deals that had the same probability, and how many of them were won."""
        self.deals += deals
        self.squares += deals * p * p - 2 * p * won + won
        one = self.bins[min(BINS - 1, int(p * BINS))]
        one[0] += deals
        one[1] += p * deals
        one[2] += won

    @property
    def brier(self):
        """The mean squared difference of probability and outcome: 0 is perfect; None without deals."""
        return self.squares / self.deals if self.deals else None

    def table(self):
        """[(from %, deals, mean probability in %, won in %)] of the tenths that hold deals."""
        return [
            [10 * n, deals, round(100 * p / deals, 1), round(100 * won / deals, 1)]
            for n, (deals, p, won) in enumerate(self.bins)
            if deals
        ]


def quarters(today, count=QUARTERS):
    """The last quarters that are settled, the oldest first."""
    found = periods.period_of(today - timedelta(days=odds.SETTLED + 1), periods.QUARTER).next(-1)
    return [found.next(-n) for n in range(count)][::-1]


def stood(asked):
    """The rows of STOOD for [(quarter, day)]."""
    values = odds.shared(timezone.localdate()) | {
        "lasts": [quarter.ends_on for quarter, _day in asked], "days": [day for _quarter, day in asked],
    }  # fmt: skip
    with odds.unhurried() as cursor:
        cursor.execute(STOOD, values)
        return cursor.fetchall()


def ancestors():
    """{team: the team and all above it, and None for everybody}."""
    parents = dict(Team.objects.values_list("pk", "parent"))
    found = {None: [None]}
    for team in parents:
        path, at = [None], team
        while at:
            path.append(at)
            at = parents[at]
        found[team] = path
    return found


@transaction.atomic
def run(today=None):
    """Compute all of it anew and keep it, with the newest odds' quality; returns the rows."""
    today = today or timezone.localdate()
    past = quarters(today)
    asked = [(quarter, quarter.ends_on - timedelta(days=n)) for quarter in past for n in DAYS_BEFORE]
    settled = [(quarter, quarter.ends_on + timedelta(days=odds.SETTLED)) for quarter in past]
    said, scores = judged(stood(asked), odds.count(today))
    actual = defaultdict(Decimal)
    above = ancestors()
    for last, _day, team, category, *_bucket, amount, _squares, _weighted, _won in stood(settled):
        for one in above.get(team, [None]) if category == "closed" else ():
            actual[one, last] += amount
    rows = [made(key, what, actual, past) for key, what in said.items()]
    BacktestRow.objects.all().delete()
    BacktestRow.objects.bulk_create(rows, batch_size=2000)
    remember(rows, scores)
    return rows


def judged(rows, counts):
    """({(team, last day of the quarter, day): Said}, {"calibrated" or "stage": Score})."""
    said, above, known, rates = defaultdict(Said), ancestors(), odds.defaults(), {}
    scores = {"calibrated": Score(), "stage": Score()}
    for last, day, team, category, stage, percent, left, age, size, deals, amount, squares, weighted, won in rows:
        if day not in rates:
            rates[day] = odds.rates_before(day, counts, known)
        rate = rates[day].rate(stage, left, age, size)
        for one in above.get(team, [None]):
            said[one, last, day].take(category, amount, weighted, rate, squares)
        if category != "closed":
            scores["calibrated"].take(rate.p, deals, won)
            scores["stage"].take(percent / 100, deals, won)
    return said, scores


def made(key, what, actual, past):
    """A BacktestRow, unsaved."""
    team, last, day = key
    quarter = next(q for q in past if q.ends_on == last)
    low, high = odds.interval(what.numbers["calibrated"] - what.numbers["closed"], what.variance, what.doubt)
    closed = what.numbers["closed"]
    return BacktestRow(
        team_id=team, starts_on=quarter.starts_on, ends_on=last, days_before=(last - day).days,
        low=closed + Decimal(round(low, 2)), high=closed + Decimal(round(high, 2)), actual=actual[team, last],
        **{name: what.numbers[name] for name in NUMBERS},
    )  # fmt: skip


def remember(rows, scores):
    """Keep the quality with the newest odds; nothing to keep when none were learned."""
    newest = OddsModel.objects.order_by("-pk").first()
    if newest is None:
        return
    everybody = [row for row in rows if row.team_id is None]
    inside = [row for row in everybody if row.low <= row.actual <= row.high]
    newest.quality = {name: {"brier": s.brier, "deals": s.deals, "table": s.table()} for name, s in scores.items()} | {
        "coverage": len(inside) / len(everybody) if everybody else None, "settled": odds.SETTLED,
        "zone": settings.TIME_ZONE,
    }  # fmt: skip
    newest.save(update_fields=["quality"])


def errors(rows):
    """{days before: {number: error}}: the sum of all misses in parts of all that closed; None where nothing closed."""
    missed, closed = defaultdict(lambda: defaultdict(Decimal)), defaultdict(Decimal)
    for row in rows:
        closed[row.days_before] += row.actual
        for name in NUMBERS:
            missed[row.days_before][name] += abs(getattr(row, name) - row.actual)
    return {
        days: {name: missed[days][name] / closed[days] if closed[days] else None for name in NUMBERS}
        for days in sorted(missed, reverse=True)
    }


def verdict(quality):
    """ "better", "worse" or "same": how the calibrated odds compare with the stages' own; None without deals."""
    ours, theirs = (quality.get(name, {}).get("brier") for name in ("calibrated", "stage"))
    if ours is None or theirs is None:
        return None
    if abs(ours - theirs) < 0.0005:
        return "same"
    return "better" if ours < theirs else "worse"
