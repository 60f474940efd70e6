"""What the forecast said of past quarters against what closed."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db.models import Sum

from sales import backtest, flow, forecasting, odds
from sales.models import BacktestRow, OddsCell, OddsModel
from sales.periods import parse
from sales.rollup import Scope
from tests.sales.moving import at, change, deal, upheaval

TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def today():
    """A day in the fourth quarter."""
    with time_machine.travel(at(TODAY), tick=False):
        yield


def test_it_covers_eight_quarters_and_six_moments(cast):
    """Only quarters that are settled."""
    deal(cast.alice, 100, when=at(date(2024, 1, 1)), close=date(2026, 9, 15))
    backtest.run()
    rows = BacktestRow.objects.filter(team=None)
    assert [q.key for q in backtest.quarters(TODAY)] == [
        "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3",
    ]  # fmt: skip
    assert set(rows.values_list("days_before", flat=True)) == {90, 60, 30, 14, 7, 0}
    assert backtest.quarters(date(2026, 10, 10))[-1].key == "2026-Q2"


def test_a_quarter_is_rebuilt_as_it_stood(cast):
    """FC-7: by hand."""
    first = deal(cast.alice, 100, stage="Qualification", close=date(2026, 9, 20), when=at(date(2026, 6, 1)))
    change(first, at(date(2026, 8, 15)), stage="Negotiation", amount=200)
    change(first, at(date(2026, 9, 20)), stage="Won", amount=180)
    late = deal(cast.charlie, 50, close=date(2026, 9, 30), when=at(date(2026, 9, 1)))
    change(late, at(date(2026, 10, 5)), stage="Won")
    backtest.run()
    rows = {row.days_before: row for row in BacktestRow.objects.filter(team=None, ends_on=date(2026, 9, 30))}
    assert {d: (r.closed, r.commit, r.best, r.pipeline) for d, r in rows.items()} == {
        90: (0, 0, 0, 100), 60: (0, 0, 0, 100), 30: (0, 200, 200, 200), 14: (0, 200, 250, 250), 7: (180, 180, 230, 230),
        0: (180, 180, 230, 230),
    }  # fmt: skip
    assert rows[14].weighted == 175
    assert {row.actual for row in rows.values()} == {230}
    north = BacktestRow.objects.get(team=cast.north, ends_on=date(2026, 9, 30), days_before=7)
    assert (north.closed, north.actual) == (180, 180)
    assert BacktestRow.objects.get(team=cast.sales, ends_on=date(2026, 9, 30), days_before=7).actual == 230


def test_past_numbers_equal_the_flow_of_that_day(cast):
    """FC-7, FC-8: two ways to rebuild a past day agree, whatever happened."""
    upheaval(21, [cast.alice, cast.charlie, cast.bob], 300, at(date(2026, 1, 2)))
    backtest.run()
    for row in BacktestRow.objects.filter(team=None, ends_on__year=2026):
        period = parse(f"2026-Q{(row.ends_on.month - 1) // 3 + 1}", 1)
        day = row.ends_on - timedelta(days=row.days_before - 1)
        stood = flow.as_of(at(day, 0) - timedelta(microseconds=1), period, Scope(everybody=True))
        assert (row.closed, row.pipeline) == (stood["closed"], sum(stood.values()))


def test_errors_are_parts_of_what_closed():
    """The sum of all misses against the sum of all that closed."""
    rows = [BacktestRow(days_before=30, actual=a, **dict.fromkeys(backtest.NUMBERS, Decimal(said)))
            for a, said in ((100, 150), (300, 250))]  # fmt: skip
    assert backtest.errors(rows)[30]["commit"] == Decimal("0.25")
    assert (
        backtest.errors([BacktestRow(days_before=7, actual=0, **dict.fromkeys(backtest.NUMBERS, Decimal(0)))])[7][
            "best"
        ]
        is None
    )


def test_the_score_by_hand():
    """Brier: the mean squared difference."""
    score = backtest.Score()
    score.take(0.25, 4, 1)
    assert score.brier == pytest.approx((3 * 0.0625 + 0.5625) / 4)
    assert score.table() == [[20, 4, 25.0, 25.0]]
    score.take(1.0, 1, 1)
    assert score.table()[-1] == [90, 1, 100.0, 100.0]
    assert backtest.Score().brier is None


@pytest.mark.parametrize(
    ("ours", "theirs", "said"), [(0.1, 0.2, "better"), (0.2, 0.1, "worse"), (0.1, 0.1, "same"), (None, 0.1, None)]
)
def test_it_says_plainly_who_is_better(ours, theirs, said):
    """Also when the odds lose."""
    assert backtest.verdict({"calibrated": {"brier": ours}, "stage": {"brier": theirs}}) == said
    few = {"calibrated": {"brier": 0.1, "deals": 7}, "stage": {"brier": 0.2, "deals": 7}}
    assert (backtest.verdict({}), backtest.verdict(few)) == (None, "few")


def steady(owner, chance, years=3):
    """Some years in which a stage that promises 50 % holds one time in five."""
    day = date(2026 - years, 1, 5)
    while day < date(2026, 9, 20):
        for _n in range(3):
            found = deal(owner, chance.randrange(100, 1000), when=at(day), close=day + timedelta(days=40))
            change(found, at(day + timedelta(days=40)), stage="Won" if chance.random() < 0.2 else "Lost")
        day += timedelta(days=6)


def test_the_odds_beat_stages_that_promise_too_much(cast, client_of):
    """Brier, reliability and the page; a wrong verdict would be shown as plainly."""
    steady(cast.alice, random.Random(3))
    forecasting.learn_anew()
    quality = OddsModel.objects.latest("pk").quality
    assert backtest.verdict(quality) == "better"
    assert quality["calibrated"]["deals"] == quality["stage"]["deals"] > 100
    rows = BacktestRow.objects.filter(team=None, days_before=30)
    found = backtest.errors(rows)[30]
    assert found["calibrated"] < found["weighted"]
    page = client_of(cast.bob).get("/forecast/backtest/").content.decode()
    assert "beat the stages" in page
    newest = OddsModel.objects.latest("pk")
    newest.quality |= {"coverage": 0.8, "cases": 5}
    newest.quality["calibrated"]["brier"] = 0.9
    newest.save()
    page = client_of(cast.bob).get("/forecast/backtest/").content.decode()
    assert "do not beat the stages" in page
    assert "80 % of 5 cases. So few cases say little of it." in page
    assert odds.current().samples > 0


def test_a_rep_sees_no_teams_past(cast, client_of):
    """FC-10."""
    deal(cast.charlie, 4321, when=at(date(2026, 1, 1)), close=date(2026, 9, 15), stage="Won")
    backtest.run()
    assert "4,321" in client_of(cast.bob).get("/forecast/backtest/").content.decode()
    for team in ("", f"?team={cast.sales.pk}", f"?team={cast.south.pk}"):
        assert "4,321" not in client_of(cast.alice).get(f"/forecast/backtest/{team}").content.decode()


def test_what_comes_on_top_is_learned_from_settled_quarters(cast, client_of):
    """Deals that are made within the quarter count before they are there; months add up to the quarter."""
    dice, day = random.Random(5), date(2024, 10, 5)
    while day < date(2026, 11, 10):
        late = min(day + timedelta(days=12), date(2026, 11, 15))
        won = deal(cast.alice, dice.randrange(800, 1200), when=at(day), close=day + timedelta(days=40))
        change(won, at(late), stage="Won", close_date=late)
        day += timedelta(days=4)
    forecasting.learn_anew()
    rows = BacktestRow.objects.filter(team=None)
    assert not rows.filter(low=None, ends_on__gt=date(2025, 9, 30)).exists()
    known = rows.exclude(low=None)
    held = [row.low <= row.actual <= row.high for row in known]
    assert sum(held) >= 0.7 * len(held)
    early = [row for row in known if row.days_before == 60]
    assert all(abs(row.calibrated - row.actual) < abs(row.weighted - row.actual) for row in early)
    quality = OddsModel.objects.latest("pk").quality
    assert (quality["cases"], quality["coverage"]) == (len(held), sum(held) / len(held))
    assert f"of {len(held)} cases" in client_of(cast.bob).get("/forecast/backtest/").content.decode()
    quarter = parse("2026-Q4", 1)
    cells = OddsCell.objects.filter(coming=True, owner=cast.alice)
    rest = cells.filter(month__in=quarter.months).aggregate(sum=Sum("expected"))["sum"]
    left = (quarter.ends_on - TODAY).days
    assert 0.6 < float(rest) / (left / 4 * 1000) < 1.4
    assert " to come in" in client_of(cast.bob).get("/forecast/?period=2026-Q4").content.decode()
    page = client_of(cast.bob).get("/forecast/?period=2024-Q4").content.decode()
    assert " to come in" not in page
