"""Holidays as calendars of other programs tell them: what is read of each event, and what is left out (SL-4)."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from crm_site.core.holidays import read_ical

MAY = "DTSTART;VALUE=DATE:20200501\nRRULE:FREQ=YEARLY"


def days(*events):
    """The month and day of 2027's holidays among the events."""
    parts = "".join(f"BEGIN:VEVENT\nUID:1\nSUMMARY:Day\n{event}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{parts}END:VCALENDAR\n".replace("\n", "\r\n")
    return [(day.month, day.day) for day in sorted(read_ical(text.encode(), date(2026, 11, 23))) if day.year == 2027]


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ("DTSTART;VALUE=DATE:20260403\nRDATE;VALUE=DATE:20270326,20280414", [(3, 26)]),
        ("DTSTART;VALUE=DATE:20271225\nDURATION:P2D", [(12, 25), (12, 26)]),
        ("DTSTART;VALUE=DATE:20271225\nSTATUS:CANCELLED", []),
        (MAY + "\nRRULE:FREQ=YEARLY;BYMONTH=6", [(5, 1), (6, 1)]),
        (MAY + ";BYHOUR=1;BYMINUTE=2;BYSECOND=3\nEXDATE;VALUE=DATE:20270501", []),
    ],
)
def test_the_days_of_an_event(event, found):
    assert days(event) == found


def test_a_repetition_that_was_moved_takes_the_place_of_its_day():
    assert days(MAY, "RECURRENCE-ID;VALUE=DATE:20270501\nDTSTART;VALUE=DATE:20270503") == [(5, 3)]


def test_an_event_that_cannot_be_read_is_left_out_unless_all_are_such():
    broken = "DTSTART:20200501T000000Z\nRRULE:FREQ=SECONDLY"
    assert days(broken, "CLASS:PUBLIC", MAY) == [(5, 1)]
    with pytest.raises(ValidationError):
        days(broken)
