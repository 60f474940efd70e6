"""The clocks of cases: what happens to them when something happens to a case.

Called by the operations on cases, inside their transactions and after the case itself is written. `at` is the moment
at which it happened, which an import gives from the past. What is due of a case stands in the case (see dues).
"""

from collections import defaultdict

from django.db.models import Max
from django.utils.translation import gettext as _

from crm_site.core.loading import read_many
from support import ledger
from support.dues import know_due, refresh
from support.ledger import begin, blank, cancel, live_of, loaded, pause, reopen, resume, schedule, stop, turn
from support.models import FIRST, NEXT, RESOLUTION, Case, Clock, ClockSegment, Status
from support.policies import policies_for

DONE = (Status.RESOLVED, Status.CLOSED)
ENDED = (Clock.MET, Clock.BREACHED)
# What an end writes into a clock, and going on after it changes.
AN_END = ("pk", "state", "target_seconds", "used_seconds", "due_at", "warn_at", "stopped_at", "breached_at",
          "over_seconds")  # fmt: skip
# Of the answers one is promised at a time.
OTHER = {FIRST: NEXT, NEXT: FIRST}


def begun(pairs):
    """The clocks of new cases, from their creation on, for keep_begun; what is due of them stands in the cases.

    Given are pairs of a case and whether the customer had the first answer at once, as on the phone. A case that begins
    resolved has kept its promise. Nothing is written: cases are inserted with all of it. The number of statements does
    not grow with that of the cases.
    """
    made = []
    for (case, answered), policy in zip(pairs, chosen([case for case, _answered in pairs]), strict=True):
        own = [begin(case, metric, policy.current, case.created_at) for metric in (FIRST, RESOLUTION) if policy]
        own = [clock for clock in own if clock]
        for clock in own:
            clock.of = case
            stand(clock, case, case.created_at)
            if answered if clock.metric == FIRST else case.category in DONE:
                stop(clock, case, case.created_at)
        know_due(case, own)
        made += own
    return made


def keep_begun(clocks):
    """Write the clocks of cases that have been inserted."""
    for clock in clocks:
        clock.case_id = clock.of.pk
    ledger.save(clocks)


def picked(cases):
    """The policies that hold for cases, in their order; why is kept with each case."""
    before, policies, reasons = [case.policy_why for case in cases], chosen(cases), defaultdict(list)
    for case, why in zip(cases, before, strict=True):
        if case.policy_why != why:
            reasons[case.policy_why].append(case.pk)
    for why, ids in reasons.items():
        Case.objects.unscoped("a clock's own note").filter(pk__any_of=set(ids)).update(policy_why=why)
    return policies


def chosen(cases):
    """The policies that hold for cases, in their order; the cases know why, which is not written."""
    found = policies_for(cases)
    for case, (_policy, why) in zip(cases, found, strict=True):
        case.policy_why = why
    return [policy for policy, _why in found]


def rests(case, metric):
    """Whether a clock of the metric stands still in the case's status; those of answers do in a case that is done."""
    return metric in case.status.pauses or (case.category in DONE and metric != RESOLUTION)


def stand(clock, case, at):
    """Let a clock run or stand still as the case's status has it."""
    rest = rests(case, clock.metric)
    if rest and clock.state == Clock.RUNNING:
        pause(clock, at, str(case.status))
    elif not rest and clock.state == Clock.PAUSED:
        resume(clock, at, str(case.status))


def customer_wrote(case, at):
    """The customer wrote: the oldest message without an answer starts the next response, the first one excepted."""
    live = set(Clock.objects.filter(case=case, state__in=ledger.LIVE).values_list("metric", flat=True))
    policy = None if live & {FIRST, NEXT} else picked([case])[0]
    clock = policy and begin(case, NEXT, policy.current, at)
    if clock:
        stand(clock, case, at)
        ledger.save([clock])
        refresh([case.pk])


