"""Holidays from an iCal file, and those of one year again in the next."""

from datetime import date, datetime, time, timedelta
from itertools import takewhile

from dateutil.rrule import rrulestr
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.later import Later
from crm_site.core.models import Holiday

icalendar = Later("icalendar")

# What comes again every year is taken for so many years ahead; a file has at most so many days and bytes.
YEARS, MOST_DAYS, MOST_BYTES = 5, 2000, 1_000_000
DAY = timedelta(days=1)


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
    """{day: name} of the events of an iCal file between last year's first day and YEARS ahead."""
    if len(data) > MOST_BYTES:
        raise ValidationError(_("The file is too large for a calendar of holidays."))
    first, last = date(today.year - 1, 1, 1), date(today.year + YEARS, 12, 31)
    found = {}
    try:
        for event in icalendar.Calendar.from_ical(data).walk("VEVENT"):
            for day in days_of(event, first, last):
                found.setdefault(day, str(event.get("SUMMARY", _("Holiday"))))
            if len(found) > MOST_DAYS:
                raise ValidationError(_("The file has too many days for a calendar of holidays."))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise ValidationError(_("This is no iCal file that can be read.")) from None
    return found


def days_of(event, first, last):
    """The days between two that an event covers, each time that it comes."""
    start = plain_day(event["DTSTART"].dt)
    end = max(plain_day(event["DTEND"].dt) if "DTEND" in event else start + DAY, start + DAY)
    for begin in begins(event, start, first, last):
        for number in range(min((end - start).days, 366)):
            if first <= (day := begin + number * DAY) <= last:
                yield day


def begins(event, start, first, last):
    """The first days of an event and its repetitions, without those that are taken out."""
    if "RRULE" not in event:
        return [start]
    rule = rrulestr(event["RRULE"].to_ical().decode(), dtstart=midnight(start), ignoretz=True)
    out = event.get("EXDATE", [])
    gone = {plain_day(item.dt) for part in (out if isinstance(out, list) else [out]) for item in part.dts}
    comes = rule.xafter(midnight(first - 366 * DAY), count=MOST_DAYS, inc=True)
    return [found.date() for found in takewhile(lambda found: found <= midnight(last), comes)
            if found.date() not in gone]  # fmt: skip


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
