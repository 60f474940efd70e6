"""The ledger of clocks: how one starts, stands still, goes on and ends, in working seconds of its version's hours.

The functions change clocks in memory; `save` writes many at once. A clock carries `fired`, what it has told already,
`now_open`, the segment that runs, `trail`, the segments to be added, and `noted`, what came true unseen.
"""

import json
from datetime import UTC, timedelta
from functools import lru_cache

from django.utils.translation import gettext as _

from crm_site.core.loading import fresh, insert_many, read_many, update_many
from crm_site.core.worktime import DAYS, MIDNIGHT, Hours, NeverOpen, add_time, read_hours, take_time, time_between
from support.models import NEVER, Clock, ClockEvent, ClockSegment

ALWAYS = Hours(UTC, (((0, MIDNIGHT),),) * len(DAYS))
LIVE = (Clock.RUNNING, Clock.PAUSED)
WRITTEN = (
    "state", "target_seconds", "used_seconds", "due_at", "warn_at", "next_fire_at", "paused_at", "stopped_at",
    "breached_at", "over_seconds", "reason", "queue", "team", "owner",
)  # fmt: skip


def hours_of(version):
    """The working hours by which a version counts; always, where it goes by clock time."""
    found = version.__dict__.get("read_hours")
    if found is None:
        found = parsed(json.dumps(version.hours, sort_keys=True)) if version.hours else ALWAYS
        version.__dict__["read_hours"] = found
    return found


@lru_cache(maxsize=256)
def parsed(text):
    """Hours from their JSON; the same ones for the same text, so that days are worked out once."""
    return read_hours(json.loads(text))


def promised(version, metric, priority):
    """Seconds that a version gives a metric at a priority; None where it promises nothing."""
    minutes = version.targets.get(metric, {}).get(str(priority))
    return int(minutes * 60) if minutes else None


def shifted(at, seconds, hours):
    """The moment so many working seconds after another, before it when negative; NEVER where there are none."""
    try:
        if seconds < 0:
            return take_time(at, timedelta(seconds=-seconds), hours)
        return add_time(at, timedelta(seconds=seconds), hours)
    except NeverOpen:
        return NEVER


def seconds_between(start, end, hours):
    """Whole working seconds from one moment to another."""
    return int(time_between(start, end, hours).total_seconds())


def moments(clock):
    """[(kind, step, when it is true)] of all that a running clock may tell, whether told or not."""
    hours, found = hours_of(clock.version), [(ClockEvent.WARNING, "", clock.warn_at)]
    if clock.breached_at is None:
        found.append((ClockEvent.BREACH, "", clock.due_at))
    for step in steps_of(clock):
        plain = clock.due_at + timedelta(minutes=step["minutes"])
        at = shifted(clock.due_at, step["minutes"] * 60, hours) if step.get("business") else plain
        found.append((ClockEvent.STEP, step["key"], at))
    return found


def steps_of(clock):
    """The escalation steps of a clock's version that are for its metric; none where it never falls due."""
    return [s for s in clock.version.steps if s["metric"] == clock.metric] if clock.due_at != NEVER else []


def untold(clock):
    """What of its moments a clock has not told."""
    return [moment for moment in moments(clock) if moment[:2] not in clock.fired]


def schedule(clock, at, broke=None):
    """Set when a clock that runs from `at` falls due, warns, and next has something to tell; `broke` is when it did."""
    hours, left = hours_of(clock.version), clock.target_seconds - clock.used_seconds
    to_warning = clock.target_seconds * clock.version.warn_percent // 100 - clock.used_seconds
    clock.due_at, clock.warn_at = broke or shifted(at, left, hours), shifted(at, to_warning, hours)
    clock.next_fire_at = min((moment[2] for moment in untold(clock)), default=None)


def begin(case, metric, version, at):
    """A new clock that runs from `at`, not yet saved; None where the version promises nothing."""
    clock = blank(case, metric, version, at)
    if clock:
        turn(clock, Clock.RUNNING, at, "")
        schedule(clock, at)
    return clock


def blank(case, metric, version, at):
    """A new clock that has not lived yet; None where the version promises nothing."""
    target = promised(version, metric, case.priority)
    if target is None:
        return None
    clock = fresh(Clock, case_id=case.pk, metric=metric, version_id=version.pk, priority=case.priority,
                  target_seconds=target, started_at=at)  # fmt: skip
    clock._state.fields_cache["version"] = version
    clock.fired, clock.noted, clock.trail, clock.now_open = set(), [], [], None
    whose(clock, case)
    return clock


def whose(clock, case):
    """Note with whom the case is now; reports go by it."""
    clock.queue_id, clock.team_id, clock.owner_id = case.queue_id, case.team_id, case.owner_id


def turn(clock, state, at, why):
    """End the segment that runs and begin another; none where `state` is empty."""
    if clock.now_open:
        clock.now_open.ended_at = at
    clock.now_open = None
    if state:
        clock.now_open = fresh(ClockSegment, state=state, started_at=at, why=why[:200])
        clock.trail.append(clock.now_open)


def spend(clock, start, end):
    """Count what a stretch of the past uses of a clock; the moment within at which it broke by what it promises now."""
    hours, left = hours_of(clock.version), clock.target_seconds - clock.used_seconds
    clock.used_seconds += seconds_between(start, end, hours)
    due = shifted(start, left, hours) if left >= 0 and clock.breached_at is None else end
    return due if due < end else None


def note_breach(clock, at):
    """Note that a clock which stands still broke at a moment of its past; nothing where there is none."""
    if at:
        clock.breached_at = at
        clock.noted.append((ClockEvent.BREACH, "", at))
        clock.fired.add((ClockEvent.BREACH, ""))


