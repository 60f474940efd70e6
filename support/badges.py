"""What a case's promise looks like: the time left in words, a tone and an icon, never by colour alone."""

from datetime import timedelta

from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from support.columns.case import due_of
from support.models import Clock, Status

ICONS = {"red": "alert", "orange": "clock", "green": "clock"}


def badge(case, now=None):
    """{text, title, tone, icon} of what falls due next on a case; None where no clock runs or stands still."""
    found = due_of(case, now)
    if found:
        text, tone, title = found
        return {"text": text, "title": title, "tone": tone, "icon": ICONS.get(tone, "pause")}
    if case.category in Status.UNRESOLVED and case.status.pauses:
        return {"text": _("Paused"), "title": _("The clock stands still"), "tone": "", "icon": "pause"}
    return None


def clock_badge(clock, now):
    """The badge of one clock of a case, running, paused or ended."""
    if clock.state == Clock.PAUSED:
        left = timedelta(seconds=max(0, clock.target_seconds - clock.used_seconds))
        text = _("Paused, %(time)s left") % {"time": timeuntil(now + left, now, depth=2)}
        return {"text": text, "tone": "", "icon": "pause"}
    if clock.state == Clock.MET:
        return {"text": _("Kept"), "tone": "green", "icon": "check"}
    if clock.state == Clock.BREACHED:
        return {"text": _("Broken"), "tone": "red", "icon": "alert"}
    if clock.due_at <= now:
        return {"text": _("%(time)s late") % {"time": timesince(clock.due_at, now)}, "tone": "red", "icon": "alert"}
    tone = "orange" if clock.warn_at and clock.warn_at <= now else "green"
    return {"text": _("%(time)s left") % {"time": timeuntil(clock.due_at, now)}, "tone": tone, "icon": "clock"}
