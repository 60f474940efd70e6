"""Targets: what a person or a team should reach, and how far they are."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_site.core.models import Notification
from crm_site.core.operations import Refused
from customers.models import Activity
from sales import attainment
from sales.models import Credit, Sale, Target
from sales.operations.targets import create_target, repeat_target, update_target
from tests.conftest import fresh
from tests.factories import ActivityFactory
from tests.sales.moving import at, deal
from tests.sales.test_forecast import read

TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def today():
    """A day in the fourth quarter."""
    with time_machine.travel(at(TODAY), tick=False):
        yield


def target(by, value=1000, **values):
    """A target of won amounts in this quarter."""
    return create_target({"value": Decimal(value), "starts_on": TODAY} | values, by=fresh(by))


def credit(user, amount, *, day=TODAY, kind="revenue", family="", count=1):
    """A sale that counts for the user."""
    number = Sale.objects.unscoped("the test").count()
    sale = Sale.objects.create(
        document=f"S-{number}", name="A sale", owner=user, team=user.team, sold_on=day, currency="EUR"
    )
    return Credit.objects.create(
        sale=sale, user=user, team=user.team, kind=kind, family=family, day=day, amount_base=amount, count=count
    )


def test_its_name_and_days_follow(cast):
    """TG-1."""
    made = target(cast.bob, user=cast.alice)
    assert made.name == "Alice Tester · Won amount · Q4 2026"
    assert (made.starts_on, made.ends_on) == (date(2026, 10, 1), date(2026, 12, 31))
    assert (made.owner, made.team) == (cast.alice, cast.north)
    changed = update_target(made, {"period": "month", "value": Decimal(5)}, by=fresh(cast.bob))
    assert changed.name.endswith("October 2026")
    assert changed.ends_on == date(2026, 10, 31)
    assert target(cast.bob, for_team=cast.north).owner is None


@pytest.mark.parametrize("who", [{}, {"user": True, "for_team": True}])
def test_it_is_for_a_person_or_a_team(cast, who):
    """TG-1."""
    chosen = {"user": cast.alice, "for_team": cast.north}
    with pytest.raises(Refused):
        target(cast.bob, **{name: chosen[name] for name in who})


def test_each_metric_counts_its_own(cast):
    """TG-1: money, deals, activities; a product family alone; a person's overlay, a team's not."""
    credit(cast.alice, 300)
    credit(cast.alice, 200, kind="overlay", family="Seats")
    credit(cast.alice, 999, day=date(2026, 9, 30))
    credit(cast.charlie, 50, count=Decimal("0.5"))
    for status in (Activity.DONE, Activity.OPEN):
        ActivityFactory(owner=cast.alice, status=status, done_at=at(TODAY) if status == Activity.DONE else None)
    expected = [
        ({"user": cast.alice}, 500), ({"user": cast.alice, "family": "Seats"}, 200), ({"for_team": cast.sales}, 350),
        ({"for_team": cast.sales, "metric": "won_count"}, Decimal("1.5")),
        ({"user": cast.alice, "metric": "activities"}, 1), ({"for_team": cast.north, "metric": "activities"}, 1),
        ({"user": cast.alice, "metric": "leads_converted"}, 0), ({"user": cast.charlie}, 50),
    ]  # fmt: skip
    targets = [target(cast.bob, **values) for values, _reached in expected]
    with CaptureQueriesContext(connection) as asked:
        reached = attainment.attained(targets)
    assert len(asked) == 1
    assert [reached[t.pk] for t in targets] == [reached for _values, reached in expected]


def test_pace_and_coverage(cast):
    """TG-2: in deals of the median size, and the weighted open deals against the gap."""
    made = target(cast.bob, 1000, user=cast.alice)
    credit(cast.alice, 380)
    for amount in (100, 200, 900):
        deal(cast.alice, amount, stage="Won", close=date(2026, 8, 1), when=at(date(2026, 8, 1)))
    deal(cast.alice, 620, close=date(2026, 12, 1))
    attainment.learn_sizes(new=True)
    made.refresh_from_db()
    (found,) = attainment.progress([made])
    assert (found.gap, found.needed) == (620, Decimal("3.1"))
    assert found.pace == "needs 3.1 deals of the median size by 31 Dec"
    assert found.coverage == Decimal("0.5")
    with time_machine.travel(at(date(2027, 1, 5)), tick=False):
        (late,) = attainment.progress([made])
    assert (late.pace, late.coverage) == ("ended 620 short", None)
    credit(cast.alice, 620)
    (full,) = attainment.progress([made])
    assert (full.pace, full.coverage) == ("reached", None)


def test_pace_and_coverage_stand_wherever_a_target_does(cast, client_of):
    """TG-2: in the list of targets, on the home page and beside the target itself; a team's counts all below it."""
    target(cast.bob, 1000, user=cast.alice)
    target(cast.rita, 2000, for_team=cast.sales)
    deal(cast.alice, 200, stage="Won", close=date(2026, 8, 1), when=at(date(2026, 8, 1)))
    deal(cast.charlie, 600, stage="Won", close=date(2026, 8, 1), when=at(date(2026, 8, 1)))
    deal(cast.alice, 500, close=date(2026, 12, 1))
    deal(cast.charlie, 900, close=date(2026, 12, 1))
    attainment.learn_sizes()
    page = client_of(cast.bob).get("/targets/attainment/?period=2026-Q4")
    assert [(row.pace, row.coverage) for row in page.context["rows"]] == [
        ("needs 5.0 deals of the median size by 31 Dec", Decimal("0.25")),
        ("needs 5.0 deals of the median size by 31 Dec", Decimal("0.35")),
    ]
    with CaptureQueriesContext(connection) as asked:
        assert attainment.progress([row.target for row in page.context["rows"]])
    assert len(asked) == 3
    home = client_of(cast.alice).get("/home/quarter/").content.decode()
    assert "needs 5.0 deals of the median size by 31 Dec · open deals, weighted, are 0.25 times the gap" in home