def halt(clock, at):
    """Count what a running clock has used up to `at`, and note what came true before; the moment, never too early."""
    at = max(at, clock.now_open.started_at)
    if clock.state == Clock.RUNNING:
        clock.noted += [moment for moment in untold(clock) if moment[0] != ClockEvent.STEP and moment[2] < at]
        if clock.breached_at is None and clock.due_at < at:
            clock.breached_at = clock.due_at
        clock.used_seconds += seconds_between(clock.now_open.started_at, at, hours_of(clock.version))
    clock.fired |= {moment[:2] for moment in clock.noted}
    return at


def pause(clock, at, why):
    """Let a running clock stand still; what remains is kept in working time (SL-5)."""
    at = halt(clock, at)
    clock.state, clock.paused_at = Clock.PAUSED, at
    clock.due_at = clock.warn_at = clock.next_fire_at = None
    turn(clock, Clock.PAUSED, at, why)


def resume(clock, at, why, *, grace=0):
    """Let a clock go on with what remains, with `grace` seconds at least."""
    at = max(at, clock.now_open.started_at)
    if grace:
        clock.target_seconds = max(clock.target_seconds, clock.used_seconds + grace)
    clock.state, clock.paused_at = Clock.RUNNING, None
    turn(clock, Clock.RUNNING, at, why)
    schedule(clock, at)


def stop(clock, case, at):
    """End a clock: met when it stops no later than it is due and never broke before, else breached (SL-10)."""
    was, at = clock.state, halt(clock, at)
    if was == Clock.PAUSED:
        clock.due_at = shifted(at, clock.target_seconds - clock.used_seconds, hours_of(clock.version))
        if clock.due_at < at:
            clock.breached_at = clock.breached_at or clock.due_at
    clock.state = Clock.BREACHED if clock.breached_at else Clock.MET
    clock.over_seconds = max(clock.over_seconds, clock.used_seconds - clock.target_seconds, 0)
    end(clock, at)
    whose(clock, case)


def cancel(clock, at, reason):
    """End a clock without a verdict."""
    at = halt(clock, at)
    clock.state, clock.reason = Clock.CANCELLED, reason[:200]
    end(clock, at)


def end(clock, at):
    """What every end has in common."""
    clock.stopped_at, clock.paused_at, clock.next_fire_at = at, None, None
    turn(clock, "", at, "")


def reopen(clock, at):
    """Let an ended clock go on: the time since is a pause, and little time left becomes the grace (SL-9)."""
    ended, clock.stopped_at, clock.state, clock.paused_at = clock.stopped_at, None, Clock.PAUSED, clock.stopped_at
    clock.due_at = clock.warn_at = None
    turn(clock, Clock.PAUSED, ended, _("Resolved"))
    resume(clock, at, _("Reopened"), grace=clock.version.grace_minutes * 60)


def take_back(clock):
    """Let a clock go on as if it had not been stopped; what broke meanwhile stays broken."""
    last = clock.segments.latest("started_at", "id")
    ClockSegment.objects.filter(pk=last.pk).update(ended_at=None)
    clock.stopped_at, clock.over_seconds = None, 0
    if last.state == Clock.RUNNING:
        clock.used_seconds -= seconds_between(last.started_at, last.ended_at, hours_of(clock.version))
        clock.state = Clock.RUNNING
        schedule(clock, last.started_at)
    else:
        clock.state, clock.paused_at, clock.due_at = Clock.PAUSED, last.started_at, None


def loaded(rows):
    """Clocks of a query, locked, with their versions, segments that run, and what they have told."""
    found = read_many(rows.order_by("id").select_for_update(of=("self",)), "version")
    open_ones = ClockSegment.objects.filter(clock__pk__any_of={clock.pk for clock in found}, ended_at__isnull=True)
    running = {segment.clock_id: segment for segment in read_many(open_ones)} if found else {}
    for clock in found:
        clock.was_open = clock.now_open = running.get(clock.pk)
        clock.trail, clock.noted = [], []
    tell_fired(found)
    return found


def live_of(case_ids):
    """The clocks of cases that run or stand still."""
    return loaded(Clock.objects.filter(case__pk__any_of=set(case_ids), state__in=LIVE))


def tell_fired(clocks):
    """Give clocks what was told of the same promise, by those that they replace too; one statement."""
    told = {}
    rows = ClockEvent.objects.filter(clock__case__pk__any_of={clock.case_id for clock in clocks})
    for case, metric, start, *event in rows.values_list(
        "clock__case", "clock__metric", "clock__started_at", "kind", "step"
    ) if clocks else ():  # fmt: skip
        told.setdefault((case, metric, start), set()).add(tuple(event))
    for clock in clocks:
        clock.fired = set(told.get((clock.case_id, clock.metric, clock.started_at), ()))


def save(clocks):
    """Write clocks with their segments and what was noted; a fixed number of statements however many there are."""
    before = [getattr(clock, "was_open", None) for clock in clocks]
    ended = [segment for segment in before if segment and segment.ended_at]
    update_many(ClockSegment, ended, ["ended_at"])
    update_many(Clock, [clock for clock in clocks if clock.pk], WRITTEN)
    insert_many(Clock, [clock for clock in clocks if not clock.pk])
    for clock in clocks:
        for segment in clock.trail:
            segment.clock_id = clock.pk
    insert_many(ClockSegment, [segment for clock in clocks for segment in clock.trail])
    events = [fresh(ClockEvent, clock_id=clock.pk, kind=kind, step=step, at=at)
              for clock in clocks for kind, step, at in clock.noted]  # fmt: skip
    if events:
        ClockEvent.objects.bulk_create(events, ignore_conflicts=True)
