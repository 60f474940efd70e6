"""Working time: the cases of other systems, and what always holds."""

import json
import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_site.core.hours_admin import read_windows
from crm_site.core.models import Calendar, Holiday
from crm_site.core.worktime import (
    Hours,
    NeverOpen,
    add_minutes,
    add_time,
    default_hours,
    hours_of,
    is_open,
    next_open,
    read_week,
    take_time,
    time_between,
)

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = read_week(Calendar.OFFICE)


def cases():
    """The cases of working time in the data folder, found by what they hold."""
    for path in sorted(DATA.glob("sla/*.json")):
        found = json.loads(path.read_text()).get("cases", [])
        if found and {"op", "calendar"} <= set(found[0]):
            return found
    return []


def at(text, zone):
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=zone)


def hours_in(calendar):
    zone = ZoneInfo(calendar["timezone"])
    days = {date.fromisoformat(day): () for day in calendar["holidays"]}
    for day, windows in calendar.get("special_hours", {}).items():
        days |= {date.fromisoformat(day): read_week({"mon": windows})[0]}
    return Hours(zone, read_week(calendar["hours"]), days)


@pytest.mark.real_data
@pytest.mark.parametrize("case", [pytest.param(c, id=c["id"]) for c in cases()] or [None])
def test_the_cases_of_other_systems(case):
    """AS-3: the clock is exact."""
    if case is None:
        pytest.skip("no data folder")
    hours = hours_in(case["calendar"])
    start = at(case["start"], hours.zone)
    if case["op"] == "between":
        assert time_between(start, at(case["end"], hours.zone), hours).total_seconds() == case["expected_seconds"]
        return
    span, expected = timedelta(seconds=case["seconds"]), at(case["expected"], hours.zone)
    if case["op"] == "subtract":
        assert take_time(start, span, hours) == expected
        return
    if case.get("pauses"):
        span = paused(case, start, hours)
    assert add_time(start, span, hours) == expected


def paused(case, start, hours):
    """The span with the working time of the pauses that begin before it is over."""
    span = timedelta(seconds=case["seconds"])
    for begin, end in case["pauses"]:
        if at(begin, hours.zone) < add_time(start, span, hours):
            span += time_between(at(begin, hours.zone), at(end, hours.zone), hours)
    return span


MOMENTS = st.integers(0, 4 * 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
WINDOW = st.tuples(st.integers(0, 1300), st.integers(60, 1440)).filter(lambda w: w[0] < w[1])
WEEKS = st.lists(st.lists(WINDOW, max_size=3).map(tuple), min_size=7, max_size=7).map(tuple).filter(any)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo"]
)
CALENDARS = st.builds(
    lambda zone, week, days: Hours(ZoneInfo(zone), week, days),
    ZONES,
    WEEKS,
    st.dictionaries(st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.sampled_from([(), ((540, 720),)]), max_size=8),
)


@settings(max_examples=80, deadline=None)
@given(CALENDARS, MOMENTS, st.integers(0, 4000))
def test_what_is_added_lies_between(hours, start, minutes):
    """The working time up to a due moment is what was added; the moment lies in working time or at its end."""
    due = add_minutes(start, minutes, hours)
    assert time_between(start, due, hours) == timedelta(minutes=minutes)
    assert is_open(due, hours) or (minutes and is_open(due - timedelta(microseconds=1), hours))
    back = take_time(due, timedelta(minutes=minutes), hours)
    assert time_between(back, due, hours) == timedelta(minutes=minutes)


@settings(max_examples=80, deadline=None)
@given(CALENDARS, st.lists(MOMENTS, min_size=3, max_size=3).map(sorted))
def test_segments_add_up(hours, moments):
    first, middle, last = moments
    parts = time_between(first, middle, hours) + time_between(middle, last, hours)
    assert parts == time_between(first, last, hours)
    assert time_between(last, first, hours) == timedelta(0) or first == last


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS, st.integers(0, 3000), st.integers(1, 3000))
def test_two_steps_are_one(hours, start, first, second):
    assert add_minutes(add_minutes(start, first, hours), second, hours) == add_minutes(start, first + second, hours)


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS)
def test_the_next_opening_is_open(hours, start):
    found = next_open(start, hours)
    assert is_open(found, hours)
    assert time_between(start, found, hours) == timedelta(0)