def test_half_most_and_all_are_told_once(cast):
    """TG-2: and told again only when a cancelled sale had taken it away."""
    made = target(cast.bob, 1000, user=cast.alice)
    said = []
    for amount in (400, 100, 50, 350, 100):
        credit(cast.alice, amount)
        attainment.tell()
        said.append(attainment.tell())
    texts = list(Notification.objects.filter(user=cast.alice).order_by("pk").values_list("text", flat=True))
    assert said == [0, 0, 0, 0, 0]
    assert [text.split()[0] for text in texts] == ["50", "90", "100"]
    taken = credit(cast.alice, -200)
    attainment.tell()
    made.refresh_from_db()
    assert made.notified == [50]
    taken.delete()
    with time_machine.travel(at(TODAY + timedelta(days=1)), tick=False):
        assert attainment.tell() == 1
    assert Notification.objects.filter(user=cast.alice).count() == 4


def test_a_managers_quota_stands_beside_those_given_out(cast, client_of):
    """TG-1: the gap between them is shown, on the forecast and beside the target alike."""
    deal(cast.alice, 10, close=TODAY)
    target(cast.bob, 700, user=cast.alice)
    managers = target(cast.rita, 1500, user=cast.bob)
    target(cast.bob, 300, user=cast.charlie)
    total = read(cast.bob).total
    assert (total.target.value, total.reports, total.uncovered) == (1500, 1000, 500)
    credit(cast.alice, 350)
    page = client_of(cast.bob).get(f"/targets/{managers.pk}/progress/").content.decode()
    assert "Given out right below: 1,000 in 2 targets; not given out 500." in page
    page = client_of(cast.bob).get("/forecast/?period=2026-Q4").content.decode()
    assert "given out 1,000" in page
    assert "not given out 500" in page
    rows = {row.label: row for row in read(cast.bob, cast.north.pk).rows}
    assert (rows["Alice Tester"].attainment, rows["Alice Tester"].gap) == (50, 350)


def test_a_rep_sees_the_own_target_alone(cast, client_of):
    """FC-10."""
    mine, other = target(cast.bob, user=cast.alice), target(cast.bob, user=cast.charlie)
    browser = client_of(cast.alice)
    assert browser.get(f"/targets/{mine.pk}/").status_code == 200
    assert browser.get(f"/targets/{mine.pk}/progress/").status_code == 200
    assert browser.get(f"/targets/{other.pk}/").status_code == 404
    assert browser.get(f"/targets/{other.pk}/progress/").status_code == 404
    page = browser.get("/targets/attainment/?period=2026-Q4").content.decode()
    assert "Alice Tester" in page
    assert "Charlie" not in page
    assert client_of(cast.nora).get("/targets/attainment/").status_code == 404


def test_targets_repeat(cast, client_of):
    """TG-1: the quarters after it, those that are there left alone."""
    made = target(cast.bob, user=cast.alice)
    assert [t.name.split(" · ")[-1] for t in repeat_target(made, 3, by=fresh(cast.bob))] == [
        "Q1 2027",
        "Q2 2027",
        "Q3 2027",
    ]
    assert len(repeat_target(made, 4, by=fresh(cast.bob))) == 1
    browser, url = client_of(cast.bob), f"/targets/{made.pk}/repeat/"
    assert url in browser.get(f"/targets/{made.pk}/").content.decode()
    assert "There are such targets" in browser.post(url, {"turns": 4}).content.decode()
    assert browser.post(url, {"turns": 5}).status_code == 302
    assert client_of(cast.alice).post(url, {"turns": 9}).status_code == 404
    assert Target.objects.unscoped("the test").count() == 6
