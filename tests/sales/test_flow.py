"""What changed in the forecast: each deal in a class, and the classes add up to the cent."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from sales import flow, rollup
from sales.models import Opportunity
from sales.periods import parse
from sales.rollup import Scope
from tests.sales.moving import at, change, deal, one_of_many, upheaval

ALL = Scope(everybody=True)
Q4 = parse("2026-Q4", 1)
MONDAY, SUNDAY = at(date(2026, 11, 2), 0), at(date(2026, 11, 8), 23)
BEFORE, WITHIN = at(date(2026, 10, 1)), at(date(2026, 11, 4))


def summed(lines):
    """{category: what all classes did to it}."""
    return {c: sum((line.by_category.get(c, Decimal(0)) for line in lines), Decimal(0)) for c in flow.CATEGORIES}


def difference(start, end, period, scope):
    """{category: end - start}, from the deals as they stood."""
    before, after = flow.as_of(start, period, scope), flow.as_of(end, period, scope)
    return {category: after[category] - before[category] for category in flow.CATEGORIES}


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_classes_add_up_to_the_cent(cast, seed):
    """FC-8: for any two moments, periods and scopes, whatever happened."""
    chance = random.Random(seed)
    owners = [cast.alice, cast.charlie, cast.bob, None]
    start = at(date(2026, 1, 5))
    _deals, end = upheaval(seed, owners, 250, start)
    scopes = [ALL, Scope(owner=cast.alice.pk), Scope(teams=(cast.north.pk, cast.sales.pk)),
              Scope(teams=(cast.south.pk,), owner=cast.bob.pk)]  # fmt: skip
    for _turn in range(25):
        first, second = sorted(start + (end - start) * chance.random() for _n in range(2))
        period = parse(chance.choice(["2026-Q1", "2026-Q2", "2026", "2026-05", "2027-Q1"]), 1)
        for scope in scopes:
            assert summed(flow.classes(first, second, period, scope)) == difference(first, second, period, scope)


def test_now_is_what_the_deals_say(cast):
    """FC-7: the latest rows up to now are the deals themselves, and the sums that the page reads."""
    upheaval(5, [cast.alice, cast.bob], 150, at(date(2026, 1, 5)))
    for key in ("2026-Q1", "2026-Q3", "2026"):
        period = parse(key, 1)
        said = {c: Decimal(0) for c in flow.CATEGORIES}
        for row in rollup.sums(period, ALL):
            if row.category in said:
                said[row.category] += row.amount
        assert flow.as_of(at(date(2027, 12, 31)), period, ALL) == said


CASES = [
    # class, how the deal was before the week (None: it was not there), what happened in it, what each category gained
    ("new", None, {}, {"best": 100}),
    ("won", {}, {"stage": "Won", "amount": 120}, {"best": -100, "closed": 120}),
    ("won", None, {"stage": "Won"}, {"closed": 100}),
    ("lost", {}, {"stage": "Lost"}, {"best": -100}),
    ("reopened", {"stage": "Lost"}, {"stage": "Proposal"}, {"best": 100}),
    ("reopened", {"stage": "Won"}, {"stage": "Proposal"}, {"best": 100, "closed": -100}),
    ("pulled_in", {"close": date(2027, 2, 1)}, {"close_date": date(2026, 12, 1)}, {"best": 100}),
    ("pushed_in", {"close": date(2026, 9, 1)}, {"close_date": date(2026, 12, 1)}, {"best": 100}),
    ("pushed_out", {}, {"close_date": date(2027, 1, 1)}, {"best": -100}),
    ("pulled_out", {}, {"close_date": date(2026, 9, 30)}, {"best": -100}),
    ("increased", {}, {"amount": 150}, {"best": 50}),
    ("decreased", {}, {"amount": Decimal("99.99")}, {"best": Decimal("-0.01")}),
    ("moved", {}, {"stage": "Negotiation"}, {"best": -100, "commit": 100}),
    ("moved", {}, {"category": "omitted"}, {"best": -100}),
    ("deleted", {}, {"deleted_at": WITHIN}, {"best": -100}),
    ("restored", {"deleted_at": BEFORE}, {"deleted_at": None}, {"best": 100}),
    ("currency", {}, {"amount_base": 90}, {"best": -10}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "before", "happened", "gained"), CASES)
def test_each_class(cast, key, before, happened, gained):
    """FC-8."""
    found = deal(cast.alice, 100, when=WITHIN if before is None else BEFORE, **(before or {}))
    change(found, WITHIN + timedelta(hours=1), **happened)
    (line,) = flow.classes(MONDAY, SUNDAY, Q4, ALL)
    assert (line.key, line.deals, line.by_category) == (key, 1, gained)
    path = sorted(gained, key=gained.get)
    amount = max(gained.values()) if len(path) > 1 else line.total
    assert flow.changes(MONDAY, SUNDAY, Q4, ALL)[1] == [(key, found.pk, amount, path)]


def test_what_changes_hands_is_gained_and_given(cast):
    """FC-8: in the sums of everybody nothing changed."""
    found = deal(cast.alice, 100, when=BEFORE)
    change(found, WITHIN, owner=cast.charlie, team=cast.south)
    (given,) = flow.classes(MONDAY, SUNDAY, Q4, Scope(owner=cast.alice.pk))
    (gained,) = flow.classes(MONDAY, SUNDAY, Q4, Scope(teams=(cast.south.pk,)))
    assert (given.key, given.total, gained.key, gained.total) == ("given", -100, "gained", 100)
    assert flow.classes(MONDAY, SUNDAY, Q4, ALL) == []


def test_moved_and_increased_are_told_apart(cast):
    """FC-8: one deal, two things."""
    found = deal(cast.alice, 100, when=BEFORE)
    change(found, WITHIN, stage="Negotiation", amount=130)
    lines = {line.key: line.by_category for line in flow.classes(MONDAY, SUNDAY, Q4, ALL)}
    assert lines == {"moved": {"best": -100, "commit": 100}, "increased": {"commit": 30}}


def test_there_and_back_is_no_change(cast):
    """What was undone within the week is not news."""
    found = deal(cast.alice, 100, when=BEFORE)
    change(found, WITHIN, close_date=date(2027, 1, 1))
    change(found, WITHIN + timedelta(hours=1), close_date=date(2026, 12, 31))
    assert flow.classes(MONDAY, SUNDAY, Q4, ALL) == []


def test_a_later_rate_changes_no_snapshot(cast):
    """FC-9: the amounts of a closed quarter stand as they were computed."""
    found = deal(cast.alice, 100, amount_base=90, currency="USD", stage="Won", close=date(2026, 9, 15), when=BEFORE)
    period, then = parse("2026-Q3", 1), at(date(2026, 10, 2))
    assert flow.as_of(then, period, ALL)["closed"] == 90
    change(found, WITHIN, amount_base=80)
    assert flow.as_of(then, period, ALL)["closed"] == 90
    assert flow.as_of(SUNDAY, period, ALL)["closed"] == 80
    assert Opportunity.objects.unscoped("the test").get().amount_base == 80


def test_random_changes_keep_their_seed(cast):
    """The property tests see the same deals every time."""
    chance, deals = random.Random(1), []
    one_of_many(chance, [cast.alice], deals, BEFORE)
    assert deals[0].amount == deals[0].amount_base
