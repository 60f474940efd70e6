"""Odds learned from the company's own history."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sales import forecasting, odds
from sales.models import DealOdds, OddsCell, OddsModel
from tests.sales.moving import at, change, deal, stages

TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def today():
    """A day in the fourth quarter."""
    with time_machine.travel(at(TODAY), tick=False):
        yield


def history(owner, won, lost, *, stage="Proposal", close=date(2026, 3, 20), pushed=0):
    """Deals of a past quarter that stood in a stage for weeks and then ended."""
    made = at(close - timedelta(days=60))
    for n in range(won + lost + pushed):
        found = deal(owner, 100, stage=stage, close=close, when=made)
        if n >= won + lost:
            change(found, at(close), close_date=close + timedelta(days=90))
            change(found, at(close + timedelta(days=80)), stage="Won")
        else:
            change(found, at(close), stage="Won" if n < won else "Lost")


def test_without_history_the_odds_are_the_stages_own(cast):
    """Shrinkage towards the default."""
    found = deal(cast.alice, 100, close=date(2026, 12, 10))
    odds.apply()
    assert DealOdds.objects.get(opportunity=found).probability == pytest.approx(0.5)


def test_history_moves_the_odds(cast):
    """What was won one time in ten is not even."""
    history(cast.alice, won=20, lost=180)
    model = odds.learn()
    assert model.samples > 200
    found = deal(cast.alice, 100, close=date(2026, 12, 10), when=at(TODAY - timedelta(days=20)))
    odds.apply()
    given = DealOdds.objects.get(opportunity=found)
    assert 0.09 < given.probability < 0.2
    assert 0 < given.spread < 0.1


def test_a_deal_that_was_pushed_and_won_later_is_a_miss(cast):
    """The outcome is: won within the quarter that its close date named."""
    history(cast.alice, won=0, lost=0, pushed=40, close=date(2026, 2, 10))
    rows = [row for row in odds.count(TODAY) if row[0] == date(2026, 3, 31)]
    assert sum(row[5] for row in rows) >= 40
    assert sum(row[6] for row in rows) == 0


def test_only_settled_quarters_teach(cast):
    """Nothing is learned from what could not be known yet."""
    history(cast.alice, won=5, lost=5)
    counts = odds.count(TODAY)
    assert counts
    assert odds.count(date(2026, 4, 10)) == []
    assert odds.rates_before(date(2026, 4, 10), counts, odds.defaults()).samples == 0
    assert odds.rates_before(date(2026, 4, 16), counts, odds.defaults()).samples > 0


def test_a_bucket_is_drawn_to_the_coarser_one():
    """Beta-binomial, by hand: few samples move little, many decide."""
    counts = [(1, 2, 0, 0, 2, 2), (1, 3, 0, 0, 1000, 100)]
    rates = odds.Rates(counts, {1: 0.5})
    stage = (102 + 20 * 0.5) / (1002 + 20)
    assert rates.mean((1,)) == pytest.approx(stage)
    few = (2 + 20 * stage) / 22
    assert rates.mean((1, 2)) == pytest.approx(few)
    assert rates.rate(1, 2, 0, 0).p == pytest.approx((2 + 20 * (2 + 20 * few) / 22) / 22)
    assert rates.rate(1, 3, 0, 0).p == pytest.approx(0.1, abs=0.005)
    assert rates.rate(1, 3, 0, 0).spread < rates.rate(1, 2, 0, 0).spread
    assert odds.Rates([], {1: 0.5}).rate(1, 0, 0, 0).p == 0.5
    assert odds.Rates([], {}).grid()["rates"] == []


def test_a_closed_or_overdue_deal_has_none(cast):
    """Open deals of a quarter that is over cannot be won within it."""
    late, soon = deal(cast.alice, 100, close=date(2026, 9, 1)), deal(cast.alice, 100, close=date(2026, 12, 1))
    odds.apply()
    assert DealOdds.objects.get(opportunity=late).probability == 0
    change(soon, stage="Won")
    forecasting.keep_up()
    assert not DealOdds.objects.filter(opportunity=soon).exists()
    assert not OddsCell.objects.filter(expected__gt=0).exists()


def test_the_sums_follow_what_changed(cast):
    """A change of one deal makes the owner's cells anew, and they equal those made from all deals."""
    deals = [deal(cast.alice, 100 + n, close=date(2026, 12, 1)) for n in range(5)] + [deal(cast.charlie, 7)]
    odds.apply()
    forecasting.keep_up()
    change(deals[0], amount=900, owner=cast.charlie, team=cast.south)
    change(deals[1], owner=None, team=None)
    deal(cast.bob, 50)
    forecasting.keep_up()
    kept = set(OddsCell.objects.values_list("owner", "team", "month", "expected"))
    odds.apply()
    assert kept == set(OddsCell.objects.values_list("owner", "team", "month", "expected"))
    assert len(kept) == 5


def test_statements_do_not_grow_with_the_deals(cast):
    """Set-based."""
    counts = []
    for _turn in range(2):
        for n in range(20):
            deal(cast.alice, n)
        with CaptureQueriesContext(connection) as asked:
            odds.apply()
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_interval_holds_the_deals_chance_and_the_rates_doubt():
    """80 %: 1.2816 standard deviations to each side."""
    low, high = odds.interval(100, 300, 10)
    assert (high - low) / 2 == pytest.approx(1.2816 * 20)
    assert odds.interval(1, 10_000, 0)[0] == 0


def test_old_models_are_dropped(cast):
    """Thirty nights are kept."""
    stages()
    for _n in range(33):
        odds.learn()
    assert OddsModel.objects.count() == odds.KEPT
