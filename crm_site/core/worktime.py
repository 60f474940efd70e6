"""Working time: when something is due that may take so many working minutes, and how many lie between two moments.

Everything is a pure function of `Hours`; `hours_of` reads them from the calendars that administrators keep. Moments are
aware and come back in the zone in which they were given. A window begins at its time's first occurrence of the day and
ends at the last, but at the first where the clock is put back to just that time; a time that the clock's change skips
is the moment of the change.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from django.conf import settings

from crm_site.core.models import Calendar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60
# A calendar that does not open for this many days in a row never will.
PATIENCE = 3 * 366
# So many days are added up together, once for each calendar.
BLOCK = 64
ZERO, SECOND = timedelta(0), timedelta(seconds=1)


class NeverOpen(Exception):
    """The calendar has no working time to wait for."""


@dataclass(frozen=True)
class Hours:
    """Working hours of a zone: `week` has a tuple of (from, to) for each day from Monday, in minutes after midnight.

    `days` says otherwise for single dates: an empty tuple is a holiday, a window a half day.
    """

    zone: ZoneInfo
    week: tuple
    days: dict = field(default_factory=dict)
    known: dict = field(default_factory=dict, repr=False, compare=False)
    sums: dict = field(default_factory=dict, repr=False, compare=False)

    def windows(self, number):
        """The windows of the day with this ordinal as [(from, to)] of moments in UTC, in order."""
        found = self.known.get(number)
        if found is None:
            day = date.fromordinal(number)
            plain = self.days.get(day, self.week[day.weekday()])
            spans = sorted((moment(day, a, self.zone, 0), moment(day, b, self.zone, 1)) for a, b in plain)
            found = self.known[number] = tuple(joined(spans))
        return found

    def opened(self, block):
        """The working time in a block of days up to each of them, and in all: BLOCK + 1 timedeltas."""
        found = self.sums.get(block)
        if found is None:
            days = (self.windows(number) for number in range(block * BLOCK, (block + 1) * BLOCK))
            each = (sum((closes - opens for opens, closes in day), ZERO) for day in days)
            found = self.sums[block] = tuple(accumulate(each, initial=ZERO))
        return found

    def day_of(self, at):
        """The ordinal of the day in the calendar's zone on which a moment lies."""
        return at.astimezone(self.zone).toordinal()


def moment(day, minutes, zone, fold):
    """The moment of a time of day, in UTC; of a time that comes twice the one that `fold` says, 1 being for an end.

    A clock that is put back to the end itself has passed it already: the hour that comes again is the next window's.
    """
    plain = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 - gets its zone below
    found = plain.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if fold and (found - SECOND).astimezone(zone).replace(tzinfo=None) > plain:
        return plain.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == plain:
        return found
    return change_between(*sorted(plain.replace(tzinfo=zone, fold=n).astimezone(UTC) for n in (0, 1)), zone)