def agent_replied(case, at):
    """An agent wrote to the customer: that ends the first or the next response."""
    answered = [c for c in live_of([case.pk]) if c.metric in (FIRST, NEXT) and c.started_at <= at]
    for clock in answered:
        stop(clock, case, at)
    keep(answered)


def reply_taken_back(case, at, *, unchanged=False):
    """The reply of this moment was taken back before it was sent: what it ended goes on as if it had not been.

    `unchanged` is whether the state that it gave the case was taken back, too.
    """
    answers = Clock.objects.filter(case=case, metric__in=(FIRST, NEXT, RESOLUTION) if unchanged else (FIRST, NEXT))
    back = loaded(answers.filter(state__in=ENDED, stopped_at=at, started_at__lt=at))
    newer = [clock for clock in live_of([case.pk]) if clock.metric == NEXT] if back else []
    for clock in newer:
        cancel(clock, max(at, clock.started_at), _("The reply before it was taken back"))
    keep(newer)
    for clock in back:
        ledger.take_back(clock)
    keep(back)


def status_changed(cases, at):
    """Cases have other statuses: clocks stand still, go on, end, or come back (SL-5, SL-6, SL-9).

    The number of statements does not grow with the cases.
    """
    refresh({clock.case_id for clock in follow_status(cases, at)})


def follow_status(cases, at):
    """What status_changed does, and return the clocks; what is due of the cases is left to the caller."""
    named = {case.pk: case for case in cases}
    clocks = live_of(named)
    going = {clock.case_id for clock in clocks if clock.metric == RESOLUTION}
    clocks += reopened([case for case in cases if case.category not in DONE and case.pk not in going], at)
    for clock in clocks:
        case = named[clock.case_id]
        if clock.metric == RESOLUTION and case.category in DONE:
            stop(clock, case, at)
        elif case.category == Status.CLOSED:
            cancel(clock, at, _("Closed without an answer"))
        else:
            stand(clock, case, at)
    ledger.save(clocks)
    return clocks


def taken_up(cases, at):
    """Cases that had ended are open again: what their end cancelled is promised again, and when they will be solved.

    The number of statements does not grow with the cases.
    """
    policies = dict(zip((case.pk for case in cases), picked(cases), strict=True))
    ledger.save(missing(cases, policies, live_of(policies), at, again=True))
    refresh(list(policies))


def reopened(cases, at):
    """The resolution clocks of cases that are not done any more: the last ones, or long after their end new ones."""
    rows = Clock.objects.filter(case__pk__any_of={case.pk for case in cases}, metric=RESOLUTION, state__in=ENDED)
    ended = loaded(rows) if cases else []
    last, found, new = {clock.case_id: clock for clock in ended}, [], []
    for case in cases:
        clock = last.get(case.pk)
        if clock and (at - clock.stopped_at).days < clock.version.reopen_days:
            reopen(clock, at)
            found.append(clock)
        elif clock:
            new.append(case)
    made = [policy and begin(case, RESOLUTION, policy.current, at)
            for case, policy in zip(new, picked(new) if new else (), strict=True)]  # fmt: skip
    return found + [clock for clock in made if clock]


def cancelled(cases, at, reason):
    """End all clocks of cases without a verdict, as for spam, a merge or the bin."""
    refresh({clock.case_id for clock in cancel_all(cases, at, reason)})


def cancel_all(cases, at, reason):
    """What cancelled does, and return the clocks; what is due of the cases is left to the caller."""
    clocks = live_of([case.pk for case in cases])
    for clock in clocks:
        cancel(clock, at, reason)
    ledger.save(clocks)
    return clocks


def waited_since(case, since, at, reason):
    """Let the first response of a case count from an earlier moment, as after a merge; from a later one it does not."""
    count_from(case, since, at, reason, [c for c in live_of([case.pk]) if c.metric == FIRST and c.started_at > since])


