"""Coming business: what a quarter brings on top of what is closed and what the odds give of the deals that are in it.

Deals are made, or pulled in, after any day on which one asks, so the open ones alone say too little, the more so the
earlier one asks. How much came on top in the settled quarters, so many days before their end, in parts of the scale
(the mean of what closed in the last two settled quarters), is the best guess of what will; how far these parts lay
apart, beyond what chance gives single deals, is how wrong it may be. That covers everything that moves many deals at
once: a market, a campaign, rates that are off. As a few quarters say little of their own spread, it is drawn towards
MISS of the mean as if PRIOR more quarters had shown that, and widened as Student's distribution says.

Months add up to quarters and years: what comes within some days grows evenly between the days that were looked at.
"""

from collections import defaultdict
from dataclasses import dataclass
from math import sqrt

from django.db import connection, transaction

from crm_site.core.loading import insert_many
from sales import odds, rollup
from sales.models import OddsCell
from sales.periods import add_months

QUARTERS_OF_SCALE = 2
PRIOR, MISS = 2, 0.2
MONTHS = 15


@dataclass(frozen=True)
class Coming:
    """What comes within so many days, in parts of the scale: `steps` are (days, mean, miss), both never falling.

    `burst` is the mean size of a deal weighed by its size: so much each of them adds to the variance.
    """

    steps: tuple = ()
    burst: float = 0.0

    def within(self, days):
        """(mean, miss) of the days up to and with the one so many days from now; nothing of days that are over."""
        if days < 0 or not self.steps:
            return 0.0, 0.0
        last, *most = self.steps[-1]
        if days >= last:
            return tuple(value * (days + 1) / (last + 1) for value in most)
        before = max(step for step in self.steps if step[0] <= days)
        after = min(step for step in self.steps if step[0] > days)
        part = (days - before[0]) / (after[0] - before[0])
        return tuple(low + part * (high - low) for low, high in zip(before[1:], after[1:], strict=True))

    def sums(self, scale, first, last):
        """(expected, variance, doubt) of what comes from the first to the last of some days from now."""
        until, before = self.within(last), self.within(first - 1)
        expected, doubt = (scale * (now - then) for now, then in zip(until, before, strict=True))
        return expected, self.burst * expected, doubt


def student(freedom):
    """By how much Student's distribution is wider than the normal one where both hold four fifths of the sums."""
    z = odds.EIGHTY
    return 1 + (z**2 + 1) / (4 * freedom) + (5 * z**4 + 16 * z**2 + 3) / (96 * freedom**2)


def learn(seen, burst):
    """The Coming learned from {days before the end: [(what came on top, what of its variance is chance, scale)]}.

    The first two are parts of the scale and of its square; a quarter counts as much as its scale.
    """
    steps, mean, miss = [], 0.0, 0.0
    for days, samples in sorted(seen.items()):
        if not samples:
            continue
        number, whole = len(samples), sum(scale for _top, _chance, scale in samples)
        middle = sum(top * scale for top, _chance, scale in samples) / whole
        mean, freedom = max(mean, middle), number - 1 + PRIOR
        apart = number * sum(scale * (top - middle) ** 2 for top, _chance, scale in samples) / whole
        chance = sum(chance for _top, chance, _scale in samples) / number
        beyond = max(0.0, (apart + PRIOR * (MISS * mean) ** 2) / freedom - chance)
        miss = max(miss, student(freedom) * sqrt(beyond * (1 + 1 / number)))
        steps.append((days, mean, miss))
    return Coming(tuple(steps), burst)


@transaction.atomic
def put(known, settled, today):
    """Write what comes for each owner and team in this and the following months; `settled` are the last quarters."""
    scales = defaultdict(float)
    for quarter in settled:
        for row in rollup.sums(quarter, rollup.Scope(everybody=True)):
            if row.category == "closed":
                scales[row.owner_id, row.team_id] += float(row.amount) / len(settled)
    spans = [(add_months(today, n), add_months(today, n + 1)) for n in range(MONTHS)]
    made = []
    for (owner, team), scale in scales.items() if known.steps else ():
        for month, after in spans:
            first = max((month - today).days, 0)
            sums = known.sums(scale, first, (after - today).days - 1)
            made.append(OddsCell(owner_id=owner, team_id=team, month=month, coming=True, expected=round(sums[0], 2),
                                 variance=sums[1], doubt=sums[2]))  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE sales_oddscell IN SHARE ROW EXCLUSIVE MODE")
    OddsCell.objects.filter(coming=True).delete()
    insert_many(OddsCell, made)
