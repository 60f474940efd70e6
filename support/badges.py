"""What a case's promise looks like: the time left in words, a tone and an icon, never by colour alone."""

from datetime import timedelta

from django.utils import timezone
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from support.models import METRIC_NAMES, NEVER, Clock, Status

CATEGORY_TONES = {"new": "blue", "open": "azure", "waiting": "yellow", "resolved": "green", "closed": ""}
PRIORITY_TONES = {1: "red", 2: "orange", 3: "", 4: ""}


def badge(case, now=None):
    """{text, title, tone, icon} of what a case promises next; its status must be at hand. None where nothing is due."""
    now = now or timezone.now()
    if case.due_at >= NEVER:
        if case.category in Status.UNRESOLVED and case.status.pauses:
            return {"text": _("Paused"), "title": _("The clock stands still"), "tone": "", "icon": "pause"}
        return None
    return running(METRIC_NAMES.get(case.due_metric, ""), case.due_at, case.warn_at, now)


def running(what, due, warn, now):
    """The badge of a clock that runs."""
    if due <= now:
        text, tone, icon = _("%(time)s late") % {"time": timesince(due, now, depth=1)}, "red", "alert"
    else:
        text = _("%(time)s left") % {"time": timeuntil(due, now, depth=1)}
        tone, icon = ("orange", "clock") if warn and warn <= now else ("green", "clock")
    return {"text": text, "title": what, "tone": tone, "icon": icon, "due": due}


def clock_badge(clock, now):
    """The badge of one clock of a case, running, paused or ended."""
    if clock.state == Clock.RUNNING:
        return running(clock.get_metric_display(), clock.due_at, clock.warn_at, now)
    if clock.state == Clock.PAUSED:
        left = timedelta(seconds=max(0, clock.target_seconds - clock.used_seconds))
        text = _("Paused, %(time)s left") % {"time": timeuntil(now + left, now, depth=2)}
        return {"text": text, "tone": "", "icon": "pause"}
    if clock.state == Clock.MET:
        return {"text": _("Kept"), "tone": "green", "icon": "check"}
    return {"text": _("Broken"), "tone": "red", "icon": "alert"}
