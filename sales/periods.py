"""Periods: months, quarters and years of a fiscal year that may start in any month; months add up to both exactly."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import formats
from django.utils.translation import gettext as _

from crm_site.core.models import Setting

MONTH, QUARTER, YEAR = "month", "quarter", "year"
LENGTHS = {MONTH: 1, QUARTER: 3, YEAR: 12}
KEY = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", re.ASCII)


@dataclass(frozen=True)
class Period:
    """A month, quarter or year from its first to its last day.

    `key` stands in addresses: "2026-11" is a month of the calendar, "2026-Q4" and "2026" are of the fiscal year that
    starts in 2026.
    """

    kind: str
    starts_on: date
    ends_on: date
    key: str
    label: str

    def __contains__(self, day):
        return self.starts_on <= day <= self.ends_on

    @property
    def months(self):
        """The first days of its months."""
        return [add_months(self.starts_on, n) for n in range(LENGTHS[self.kind])]

    def next(self, turns=1):
        """The period of the same kind so many turns later; earlier for a negative number."""
        day = add_months(self.starts_on, turns * LENGTHS[self.kind])
        return period_of(day, self.kind, start_of(self))


def start_of(period):
    """The month in which the fiscal year of a period starts, read off its key."""
    if period.kind == QUARTER:
        return (period.starts_on.month - 1 - 3 * (int(period.key[-1]) - 1)) % 12 + 1
    return period.starts_on.month if period.kind == YEAR else 1


def start_month():
    """The month in which the company's fiscal year starts, 1 to 12; one statement."""
    found = Setting.objects.filter(name="fiscal").values_list("value", flat=True).first() or {}
    month = found.get("start_month", 1)
    return month if isinstance(month, int) and 1 <= month <= 12 else 1


def add_months(day, months):
    """The first day of the month so many months after the day's."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, 1)


def last_day(first, months):
    """The last day of so many months from the first day of one."""
    return add_months(first, months) - timedelta(days=1)


def period_of(day, kind, start=None):
    """The period of the kind that holds the day; `start` is the fiscal year's first month, else the company's."""
    start = start or start_month()
    year = day.year if day.month >= start else day.year - 1
    into = (day.year - year) * 12 + day.month - start
    first = add_months(date(year, start, 1), into - into % LENGTHS[kind])
    quarter = into // 3 + 1
    key = {MONTH: f"{first:%Y-%m}", QUARTER: f"{year:04}-Q{quarter}", YEAR: f"{year:04}"}[kind]
    return Period(kind, first, last_day(first, LENGTHS[kind]), key, label_of(kind, first, year, quarter, start))


def label_of(kind, first, year, quarter, start):
    """A period's name: "November 2026", "Q4 2026", or "Q4 2026/27" where the year is not the calendar's."""
    if kind == MONTH:
        return formats.date_format(first, "YEAR_MONTH_FORMAT")
    named = str(year) if start == 1 else f"{year}/{(year + 1) % 100:02}"
    if kind == YEAR:
        return named
    return _("Q%(quarter)s %(year)s") % {"quarter": quarter, "year": named}


def parse(key, start=None):
    """The period of a key such as "2026-Q4", "2026-11" or "2026"; None for what is none."""
    found = KEY.fullmatch(key or "")
    if not found or not 1900 <= int(found[1]) <= 9000:
        return None
    start = start or start_month()
    year, quarter, month = int(found[1]), found[2], found[3]
    if month:
        return period_of(date(year, int(month), 1), MONTH, start)
    if quarter:
        return period_of(add_months(date(year, start, 1), 3 * (int(quarter) - 1)), QUARTER, start)
    return period_of(date(year, start, 1), YEAR, start)


def around(day, start=None):
    """What a chooser offers: the year, the quarters from two back to three ahead, the months of the day's quarter."""
    start = start or start_month()
    quarter, year = period_of(day, QUARTER, start), period_of(day, YEAR, start)
    quarters = [period_of(add_months(quarter.starts_on, 3 * n), QUARTER, start) for n in range(-2, 4)]
    months = [period_of(month, MONTH, start) for month in quarter.months]
    return [*quarters, *months, year, period_of(add_months(year.starts_on, 12), YEAR, start)]


def days_left(period, day):
    """How many days of the period are left after the day; 0 when it is over."""
    return max(0, (period.ends_on - day).days)
