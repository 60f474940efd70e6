"""The sweep of clocks: each warning, breach and escalation step once, however many workers look and however late.

It reads the running clocks that have something to tell by one index, and passes over clocks and cases that others
hold. What it costs follows what is due, never what is open (SL-12, SL-13).
"""

import logging
from datetime import timedelta

from django.db import OperationalError, connection, transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import fresh
from crm_site.core.models import Team, User
from crm_site.core.notifications import notify
from crm_site.core.operations import operation
from support.dues import refresh
from support.hooks import call_later, news_of
from support.ledger import tell_fired, untold
from support.models import METRIC_NAMES, Case, Clock, ClockEvent, PolicyVersion, Queue, QueueMember
from support.operations.cases import update_case
from support.operations.handing import assign_case
from support.operations.story import address_of, note_event, said
from support.steps import ASSIGN, HOOK, LEAD, OWNER, PRIORITY, QUEUE, USER

log = logging.getLogger("kith.clocks")
# What came true longer ago is noted, but nobody is told: histories that were brought in.
NEWS_DAYS = 7
TELLS = (OWNER, LEAD, USER)
FIRED = """
    UPDATE support_clock c SET breached_at = t.breached, next_fire_at = t.next
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) t(id, breached, next) WHERE c.id = t.id
"""
# What no notification needs of a case is not read.
UNREAD = ("case__description", "case__resolution", "case__search_text", "case__name_sort", "case__tags",
          "case__policy_why", "case__close_reason")  # fmt: skip
COLUMNS = ("pk", "breached_at", "next_fire_at")


def sweep(now=None, limit=500):
    """Tell what the clocks have to tell and do what their levels say; returns the number of events.

    Nothing due costs one statement.
    """
    now, count = now or timezone.now(), 0
    while due(now).exists():
        try:
            claimed, events = sweep_batch(now, limit, by=None)
        except OperationalError:
            raise
        except Exception:
            log.exception("a batch of clocks failed; each of them is dealt with by itself")
            claimed, events = one_by_one(now, limit)
        count += events
        if not claimed:
            break
    return count


def one_by_one(now, limit):
    """Deal with some clocks each by itself; one that cannot be dealt with is parked, and the others go on (R28)."""
    ids, count = list(due(now).order_by("next_fire_at", "id").values_list("pk", "case_id")[:limit]), 0
    for pk, case in ids:
        try:
            count += sweep_batch(now, 1, only=pk, by=None)[1]
        except OperationalError:
            raise
        except Exception:
            log.exception("clock %s cannot be dealt with and is parked", pk)
            park(pk, case, by=None)
    return len(ids), count


@operation
def park(pk, case, *, by):
    """Let a clock tell nothing until something happens to its case, and say so in the story of the case."""
    Clock.objects.filter(pk=pk).update(next_fire_at=None)
    note_event(Case(pk=case), _("A promise of this case could not be watched; the log says why."), by=by)


def due(now):
    """Running clocks with something to tell; what is due this very moment can still be met."""
    return Clock.objects.filter(state=Clock.RUNNING, next_fire_at__lt=now)


def claimed(now, limit, only=None):
    """Some of them, or a single one, with their cases, locked; those that others hold wait for the next time."""
    rows = due(now).filter(pk=only) if only else due(now)
    rows = rows.select_related("case").defer(*UNREAD).order_by("next_fire_at", "id")
    return list(rows.select_for_update(skip_locked=True, no_key=True, of=("self", "case"))[:limit])


def with_versions(clocks):
    """Give clocks their versions, one object for all clocks of a version, so that its hours are read once."""
    versions = PolicyVersion.objects.in_bulk({clock.version_id for clock in clocks})
    for clock in clocks:
        clock.version = versions[clock.version_id]


@operation
def sweep_batch(now, limit, *, by, only=None):
    """Claim some clocks and deal with them; (how many were claimed, how many events came of it)."""
    clocks = claimed(now, limit, only)
    with_versions(clocks)
    tell_fired(clocks)
    news = [(clock, *moment) for clock in clocks for moment in fire(clock, now)]
    if clocks:
        with connection.cursor() as cursor:
            cursor.execute(FIRED, [[getattr(clock, name) for clock in clocks] for name in COLUMNS])
        events = [fresh(ClockEvent, clock_id=clock.pk, kind=kind, step=step, at=at) for clock, kind, step, at in news]
        ClockEvent.objects.bulk_create(events, ignore_conflicts=True)
        fresh_news = [new for new in news if new[3] > now - timedelta(days=NEWS_DAYS)]
        notify(notices(fresh_news))
        refresh({clock.case_id for clock in clocks})
        for clock, kind, key, _at in fresh_news:
            if kind == ClockEvent.STEP:
                act(clock, step_of(clock, key), by=by)
    return len(clocks), len(news)


