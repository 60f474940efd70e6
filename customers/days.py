"""Days as the reader counts them: from midnight to midnight in the zone in force."""

from datetime import datetime, timedelta

from django.utils import timezone


def day_start(days=0, today=None):
    """The moment when the day so many days after today begins; right on the days when the clocks change."""
    day = (today or timezone.localdate()) + timedelta(days=days)
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - made aware here


def week_end():
    """The moment when next Monday begins."""
    return day_start(7 - timezone.localdate().weekday())
