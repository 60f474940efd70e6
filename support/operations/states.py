"""The life of a case: the one way in which its status changes, and what follows from that."""

from collections import defaultdict
from datetime import timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from crm_site.core.operations import lock, operation, refuse, write, write_locked
from customers.models import Activity
from customers.operations.following import reachable
from support import clocks
from support.dues import write_with_due
from support.models import Case, Clock, Status
from support.operations.story import listeners, note_event, note_events, recount, said, tell

ENDED = (Status.RESOLVED, Status.CLOSED)
# What a change of status writes, and taking it back gives a case again.
MOMENTS = ("resolved_at", "first_resolved_at", "closed_at", "closes_at")
STATE = ("status_id", "category", "close_reason", "is_spam", "reopened", *MOMENTS)


def state_of(case):
    """The state of a case in the form that JSON keeps; see put_back."""
    return {name: kept(getattr(case, name)) for name in STATE}


def kept(value):
    """A value as JSON keeps it."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def former(state):
    """The fields of a kept state as they are written."""
    return ended_as(state) | {"status": Status.objects.get(pk=state["status_id"])}


def ended_as(state):
    """The fields of a kept state but for its status, as they are written."""
    values = {name: parse_datetime(value) if name in MOMENTS and value else value for name, value in state.items()}
    return {name: value for name, value in values.items() if name != "status_id"}


def put_back(case, states, *, by, at, action="change"):
    """Give a locked case the first of two kept states again, as if it had never had the second; whether that was done.

    Not where somebody changed it since. The clocks are the caller's.
    """
    before, after = states or (None, None)
    if before == after or state_of(case) != after:
        return False
    values = former(before)
    text = _("Status: %(before)s → %(after)s") % {"before": case.status, "after": values["status"]}
    changed = write(case, values, by=by, action=action)[0]
    for name in ("version", "status", *values):
        setattr(case, name, getattr(changed, name))
    note_event(case, text, by=by, at=at)
    return True


def status_of(category):
    """The status that stands for a category by itself: the default one, else the first in use."""
    rows = Status.objects.filter(category=category, is_active=True).order_by("-is_default", "order", "id")
    return rows.first() or refuse(_("There is no status for “%(what)s”.") % {"what": Status.CATEGORIES[category]})


@operation
def set_status(case, status, *, by, at=None, reason="", resolution=""):
    """Give a case a status and return it; the only way in which its category changes.

    Dates, the automatic end, the count of reopenings, the event and the clocks follow. Refused for a merged case.
    `reason` says why a case was closed, `resolution` what helped; both are kept when given.
    """
    current = lock(case, by, related=("status", "queue", "owner"))
    if current.merged_into_id:
        refuse(_("A merged case is read-only. Take the merge back first."), "status")
    before, at = current.status, at or timezone.now()
    values = told(reason, resolution)
    if before != status:
        values |= state_values(current, status, at) | {"status": status}
    current, changed = write_locked(current, values, by=by)
    if "status" in changed:
        after_change(current, before, by=by, at=at)
    return current


def told(reason, resolution):
    """The words about an end that were given, as the columns hold them."""
    words = {"close_reason": (reason or "").strip()[:200], "resolution": (resolution or "").strip()}
    return {name: text for name, text in words.items() if text}


def state_values(case, status, at):
    """What else changes with a status: the category, the dates of the end, the count of reopenings."""
    values = {"category": status.category}
    if status.category == Status.RESOLVED:
        values |= {"resolved_at": at, "closed_at": None, "closes_at": closing_time(case, at), "waiting_since": None}
    elif status.category == Status.CLOSED:
        values |= {
            "resolved_at": case.resolved_at or at, "closed_at": case.closed_at or at, "closes_at": None,
            "waiting_since": None,
        }  # fmt: skip
    elif case.category in ENDED:
        values |= {"resolved_at": None, "closed_at": None, "closes_at": None, "close_reason": "", "is_spam": False}
        values["reopened"] = case.reopened + 1
    if status.category in ENDED and not case.first_resolved_at:
        values["first_resolved_at"] = at
    return values


def closing_time(case, at):
    """When a case resolved at a moment closes by itself; None when its queue says never."""
    days = case.queue.close_days if case.queue_id else 0
    return at + timedelta(days=days) if days else None


def after_change(case, before, *, by, at):
    """The event and the clocks that follow a change of status, and whoever is told of an end."""
    text = _("Status: %(before)s → %(after)s") % {"before": before, "after": case.status}
    note_event(case, text, by=by, at=at)
    clocks_of([case], [case] if before.category in ENDED else [], at)
    if case.category in ENDED and before.category not in ENDED:
        tell(case, listeners(case, by), said(case, str(case.status)), f"case:{case.pk}:state:{case.version}")


def clocks_of(cases, ended, at):
    """Let the clocks of cases follow their statuses; of those that had `ended`, what is counted and promised again."""
    again = [case for case in ended if case.category not in ENDED]
    if again:
        recount(again)
    clocks.status_changed(cases, at)
    if again:
        clocks.taken_up(again, at)


def resolve_case(case, *, by, resolution="", at=None):
    """Say that a case is solved and return it; one that has ended already only gets the resolution."""
    status = case.status if case.category in ENDED else status_of(Status.RESOLVED)
    return set_status(case, status, by=by, at=at, resolution=resolution)


@operation
def close_case(case, *, by, reason="", at=None, with_children=False):
    """Close a case and return it; with_children also those parts of it that have no open activities of their own."""
    status = status_of(Status.CLOSED)
    for child in closable(case, by) if with_children else ():
        close_case(child, by=by, reason=reason, at=at, with_children=True)
    return set_status(case, case.status if case.category == Status.CLOSED else status, by=by, at=at, reason=reason)


def closable(case, by):
    """The parts of a case that would close with it: not ended, within reach, without open activities."""
    rows = reachable(Case, by, "change").filter(parent=case, deleted_at__isnull=True, merged_into__isnull=True)
    children = list(rows.exclude(category=Status.CLOSED).order_by("pk"))
    busy = busy_among(children)
    return [child for child in children if child.pk not in busy]


def busy_among(cases):
    """The ids of those cases that open activities belong to; one statement."""
    rows = Activity.objects.unscoped("an open task holds a case open whoever sees it").filter(
        regarding_type__app_label="support", regarding_type__model="case", regarding_id__in=[c.pk for c in cases],
        status=Activity.OPEN, deleted_at__isnull=True,
    )  # fmt: skip
    return set(rows.values_list("regarding_id", flat=True)) if cases else set()


def reopen_case(case, *, by, at=None):
    """Open an ended case again and return it; one that has not ended stays as it is."""
    return set_status(case, status_of(Status.OPEN) if case.category in ENDED else case.status, by=by, at=at)


@operation
def close_resolved(now=None, limit=1000, *, by=None):
    """Close the resolved cases whose time has come and return how many; cases that others work on wait for the next.

    The number of statements does not grow with the cases.
    """
    now = now or timezone.now()
    rows = Case.objects.unscoped("the sweep closes for everybody").filter(closes_at__lte=now)
    rows = rows.filter(category=Status.RESOLVED, deleted_at__isnull=True).order_by("closes_at", "pk")
    rows = rows.select_for_update(of=("self",), skip_locked=True).select_related("status", "queue")
    return put_status(list(rows[:limit]), status_of(Status.CLOSED), by=by, at=now, reason=_("Closed by itself"))


def put_status(cases, status, *, by, at, reason="", also=None, own=None):
    """Give locked cases that have another status the same one, and return how many; the given objects are kept up.

    `also` are other fields that change with it, `own` those of single cases, by their ids. The number of
    statements grows with the earlier statuses alone.
    """
    said, names, befores = told(reason, "") | (also or {}) | {"status": status}, {}, defaultdict(list)
    live = Clock.objects.filter(case__pk__any_of={case.pk for case in cases}, stopped_at__isnull=True)
    live = set(live.values_list("case_id", flat=True))
    ended = [case for case in cases if case.category in ENDED]
    told_of = [case for case in cases if case.pk in live or case.category in ENDED]
    for case in cases:
        befores[case.status].append(case)
        names |= (values := state_values(case, status, at) | said | (own or {}).get(case.pk, {}))
        for name, value in values.items():
            setattr(case, name, value)
    for before, group in befores.items():
        note_events(group, _("Status: %(before)s → %(after)s") % {"before": before, "after": status}, by=by, at=at)
    again = [case for case in ended if case.category not in ENDED]
    if again:
        recount(again)
    clocks.follow_status(told_of, at)
    if again:
        clocks.taken_up(again, at)
    write_with_due(cases, names, by=by)
    return len(cases)