def waits_anew(case, moved_at, at, reason):
    """Let the first response of a case count from where it did until it was moved at a moment."""
    old = Clock.objects.filter(case=case, metric=FIRST, state=Clock.CANCELLED, stopped_at=moved_at).first()
    if old:
        count_from(case, old.started_at, at, reason, [c for c in live_of([case.pk]) if c.replaces_id == old.pk])


def count_from(case, since, at, reason, clocks):
    """Replace clocks of a case by ones that run since a moment."""
    for clock in clocks:
        made = begin(case, clock.metric, clock.version, since)
        cancel(clock, at, reason)
        ledger.save([clock])
        made.replaces, made.reason, made.fired = clock, reason[:200], clock.fired
        stand(made, case, at)
        keep([made])


def end_of(case):
    """How the last resolution clock of a case ended, as JSON keeps it, for end_as_before; None where it goes on."""
    clock = Clock.objects.filter(case=case, metric=RESOLUTION).order_by("-pk").values(*AN_END).first()
    if clock is None or clock["state"] not in ENDED:
        return None
    last = ClockSegment.objects.filter(clock=clock["pk"]).aggregate(last=Max("pk"))
    return last | {
        name: value.isoformat() if name.endswith("_at") and value else value for name, value in clock.items()
    }


def end_as_before(case, end, at, reason):
    """Let the resolution clock of a case that is done again be as it ended; what it lived since did not happen."""
    since = [clock for clock in live_of([case.pk]) if clock.metric == RESOLUTION and clock.pk != end["pk"]]
    for clock in since:
        cancel(clock, max(at, clock.started_at), reason)
    ledger.save(since)
    ClockSegment.objects.filter(clock=end["pk"], pk__gt=end["last"]).delete()
    values = {name: end[name] for name in AN_END if name != "pk"}
    Clock.objects.filter(pk=end["pk"]).update(**values, paused_at=None, next_fire_at=None)
    refresh([case.pk])


def keep(clocks):
    """Write clocks, and what is due of their cases now."""
    if clocks:
        ledger.save(clocks)
        refresh({clock.case_id for clock in clocks})


def promise_changed(case, at, reason):
    """Something changed that the service level or its targets depend on: pick anew (see change_promises)."""
    return change_promises([case], at, reason)


def change_promises(cases, at, reason):
    """Give cases the clocks of the levels that hold for them now; returns how many clocks were replaced or ended.

    A clock of another version or priority is cancelled, and one with its start, its pauses and its breach takes its
    place, due by the new target and hours; where nothing is promised any more, none does (SL-11).
    """
    replaced = promise_anew(cases, picked(cases), at, reason)
    refresh([case.pk for case in cases])
    return replaced


def promise_anew(cases, policies, at, reason):
    """What change_promises does by these policies; what is due of the cases is left to the caller."""
    named, old = {case.pk: case for case in cases}, []
    policies = dict(zip(named, policies, strict=True))
    live = live_of(named)
    for clock in live:
        case, policy = named[clock.case_id], policies[clock.case_id]
        if policy is None or policy.current_id != clock.version_id or case.priority != clock.priority:
            cancel(clock, at, reason)
            old.append(clock)
    new = replacements(old, named, policies, reason)
    new += missing(cases, policies, [clock for clock in live if not clock.stopped_at] + new, at)
    ledger.save(old)
    ledger.save(new)
    return len(old)


def replacements(old, named, policies, reason):
    """The clocks that take the place of cancelled ones, which are not written yet."""
    trails, found = defaultdict(list), []
    rows = ClockSegment.objects.filter(clock__pk__any_of={clock.pk for clock in old}, ended_at__isnull=False)
    for segment in read_many(rows.order_by("started_at", "id")) if old else ():
        trails[segment.clock_id].append(segment)
    for clock in old:
        case, policy = named[clock.case_id], policies[clock.case_id]
        made = policy and blank(case, clock.metric, policy.current, clock.started_at)
        if made:
            take_over(made, clock, [*trails[clock.pk], clock.was_open], reason)
            found.append(made)
    return found


