"""Holidays from an iCal file, and those of one year again in the next."""

import re
from datetime import date, datetime, time, timedelta
from itertools import islice, takewhile

from dateutil.rrule import rrulestr
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.later import Later
from crm_site.core.models import Holiday

icalendar = Later("icalendar")

# What comes again every year is taken for so many years ahead; a file has at most so many days and bytes.
YEARS, MOST_DAYS, MOST_BYTES = 5, 2000, 1_000_000
FREQUENCIES, EARLIEST = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"), 1900
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError)
DAY = timedelta(days=1)
# Days are taken as they are written, so that the zones that a file defines, well or badly, do not matter.
ZONES = re.compile(rb"^BEGIN:VTIMEZONE\r?$.*?^END:VTIMEZONE\r?\n", re.MULTILINE | re.DOTALL | re.IGNORECASE)


def import_holidays(calendar, data):
    """Close a calendar on the days of an iCal file, as bytes, and return how many were added; kept days stay.

    Days from last year on are taken. Raises ValidationError for what is no iCal file, or too large a one.
    """
    found = read_ical(data, timezone.localdate())
    had = set(calendar.holidays.values_list("day", flat=True))
    rows = [Holiday(calendar=calendar, day=day, name=name[:100]) for day, name in sorted(found.items())
            if day not in had]  # fmt: skip
    return len(Holiday.objects.bulk_create(rows))


def read_ical(data, today):
    """{day: name} of the events of an iCal file between last year's first day and YEARS ahead.

    Events that cannot be read are left out, unless that is all of them; those that were called off are no holidays.
    """
    if len(data) > MOST_BYTES:
        raise ValidationError(_("The file is too large for a calendar of holidays."))
    first, last = date(today.year - 1, 1, 1), date(today.year + YEARS, 12, 31)
    found, unread = {}, 0
    try:
        events = list(icalendar.Calendar.from_ical(ZONES.sub(b"", data)).walk("VEVENT"))
    except UNREADABLE:
        raise unreadable() from None
    for event in events:
        try:
            days = list(islice(days_of(event, first, last, moved(events)), MOST_DAYS + 1))
        except UNREADABLE:
            unread += 1
            continue
        for day in days if str(event.get("STATUS", "")).upper() != "CANCELLED" else ():
            found.setdefault(day, str(event.get("SUMMARY", _("Holiday"))))
        if len(found) > MOST_DAYS:
            raise ValidationError(_("The file has too many days for a calendar of holidays."))
    if unread and unread == len(events):
        raise unreadable()
    return found


def unreadable():
    """What is said of a file that is no calendar."""
    return ValidationError(_("This is no iCal file that can be read."))


def moved(events):
    """{(id of an event, day)}: the repetitions that have an event of their own."""
    return {
        (str(event.get("UID", "")), plain_day(event["RECURRENCE-ID"].dt))
        for event in events
        if "RECURRENCE-ID" in event
    }


def days_of(event, first, last, gone):
    """The days between two that an event covers, each time that it comes; `gone` are repetitions as of `moved`."""
    start, length = plain_day(event["DTSTART"].dt), DAY
    if "DTEND" in event:
        length = plain_day(event["DTEND"].dt) - start
    elif "DURATION" in event:
        length = event["DURATION"].dt
    own = "RECURRENCE-ID" in event
    for begin in begins(event, start, first, last):
        for number in range(min(max(length.days, 1), 366)):
            if first <= (day := begin + number * DAY) <= last and (
                own or (str(event.get("UID", "")), begin) not in gone
            ):
                yield day


def begins(event, start, first, last):
    """The first days of an event and its repetitions, without those that are taken out."""
    rules = listed(event.get("RRULE"))
    comes = set() if rules else {start}
    for rule in rules:
        dates = plain_rule(rule, start).xafter(midnight(first - 366 * DAY), count=MOST_DAYS, inc=True)
        comes |= {found.date() for found in takewhile(lambda found: found <= midnight(last), dates)}
    return sorted((comes | listed_days(event, "RDATE")) - listed_days(event, "EXDATE"))


def plain_rule(rule, start):
    """A rule of days, weeks, months or years from a day on. ValueError for others, which would never end."""
    kept = {name: value for name, value in rule.items() if name.upper() not in ("BYHOUR", "BYMINUTE", "BYSECOND")}
    if str(listed(kept.get("FREQ"))[:1]).strip("[]'").upper() not in FREQUENCIES or start.year < EARLIEST:
        raise ValueError(rule)
    return rrulestr(type(rule)(kept).to_ical().decode(), dtstart=midnight(start), ignoretz=True)


def listed(value):
    """A value that may stand once, several times or not at all, as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def listed_days(event, name):
    """The days of a property such as EXDATE."""
    items = [item.dt for part in listed(event.get(name)) for item in part.dts]
    days = {plain_day(item[0] if isinstance(item, tuple) else item) for item in items}
    return {day for day in days if isinstance(day, date)}


def midnight(day):
    """The beginning of a day, in no zone."""
    return datetime.combine(day, time())


def plain_day(value):
    """The day of a date or of a moment, as it is written."""
    return value.date() if isinstance(value, datetime) else value


def repeat_holidays(calendar):
    """Add the days of a calendar's latest year to the year after it, on the same dates; returns how many.

    For those that come on the same date every year; the others are taken out by hand.
    """
    rows = list(calendar.holidays.all())
    latest = max((row.day.year for row in rows), default=None)
    made = []
    for row in rows:
        if row.day.year == latest and (row.day.month, row.day.day) != (2, 29):
            day = row.day.replace(year=latest + 1)
            made.append(Holiday(calendar=calendar, day=day, name=row.name, opens=row.opens, closes=row.closes))
    return len(Holiday.objects.bulk_create(made))
