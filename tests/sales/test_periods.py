"""Periods of a fiscal year that starts in any month."""

import itertools
from datetime import date, timedelta

import pytest

from crm_site.core.models import Setting
from sales import periods
from sales.periods import MONTH, QUARTER, YEAR, parse, period_of


@pytest.mark.parametrize("start", range(1, 13))
def test_months_roll_exactly_into_quarters_and_years(start):
    """FC-3."""
    for n in range(0, 800, 7):
        day = date(2025, 1, 1) + timedelta(days=n)
        for kind in (QUARTER, YEAR):
            whole = period_of(day, kind, start)
            months = [period_of(month, MONTH, start) for month in whole.months]
            assert (months[0].starts_on, months[-1].ends_on) == (whole.starts_on, whole.ends_on)
            assert all(a.ends_on + timedelta(days=1) == b.starts_on for a, b in itertools.pairwise(months))
            assert day in whole


@pytest.mark.parametrize("start", range(1, 13))
@pytest.mark.parametrize("kind", [MONTH, QUARTER, YEAR])
def test_keys_and_neighbours_lead_back(start, kind):
    """FC-3."""
    for n in range(0, 800, 31):
        found = period_of(date(2025, 1, 1) + timedelta(days=n), kind, start)
        assert parse(found.key, start) == found
        assert found.next().starts_on == found.ends_on + timedelta(days=1)
        assert found.next().next(-1).starts_on == found.starts_on
        assert parse(found.next().key, start).ends_on == found.next().ends_on


def test_a_fiscal_year_is_named_after_both_its_years():
    """FC-3."""
    assert period_of(date(2026, 4, 1), QUARTER, 4).label == "Q1 2026/27"
    assert period_of(date(2026, 3, 31), QUARTER, 4).key == "2025-Q4"
    assert period_of(date(2026, 11, 5), QUARTER, 1).label == "Q4 2026"
    assert period_of(date(2026, 11, 5), YEAR, 1).ends_on == date(2026, 12, 31)


@pytest.mark.django_db
def test_the_fiscal_year_is_a_setting():
    """FC-3; nonsense counts as January."""
    assert periods.start_month() == 1
    Setting.objects.create(name="fiscal", value={"start_month": 7})
    assert period_of(date(2026, 7, 1), QUARTER).key == "2026-Q1"
    Setting.objects.update(value={"start_month": "x"})
    assert periods.start_month() == 1


@pytest.mark.parametrize("key", ["", None, "2026-Q5", "2026-13", "26", "2026-1", "2026-Q", "0001", "٢٠٢٦", "9999-12"])
def test_what_is_no_period_is_none(key):
    """Addresses are typed by people."""
    assert parse(key, 1) is None


def test_the_chooser_offers_what_is_near():
    """FC-3."""
    offered = periods.around(date(2026, 11, 5), 1)
    assert "2026-Q4" in [p.key for p in offered]
    assert len({p.key for p in offered}) == len(offered) == 11
