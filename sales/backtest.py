"""Backtest: what each number of the forecast said of past quarters before they ended, against what closed.

Every past day is rebuilt from the changes of deals: a deal stood as its latest change up to then left it. `days_before`
counts from the end of the quarter's last day. What closed is what stood as won SETTLED days after it, in the amounts of
that time. All numbers say what the whole quarter will close: commit is closed and commit, best case that and best case,
pipeline all of it; weighted is what is closed and a part of what is open, calibrated the same by the odds and what
comes on top. Odds and what comes are learned anew for each day from quarters settled before it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from crm_site.core.models import Team
from sales import coming, odds, periods
from sales.models import BacktestRow, OddsModel

QUARTERS, DAYS_BEFORE = 8, (90, 60, 30, 14, 7, 0)
NUMBERS = ("closed", "commit", "best", "pipeline", "weighted", "calibrated")
BINS = 10
# Fewer deals tell nothing of who is better, fewer cases nothing of an interval.
ENOUGH, ENOUGH_CASES = 50, 10
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

    def surplus(self, actual, scale, burst):
        """What coming.learn takes: what came on top, the part of its variance that is the chance of single deals."""
        top = float(actual - self.numbers["calibrated"]) / scale
        return top, (self.variance + self.doubt**2) / scale**2 + burst * max(top, 0) / scale, scale


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
    closed = Closed(past, stood(settled))
    known = {day: closed.learn(said, day) for day in {day for _quarter, day in asked} | {today}}
    rows = [made(key, what, closed, known[key[2]]) for key, what in said.items()]
    coming.put(known[today], past[-coming.QUARTERS_OF_SCALE :], today)
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


class Closed:
    """What closed in the past quarters, of each team and all below and of everybody (None)."""

    def __init__(self, past, rows):
        self.past, self.actual, self.squares = past, defaultdict(Decimal), defaultdict(float)
        above = ancestors()
        for last, _day, team, category, *_bucket, amount, squares, _weighted, _won in rows:
            for one in above.get(team, [None]) if category == "closed" else ():
                self.actual[one, last] += amount
                self.squares[one, last] += squares

    def settled(self, day):
        """The last days of the quarters settled on a day; without the first in which anything closed, often a part."""
        ends = [quarter.ends_on for quarter in self.past if quarter.ends_on + timedelta(days=odds.SETTLED) < day]
        return ends[next((n for n, end in enumerate(ends, 1) if self.actual[None, end]), len(ends)) :]

    def scale(self, team, day):
        """The mean of what closed in the last quarters that were settled on a day; 0 without any."""
        last = self.settled(day)[-coming.QUARTERS_OF_SCALE :]
        return float(sum(self.actual[team, end] for end in last)) / len(last) if last else 0.0

    def learn(self, said, day):
        """What comes on top, as it could have been learned on a day."""
        ends = self.settled(day)
        total = float(sum(self.actual[None, end] for end in ends))
        burst = sum(self.squares[None, end] for end in ends) / total if total else 0.0
        seen = {days: [] for days in DAYS_BEFORE}
        for end in ends:
            for days, samples in seen.items():
                asked = end - timedelta(days=days)
                if scale := self.scale(None, asked):
                    what = said.get((None, end, asked)) or Said()
                    samples.append(what.surplus(self.actual[None, end], scale, burst))
        return coming.learn(seen, burst)


def made(key, what, closed, known):
    """A BacktestRow, unsaved; without an interval where nothing was known yet of what comes on top."""
    team, last, day = key
    quarter, days = next(q for q in closed.past if q.ends_on == last), (last - day).days
    expected, variance, doubt = known.sums(closed.scale(team, day), 0, days)
    numbers = dict(what.numbers)
    numbers["calibrated"] = what.numbers["calibrated"] + Decimal(round(expected, 2))
    ends = odds.interval(
        numbers["calibrated"] - what.numbers["closed"], what.variance + variance, what.doubt + doubt
    ) if known.steps else ()  # fmt: skip
    low, high = (what.numbers["closed"] + Decimal(round(end, 2)) for end in ends) if ends else (None, None)
    return BacktestRow(
        team_id=team, starts_on=quarter.starts_on, ends_on=last, days_before=days, low=low, high=high,
        actual=closed.actual[team, last], **{name: numbers.get(name, Decimal(0)) for name in NUMBERS},
    )  # fmt: skip


def remember(rows, scores):
    """Keep the quality with the newest odds; nothing to keep when none were learned."""
    newest = OddsModel.objects.order_by("-pk").first()
    if newest is None:
        return
    everybody = [row for row in rows if row.team_id is None and row.low is not None]
    inside = [row for row in everybody if row.low <= row.actual <= row.high]
    newest.quality = {name: {"brier": s.brier, "deals": s.deals, "table": s.table()} for name, s in scores.items()} | {
        "coverage": len(inside) / len(everybody) if everybody else None, "cases": len(everybody),
        "settled": odds.SETTLED, "zone": settings.TIME_ZONE,
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
    """ "better", "worse" or "same": how the calibrated odds compare with the stages' own; None without deals.

    "few" when fewer than ENOUGH deals say so: chance alone would do.
    """
    ours, theirs = (quality.get(name, {}).get("brier") for name in ("calibrated", "stage"))
    if ours is None or theirs is None:
        return None
    if quality["calibrated"].get("deals", ENOUGH) < ENOUGH:
        return "few"
    if abs(ours - theirs) < 0.0005:
        return "same"
    return "better" if ours < theirs else "worse"