def test_clocks_change_inside_working_time():
    """A night shift loses an hour in spring and gains one in autumn; a skipped time is the moment of the change."""
    night = Hours(BERLIN, (((0, 360),),) * 7)
    for day, length in ((date(2026, 3, 29), 5), (date(2026, 10, 25), 7), (date(2026, 7, 5), 6)):
        begin = datetime.combine(day, time(0), BERLIN)
        assert time_between(begin, begin + timedelta(days=1), night) == timedelta(hours=length)
    skipped = Hours(BERLIN, (((150, 240),),) * 7)
    assert next_open(datetime(2026, 3, 29, tzinfo=BERLIN), skipped) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_calendar_that_never_opens_says_so():
    closed = Hours(BERLIN, ((),) * 7)
    with pytest.raises(NeverOpen):
        next_open(datetime(2026, 1, 1, tzinfo=UTC), closed)
    with pytest.raises(NeverOpen):
        take_time(datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=1), closed)
    assert not time_between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), closed)


@pytest.mark.django_db
def test_half_days_of_the_database():
    calendar = Calendar.objects.create(name="Shop", zone="Europe/Berlin", hours=Calendar.OFFICE)
    Holiday.objects.create(calendar=calendar, day=date(2026, 12, 24), name="Eve", opens=time(9), closes=time(12))
    Holiday.objects.create(calendar=calendar, day=date(2026, 12, 25), name="Christmas")
    due = add_minutes(datetime(2026, 12, 24, 11, tzinfo=BERLIN), 120, hours_of(calendar))
    assert due == datetime(2026, 12, 28, 10, tzinfo=BERLIN)


@pytest.mark.django_db
def test_there_are_hours_from_the_start():
    assert default_hours().week == NINE_TO_FIVE
    Calendar.objects.update(is_default=False)
    assert default_hours().week == NINE_TO_FIVE


@pytest.mark.parametrize("text", ["9-17", "17:00-9:00", "9:00-12:00, 11:00-13:00", "25:00-26:00", "x"])
def test_hours_that_make_no_sense_are_refused(text):
    with pytest.raises(ValidationError):
        read_windows(text)


def test_hours_are_read_as_typed():
    assert read_windows("13:00 – 17:00, 9:00-12:00") == [["09:00", "12:00"], ["13:00", "17:00"]]
    assert read_windows(" ") == []


@pytest.mark.django_db
def test_administrators_fill_the_week(cast, client_of):
    client, url = client_of(cast.rita), f"/admin/core/calendar/{Calendar.objects.get().pk}/change/"
    fields = {
        "holidays-TOTAL_FORMS": 0,
        "holidays-INITIAL_FORMS": 0,
        "name": "Office",
        "zone": "Europe/Paris",
        "is_default": "on",
    }
    page = client.post(url, fields | {"mon": "18:00-9:00"})
    assert "Hours end after they begin" in page.content.decode()
    assert client.post(url, fields | {"mon": "9:00-12:00, 13:00-17:00"}).status_code == 302
    assert Calendar.objects.get().hours == {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}
    day = {"holidays-0-day": "2026-12-24", "holidays-0-name": "Eve", "holidays-TOTAL_FORMS": 1}
    assert client.post(url, fields | day | {"mon": "9:00-12:00"}).status_code == 302
    page = client.get(url).content.decode()
    assert "Rita Tester: Working hours changed from “mon 09:00, 12:00, 13:00, 17:00” to “mon 09:00, 12:00”." in page
    assert "2026-12-24 Eve: Created." in page


@pytest.mark.parametrize(
    ("zone", "day"), [("Atlantic/Azores", date(2024, 10, 26)), ("Africa/Cairo", date(2024, 10, 31))]
)
def test_an_hour_that_comes_twice_at_the_end_of_a_window_is_worked_once(zone, day):
    """No more time passes in a calendar than by the clock of the world, and a closing time is the first of its name."""
    zone = ZoneInfo(zone)
    start, end = (datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=n) for n in (0, 3))
    whole = Hours(zone, (((0, 1440),),) * 7)
    assert time_between(start, end, whole) == end.astimezone(UTC) - start.astimezone(UTC)
    put_back = next(
        m for m in range(1440, 0, -15) if (begin := at_minute(start, m)) and begin.fold == 0 and is_twice(begin)
    )
    closing = Hours(zone, (((0, put_back),),) * 7)
    assert add_time(start, timedelta(minutes=put_back), closing) == at_minute(start, put_back)


def at_minute(start, minutes):
    """A time of the day of a moment, the first of its name."""
    return (start.replace(tzinfo=None) + timedelta(minutes=minutes)).replace(tzinfo=start.tzinfo)


def is_twice(moment):
    """Whether the clock is put back to just this time."""
    before = (moment.replace(fold=1).astimezone(UTC) - timedelta(seconds=1)).astimezone(moment.tzinfo)
    return before.replace(tzinfo=None) > moment.replace(tzinfo=None)
