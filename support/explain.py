"""Why something is due when it is: every clock of a case with the stretches of its life, which add up (SL-15)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from support.ledger import hours_of, seconds_between
from support.models import Clock, ClockEvent, ClockSegment

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Stretch:
    """A segment: of its seconds by the clock on the wall, `worked` lie in working hours and `closed` outside."""

    segment: ClockSegment
    until: datetime
    worked: int
    closed: int

    @property
    def counted(self):
        """The seconds that count: working time while the clock ran."""
        return self.worked if self.segment.state == Clock.RUNNING else 0

    @property
    def paused(self):
        """Working time that does not count, because the clock stood still."""
        return self.worked - self.counted


@dataclass(frozen=True)
class Story:
    """A clock with its stretches, what it has used by now, and what it has told."""

    clock: Clock
    stretches: list
    events: list
    now: datetime

    @property
    def used(self):
        """Working seconds used; the sum of what counts in the stretches."""
        return sum(stretch.counted for stretch in self.stretches)

    @property
    def paused(self):
        """Working seconds that did not count."""
        return sum(stretch.paused for stretch in self.stretches)

    @property
    def closed(self):
        """Seconds outside working hours."""
        return sum(stretch.closed for stretch in self.stretches)

    @property
    def left(self):
        """Working seconds left; negative when it is over."""
        return self.clock.target_seconds - self.used

    @property
    def tone(self):
        """The colour of its state."""
        late = self.clock.breached_at or (self.clock.due_at and self.clock.state == Clock.RUNNING
                                          and self.clock.due_at < self.now)  # fmt: skip
        if late and self.clock.state != Clock.CANCELLED:
            return "red"
        return {Clock.MET: "green", Clock.RUNNING: "blue", Clock.PAUSED: "yellow"}.get(self.clock.state, "grey")


def explanation(case, now=None):
    """[Story] of all clocks of a case, those that go on first, then the newest; three statements."""
    now = now or timezone.now()
    rows = Clock.objects.filter(case=case).select_related("version__policy", "replaces")
    clocks = list(rows.prefetch_related("segments", "events"))
    stories = [story(clock, now) for clock in clocks]
    return sorted(stories, key=lambda found: (found.clock.stopped_at is not None, -found.clock.pk))


def story(clock, now):
    """One clock's Story."""
    hours, stretches = hours_of(clock.version), []
    for segment in sorted(clock.segments.all(), key=lambda row: (row.started_at, row.pk)):
        until = segment.ended_at or max(now, segment.started_at)
        worked = seconds_between(segment.started_at, until, hours)
        whole = int((until - segment.started_at).total_seconds())
        stretches.append(Stretch(segment, until, worked, max(whole - worked, 0)))
    events = sorted(clock.events.all(), key=lambda event: (event.at, event.pk))
    return Story(clock, stretches, [(event, told(event)) for event in events], now)


def told(event):
    """An event of a clock in words."""
    return f"{event.get_kind_display()}: {event.step}" if event.kind == ClockEvent.STEP else event.get_kind_display()


def span_text(seconds: Any):
    """Seconds in hours and minutes, such as "3 h 20 min"; below a minute in seconds."""
    sign, seconds = ("−" if seconds < 0 else ""), abs(int(seconds))
    if seconds < MINUTE:
        return sign + ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    hours, minutes = divmod(seconds // MINUTE, MINUTE)
    if not hours:
        return sign + _("%(n)s min") % {"n": minutes}
    return sign + (_("%(h)s h %(m)s min") if minutes else _("%(h)s h")) % {"h": hours, "m": minutes}