def fire(clock, now):
    """What a clock has to tell by now, in order; the clock is brought up to date. A binned case tells nothing."""
    told = sorted((m for m in untold(clock) if m[2] < now), key=lambda moment: moment[2])
    clock.fired |= {moment[:2] for moment in told}
    if (ClockEvent.BREACH, "") in {moment[:2] for moment in told}:
        clock.breached_at = clock.due_at
    clock.next_fire_at = min((moment[2] for moment in untold(clock)), default=None)
    if clock.case.deleted_at or clock.case.merged_into_id:
        clock.next_fire_at = None
        return []
    return told


def step_of(clock, key):
    """The step of a clock's version by its key."""
    return next(step for step in clock.version.steps if step["key"] == key)


def notices(news):
    """The notifications of events as `notify` takes them, to those who may see the case."""
    cases, found = [clock.case for clock, *_event in news], []
    helpers, leads = members_of(cases), leads_of(cases)
    for clock, kind, key, at in news:
        step = step_of(clock, key) if kind == ClockEvent.STEP else {"do": OWNER}
        text = said(clock.case, sentence(clock, kind, at))
        row = {"text": text, "url": address_of(clock.case), "key": f"clock:{clock.pk}:{kind}:{key}"}
        found += [(clock.case_id, row | {"user_id": user}) for user in told_of(clock.case, step, helpers, leads)]
    return seen_only(found, {(clock.case_id, clock.case.owner_id) for clock, *_event in news})


def told_of(case, step, helpers, leads):
    """The ids of whom a step tells: who has the case or the team's lead, the queue's members where there is neither."""
    if step["do"] not in TELLS:
        return []
    lead = leads.get(case.team_id)
    if step["do"] == USER:
        return [step["value"]]
    first, second = (lead, case.owner_id) if step["do"] == LEAD else (case.owner_id, lead)
    return [first or second] if first or second else helpers.get(case.queue_id, [])


def leads_of(cases):
    """{team id: who leads it} of the cases."""
    teams = {case.team_id for case in cases if case.team_id}
    return dict(Team.objects.filter(pk__in=teams).values_list("pk", "manager")) if teams else {}


def members_of(cases):
    """{queue id: its members} of the cases that nobody has."""
    alone = {case.queue_id for case in cases if not case.owner_id and case.queue_id}
    found = {}
    for queue, user in QueueMember.objects.filter(queue__in=alone).values_list("queue", "user") if alone else ():
        found.setdefault(queue, []).append(user)
    return found


def seen_only(found, own):
    """The rows whose user may see the case; owners do, others are asked for, one statement each."""
    others = {row["user_id"] for case, row in found if (case, row["user_id"]) not in own}
    sight = set(own)
    for user in User.objects.filter(pk__in=others, is_active=True) if others else ():
        cases = {case for case, row in found if row["user_id"] == user.pk}
        seen = Case.objects.visible_to(user).filter(pk__in=cases)
        sight |= {(pk, user.pk) for pk in seen.values_list("pk", flat=True)}
    return [row for case, row in found if (case, row["user_id"]) in sight]


def sentence(clock, kind, at):
    """What a notification says about an event."""
    due_at = clock.due_at if kind != ClockEvent.BREACH else at
    words = {"metric": METRIC_NAMES[clock.metric], "time": formats.date_format(timezone.localtime(due_at), "j M H:i")}
    if kind == ClockEvent.WARNING or due_at > at:
        return _("%(metric)s is due at %(time)s") % words
    return _("%(metric)s was due at %(time)s") % words


def act(clock, step, *, by):
    """Do what a step says to the case; what cannot be done is noted in the story of the case."""
    case = Case.objects.unscoped("the company's own rule").select_related("status", "queue").get(pk=clock.case_id)
    try:
        with transaction.atomic():
            if step["do"] == PRIORITY:
                wanted = int(step.get("value") or max(case.priority - 1, Case.URGENT))
                if wanted < case.priority:
                    update_case(case, {"priority": wanted}, by=by)
            elif step["do"] == QUEUE:
                update_case(case, {"queue": Queue.objects.get(pk=step["value"], is_active=True)}, by=by)
            elif step["do"] == ASSIGN:
                assign_case(case, User.objects.get(pk=step["value"], is_active=True), by=by)
            elif step["do"] == HOOK:
                call_later(step["value"], f"clock:{clock.pk}:{step['key']}", news_of(case, clock, step))
    except OperationalError:
        raise
    except Exception:
        # Whatever it is, the other promises must not wait for it.
        log.exception("escalation of case %s", case.pk)
        note_event(case, _("An escalation step could not be done: %(what)s") % {"what": step["key"]}, by=by)
