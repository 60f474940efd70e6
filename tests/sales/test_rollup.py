"""The roll-up: kept by what changed, it always says what all deals say."""

import random
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from sales import rollup
from sales.models import ForecastCell, Opportunity, OpportunityChange, Stage
from sales.periods import parse
from sales.rollup import Scope
from tests.sales.moving import at, change, deal, one_of_many, stages

ALL = Scope(everybody=True)
WHOLE = [parse("2026", 1), parse("2027", 1)]


def cells():
    """The cells as plain rows."""
    keys = ("owner", "team", "month", "stage", "category")
    return {
        row[:5]: row[5:] for row in ForecastCell.objects.values_list(*keys, "deals", "unrated", "amount", "weighted")
    }


def grouped():
    """What the deals themselves say, read one by one."""
    found = {}
    for d in Opportunity.objects.unscoped("the reference").filter(deleted_at=None):
        key = (d.owner_id, d.team_id, d.close_date.replace(day=1), d.stage_id, d.category)
        old = found.get(key, (0, 0, Decimal(0), Decimal(0)))
        unrated = int(d.amount is not None and d.amount_base is None)
        found[key] = (old[0] + 1, old[1] + unrated, old[2] + (d.amount_base or 0), old[3] + d.weighted_base)
    return found


def read_exactly():
    """{(owner, team, category): (deals, unrated, amount, weighted)} as the page reads it."""
    found = {}
    for period in WHOLE:
        for s in rollup.sums(period, ALL):
            old = found.get((s.owner_id, s.team_id, s.category), (0, 0, 0, 0))
            found[s.owner_id, s.team_id, s.category] = tuple(
                a + b for a, b in zip(old, (s.deals, s.unrated, s.amount, s.weighted), strict=True)
            )
    return found


def by_category(rows):
    """Cells added up to what a page reads."""
    found = {}
    for (owner, team, _month, _stage, category), values in rows.items():
        old = found.get((owner, team, category), (0, 0, 0, 0))
        found[owner, team, category] = tuple(a + b for a, b in zip(old, values, strict=True))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_incremental_equals_rebuilt_equals_grouped(cast, seed):
    """FC-2, FC-9: whatever happens to deals, the sums follow, and what is read is exact before they do."""
    chance, deals, when = random.Random(seed), [], at(date(2026, 1, 5))
    owners = [cast.alice, cast.bob, cast.charlie, None]
    for turn in range(120):
        one_of_many(chance, owners, deals, when)
        if turn % 7 == 0:
            assert read_exactly() == by_category(grouped())
        if turn % 11 == 0:
            rollup.roll_up(limit=chance.choice((1, 3, 100)))
    while rollup.roll_up(limit=5).changes:
        pass
    incremental = cells()
    assert incremental == grouped()
    assert read_exactly() == by_category(incremental)
    rollup.rebuild()
    assert cells() == incremental
    assert not ForecastCell.objects.filter(deals=0).exists()
    assert rollup.repair() == 0


def test_one_changed_deal_touches_at_most_three_cells(cast):
    """PERFORMANCE 14."""
    deals = [deal(cast.alice, 100 + n, close=date(2026, 1 + n % 12, 5)) for n in range(60)]
    rollup.roll_up()
    change(deals[0], amount=500, close_date=date(2026, 9, 1), owner=cast.charlie, stage="Negotiation")
    with CaptureQueriesContext(connection) as asked:
        assert rollup.roll_up().cells <= 2
    assert len([q for q in asked if q["sql"].lstrip().startswith(("WITH", "DELETE", "LOCK"))]) == 3
    assert cells() == grouped()


def test_an_empty_cell_is_deleted(cast):
    """A deal that moved on leaves nothing behind."""
    found = deal(cast.alice, 100)
    rollup.roll_up()
    change(found, close_date=date(2027, 1, 1))
    rollup.roll_up()
    assert ForecastCell.objects.count() == 1
    change(found, deleted_at=at(date(2026, 11, 1)))
    rollup.roll_up()
    assert ForecastCell.objects.count() == 0


def test_a_killed_worker_leaves_nothing_half(cast):
    """What was not committed is due again."""
    deal(cast.alice, 100)

    class Killed(Exception):
        pass

    def die():
        with transaction.atomic():
            rollup.roll_up()
            raise Killed

    with pytest.raises(Killed):
        die()
    assert ForecastCell.objects.count() == 0
    assert OpportunityChange.objects.filter(rolled_up=False).count() == 1
    assert rollup.roll_up().changes == 1
    assert rollup.roll_up().changes == 0
    assert cells() == grouped()


def test_deals_without_a_rate_are_counted_apart(cast):
    """FC-9."""
    deal(cast.alice, 100)
    deal(cast.alice, 70, currency="USD", amount_base=None)
    deal(cast.alice, None)
    (found,) = rollup.sums(WHOLE[0], ALL)
    assert (found.deals, found.unrated, found.amount) == (3, 1, 100)


def test_removed_by_force_is_repaired(cast):
    """A deal that was purged takes its changes along; the nightly comparison notices."""
    found = deal(cast.alice, 100)
    rollup.roll_up()
    OpportunityChange.objects.filter(opportunity=found).delete()
    Opportunity.objects.unscoped("a purge").filter(pk=found.pk).delete()
    assert rollup.repair() == 1
    assert cells() == {}


@pytest.mark.parametrize(("scope", "total"), [
    (lambda c: Scope(owner=c.alice.pk), 10), (lambda c: Scope(teams=(c.south.pk,)), 200),
    (lambda c: Scope(teams=(c.south.pk,), owner=c.alice.pk), 210), (lambda c: Scope(everybody=True), 1210),
])  # fmt: skip
def test_sums_are_of_the_scope_alone(cast, scope, total):
    """FC-10: before and after the roll-up."""
    for owner, amount in ((cast.alice, 10), (cast.charlie, 200), (cast.dora, 1000)):
        deal(owner, amount)
    for _turn in range(2):
        assert sum(s.amount for s in rollup.sums(WHOLE[0], scope(cast))) == total
        rollup.roll_up()


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_changes():
    """A change that one worker holds is left alone by the other; nothing counts twice."""
    from threading import Thread

    from tests.cast import make_cast

    cast = make_cast()
    stages()
    for n in range(40):
        deal(cast.alice, 10 + n)
    done = []

    def work():
        try:
            while rolled := rollup.roll_up(limit=4).changes:
                done.append(rolled)
        finally:
            connection.close()

    workers = [Thread(target=work) for _n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    while rolled := rollup.roll_up().changes:
        done.append(rolled)
    assert sum(done) == 40
    assert cells() == grouped()
    assert Stage.objects.exists()