def change_between(low, high, zone):
    """The moment between two at which the zone's offset changes, to the second."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high


def joined(spans):
    """Windows that overlap or touch, made one; empty ones left out."""
    found = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found


def openings(at, hours):
    """The windows from the one that `at` lies in or comes before, cut at it; NeverOpen when none comes for long."""
    number, idle = hours.day_of(at), 0
    while idle < PATIENCE:
        idle += 1
        for start, end in hours.windows(number):
            if end > at:
                idle = 0
                yield max(start, at), end
        number += 1
    raise NeverOpen


def add_time(start, span, hours):
    """The moment when `span` (a timedelta) of working time has passed since `start`; no span is the next open moment.

    What is used up exactly at closing is due then. Raises NeverOpen where there is no working time.
    """
    zone, left = start.tzinfo, span
    for opens, closes in openings(start.astimezone(UTC), hours):
        if left <= closes - opens:
            return (opens + left).astimezone(zone)
        left -= closes - opens
    raise NeverOpen


def add_minutes(start, minutes, hours):
    """As add_time, for a number of minutes."""
    return add_time(start, timedelta(minutes=minutes), hours)


def take_time(end, span, hours):
    """The latest moment from which `span` of working time leads up to `end`. Raises NeverOpen as add_time does."""
    zone, at, left = end.tzinfo, end.astimezone(UTC), span
    number, idle = hours.day_of(at), 0
    while idle < PATIENCE:
        idle += 1
        for opens, closes in reversed(hours.windows(number)):
            closes = min(closes, at)  # noqa: PLW2901 - cut at the end
            if opens < closes:
                idle = 0
                if left <= closes - opens:
                    return (closes - left).astimezone(zone)
                left -= closes - opens
        number -= 1
    raise NeverOpen


def time_between(start, end, hours):
    """The working time from one moment to a later one, as a timedelta; none when the later one is not later."""
    if end <= start:
        return ZERO
    (first, before), (last, until) = passed(start, hours), passed(end, hours)
    return sum((hours.opened(block)[BLOCK] for block in range(first, last)), until - before)


def passed(at, hours):
    """(block of days in which a moment lies, working time from its beginning to the moment)."""
    number, at = hours.day_of(at), at.astimezone(UTC)
    block, place = divmod(number, BLOCK)
    today = (min(closes, at) - opens for opens, closes in hours.windows(number) if opens < at)
    return block, sum(today, hours.opened(block)[place])


def next_open(at, hours):
    """The moment itself when it is a working one, else the next opening. Raises NeverOpen as add_time does."""
    return add_time(at, ZERO, hours)


def is_open(at, hours):
    """Whether a moment lies in working time; closing time itself does not."""
    windows = hours.windows(hours.day_of(at))
    place = bisect_right([start for start, _end in windows], at) - 1
    return place >= 0 and at < windows[place][1]


def minutes_of(text):
    """Minutes after midnight of a time such as "09:30"; "24:00" is the day's end. Raises ValueError."""
    hour, minute = (int(part) for part in text.strip().split(":"))
    if not (0 <= minute < 60 and 0 <= hour * 60 + minute <= MIDNIGHT):
        raise ValueError(text)
    return hour * 60 + minute


def read_week(hours):
    """The week of a calendar's JSON: {"mon": [["09:00", "17:00"], …], …}; a missing day is closed."""
    return tuple(tuple((minutes_of(a), minutes_of(b)) for a, b in hours.get(day, ())) for day in DAYS)


def hours_of(calendar):
    """The Hours of a calendar of the database; one statement for its holidays."""
    days = {
        row.day: ((row.opens.hour * 60 + row.opens.minute, row.closes.hour * 60 + row.closes.minute),)
        if row.opens else ()
        for row in calendar.holidays.all()
    }  # fmt: skip
    return Hours(ZoneInfo(calendar.zone), read_week(calendar.hours), days)


def read_hours(kept):
    """The Hours of a JSON such as `kept_hours` makes."""
    days = {date.fromisoformat(day): read_week({"mon": windows})[0] for day, windows in kept.get("days", {}).items()}
    return Hours(ZoneInfo(kept["zone"]), read_week(kept["week"]), days)


def kept_hours(calendar):
    """A calendar as JSON: {"zone", "week", "days": {"2026-12-25": []}}, to be kept as it is now; one statement."""
    days = {
        row.day.isoformat(): [[f"{row.opens:%H:%M}", f"{row.closes:%H:%M}"]] if row.opens else []
        for row in calendar.holidays.all()
    }
    return {"zone": calendar.zone, "week": calendar.hours, "days": days}


def default_hours():
    """The company's own working hours; those of offices where no calendar is kept."""
    calendar = Calendar.objects.filter(is_default=True).first()
    return hours_of(calendar) if calendar else Hours(ZoneInfo(settings.TIME_ZONE), read_week(Calendar.OFFICE))