def take_over(clock, old, trail, reason):
    """Let a new clock take the place of a cancelled one and go through its life, counted by its own hours."""
    (*past, last), broke = trail, None
    clock.replaces_id, clock.reason, clock.fired = old.pk, reason[:200], old.fired
    clock.breached_at, clock.over_seconds = old.breached_at, old.over_seconds
    for part in past:
        turn(clock, part.state, part.started_at, part.why)
        if part.state == Clock.RUNNING:
            broke = ledger.spend(clock, part.started_at, part.ended_at) or broke
    turn(clock, last.state, last.started_at, last.why)
    if last.state == Clock.PAUSED:
        clock.state, clock.paused_at = Clock.PAUSED, last.started_at
        ledger.note_breach(clock, broke)
    else:
        schedule(clock, last.started_at, broke=broke)


def missing(cases, policies, live, at, *, again=False):
    """The clocks that a new level promises and a case does not have: of what is still open, from its beginning.

    One that was cancelled, by the bin or a level without it, goes on with its past; the time between is a pause.
    For cases that are open `again`, only these, and a resolution, from now on where there has been none.
    """
    going = {(clock.case_id, clock.metric) for clock in live}
    rows = Clock.objects.filter(case__pk__any_of={case.pk for case in cases}, stopped_at__isnull=False)
    ends = [(row[:2], row[2] == Clock.CANCELLED) for row in rows.values_list("case", "metric", "state")]
    over, dropped = ({key for key, gone in ends if gone == kind} for kind in (False, True))
    asked, found = [], []
    for case in cases:
        open_ones = waits(case, over) if policies[case.pk] and case.category not in DONE else ()
        for metric, since in waits_again(case, open_ones, dropped, at) if again else open_ones:
            due = ledger.promised(policies[case.pk].current, metric, case.priority)
            if due and not {(case.pk, metric), (case.pk, OTHER.get(metric))} & going:
                going.add((case.pk, metric))
                asked.append((case, metric, since))
    gone = left_off([case for case, metric, _since in asked if (case.pk, metric) in dropped])
    for case, metric, since in asked:
        old = gone.get((case.pk, metric))
        if old and (metric != NEXT or old.started_at == since):
            clock = blank(case, metric, policies[case.pk].current, old.started_at)
            take_over(clock, old, lived(old), "")
        else:
            clock = begin(case, metric, policies[case.pk].current, since)
        stand(clock, case, at)
        found.append(clock)
    return found


def left_off(cases):
    """{(case id, metric): the last cancelled clock that none has replaced, with its segments}; two statements."""
    rows = Clock.objects.filter(case__pk__any_of={case.pk for case in cases}, state=Clock.CANCELLED)
    found = list(rows.filter(replaced_by__isnull=True).order_by("id").prefetch_related("segments")) if cases else []
    ledger.tell_fired(found)
    return {(clock.case_id, clock.metric): clock for clock in found}


def lived(clock):
    """The segments of a cancelled clock, and that it has stood still since."""
    trail = sorted(clock.segments.all(), key=lambda row: (row.started_at, row.pk))
    return [*trail, ClockSegment(state=Clock.PAUSED, started_at=clock.stopped_at, why=clock.reason)]


def waits(case, over):
    """(metric, since when) of all that the customer of an unresolved case still waits for, the first answer first."""
    if case.first_replied_at is None and (case.pk, FIRST) not in over:
        yield FIRST, case.created_at
    if case.waiting_since:
        yield NEXT, case.waiting_since
    yield RESOLUTION, case.created_at


def waits_again(case, waiting, dropped, at):
    """Of what the customer waits for, what was cancelled before, and a resolution, else from now on."""
    for metric, since in waiting:
        if (case.pk, metric) in dropped:
            yield metric, since
        elif metric == RESOLUTION:
            yield metric, at
