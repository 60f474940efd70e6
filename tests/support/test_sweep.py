"""The sweep of clocks: each event once, at its true moment, by any number of workers (SL-12, SL-13, R25)."""

from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.models import Notification, Team
from support import sweep as module
from support.clocks import agent_replied, promise_changed
from support.dues import refresh
from support.models import (
    Case,
    Clock,
    ClockEvent,
    ClockSegment,
    Message,
    Policy,
    PolicyVersion,
    Queue,
    QueueMember,
)
from support.sweep import sweep
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.support.clockwork import case_at, clock, edition, level, moment, moved, status


def told():
    return sorted(ClockEvent.objects.values_list("kind", "step", "at"), key=lambda row: row[2])


def step(minutes, do="owner", value=None, *, metric="resolution", business=True):
    key = f"{metric}{minutes}{do}"
    return {"key": key, "metric": metric, "minutes": minutes, "business": business, "do": do, "value": value}


@pytest.mark.django_db
def test_sl13_warning_and_breach_come_once_at_their_true_moments(cast, time_machine):
    """SL-13: a late sweep writes when it was true, not when it was noticed; and once."""
    level(hours={"first": 1}, warn_percent=50)
    case = case_at(moment(0, 9), owner=cast.dora)
    assert sweep(moment(0, 9, 30)) == 0
    assert sweep(moment(0, 9, 31)) == 1
    time_machine.move_to(moment(1, 11), tick=False)
    assert sweep() == 1
    assert sweep() == 0
    assert told() == [("warning", "", moment(0, 9, 30)), ("breach", "", moment(0, 10))]
    assert clock(case, "first").breached_at == moment(0, 10)
    assert ClockEvent.objects.get(kind="breach").noted_at == moment(1, 11)
    case.refresh_from_db()
    assert case.breached
    texts = Notification.objects.filter(user=cast.dora).order_by("id").values_list("text", flat=True)
    assert list(texts) == [
        f"{case.number} A case: First response is due at 5 Jan 10:00",
        f"{case.number} A case: First response was due at 5 Jan 10:00",
    ]


@pytest.mark.django_db
def test_sl10_what_stops_at_the_very_moment_is_met(cast):
    """SL-10: the sweep of that moment breaks no promise that can still be kept."""
    level(hours={"first": 1}, warn_percent=100)
    case = case_at(moment(0, 9))
    assert sweep(moment(0, 10)) == 0
    agent_replied(case, moment(0, 10))
    assert clock(case, "first").state == "met"
    assert sweep(moment(0, 12)) == 0


@pytest.mark.django_db
def test_a_clock_that_stands_still_tells_nothing(cast):
    """SL-5, SL-13."""
    level(hours={"resolution": 4})
    case = case_at(moment(0, 9), category="open")
    moved(case, "waiting", moment(0, 11))
    assert sweep(moment(3, 9)) == 0
    moved(case, "open", moment(3, 9))
    assert sweep(moment(3, 11, 1)) == 2
    assert told() == [("warning", "", moment(3, 10)), ("breach", "", moment(3, 11))]


@pytest.mark.django_db
def test_sl12_helpdesk_2051_each_level_of_escalation_comes_once(cast):
    """SL-12, frappe/helpdesk#2051: a second level after the first; working minutes skip the night."""
    Team.objects.filter(pk=cast.service.pk).update(manager=cast.bob)
    second = Queue.objects.create(name="Second level")
    steps = [
        step(-60), step(60, "lead"), step(120, "user", cast.rita.pk), step(180, "queue", second.pk),
        step(600, "priority", business=False), step(240, "assign", cast.charlie.pk),
    ]  # fmt: skip
    level(hours={"resolution": 4}, steps=steps, warn_percent=100)
    case = case_at(moment(0, 11), category="open", owner=cast.dora, team=cast.service)
    for _again in range(2):
        sweep(moment(1, 17))
    found = [(kind, key, at) for kind, key, at in told() if kind == "step"]
    assert found == [
        ("step", "resolution-60owner", moment(0, 14)), ("step", "resolution60lead", moment(0, 16)),
        ("step", "resolution120user", moment(0, 17)), ("step", "resolution600priority", moment(1, 1)),
        ("step", "resolution180queue", moment(1, 10)), ("step", "resolution240assign", moment(1, 11)),
    ]  # fmt: skip
    case.refresh_from_db()
    assert (case.queue, case.owner, case.priority) == (second, cast.charlie, Case.HIGH)
    assert Notification.objects.filter(user=cast.bob, text__contains="Resolution was due").count() == 1
    assert Notification.objects.filter(user=cast.rita, text__contains="Resolution was due").count() == 1


@pytest.mark.django_db
def test_sl12_raising_the_priority_does_not_escalate_again_and_again(cast):
    """SL-11, SL-12: the clock that takes the place of the other has told what the other told."""
    targets = {"resolution": {"1": 60, "2": 120, "3": 240}}
    level(targets=targets, steps=[step(0, "priority")])
    case = case_at(moment(0, 9), category="open")
    for minute in range(1, 6):
        sweep(moment(0, 13, minute))
    case.refresh_from_db()
    assert case.priority == Case.HIGH
    assert ClockEvent.objects.filter(kind="breach").count() == 1
    assert (clock(case, "resolution").breached_at, clock(case, "resolution").priority) == (moment(0, 13), Case.HIGH)


@pytest.mark.django_db
def test_sl12_a_step_that_cannot_be_done_is_noted_and_holds_up_nothing(cast):
    """SL-12."""
    gone = Queue.objects.create(name="Gone", is_active=False)
    level(hours={"resolution": 1}, steps=[step(1, "queue", gone.pk)])
    case = case_at(moment(0, 9), category="open")
    assert sweep(moment(0, 11)) == 3
    assert case.messages.filter(kind="event", body__contains="could not be done").exists()


@pytest.mark.django_db
def test_nobody_has_the_case_so_its_queue_is_told(cast):
    """SL-12: a promise of a case without owner and lead is not forgotten."""
    queue = Queue.objects.create(name="Desk")
    QueueMember.objects.create(queue=queue, user=cast.dora)
    level(hours={"first": 1}, warn_percent=100)
    case_at(moment(0, 9), queue=queue)
    sweep(moment(0, 11))
    assert set(Notification.objects.values_list("user", flat=True)) == {cast.dora.pk}


@pytest.mark.django_db
def test_nobody_is_told_of_a_case_out_of_reach(cast):
    """SL-12: a notification holds the subject."""
    level(hours={"first": 1}, warn_percent=100, steps=[step(1, "user", cast.pat.pk, metric="first")])
    case_at(moment(0, 9))
    assert sweep(moment(0, 11)) == 3
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_what_broke_long_ago_is_noted_without_news(cast):
    """SL-13: histories that are brought in alarm nobody."""
    level(hours={"first": 1})
    case_at(moment(0, 9), owner=cast.dora)
    assert sweep(moment(30, 9)) == 2
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_cases_in_the_bin_tell_nothing(cast):
    """SL-13."""
    level(hours={"first": 1})
    case = case_at(moment(0, 9))
    Case.objects.filter(pk=case.pk).update(deleted_at=moment(0, 9, 10))
    assert sweep(moment(1, 9)) == 0
    assert sweep(moment(1, 9)) == 0


def make_due(count, owner=None, *, ahead=timedelta(0)):
    """Cases whose first response was due on Monday at ten; two statements each for cases, clocks and segments."""
    new, policy = status("new"), level(hours={"first": 1}, warn_percent=100)
    cases = Case.objects.bulk_create([Case(subject="Due", status=new, owner=owner) for _n in range(count)])
    start = moment(0, 9) + ahead
    clocks = Clock.objects.bulk_create(
        Clock(case=case, metric="first", version=policy.current, priority=3, target_seconds=3600, started_at=start,
              due_at=start + timedelta(hours=1), warn_at=start + timedelta(hours=1),
              next_fire_at=start + timedelta(hours=1)) for case in cases
    )  # fmt: skip
    ClockSegment.objects.bulk_create([ClockSegment(clock=c, state="running", started_at=start) for c in clocks])
    refresh([case.pk for case in cases])
    return cases


def statements(now):
    with CaptureQueriesContext(
        connection,
    ) as found:
        sweep(now)
    return len(found)


@pytest.mark.django_db
def test_sl13_nothing_due_is_one_statement_and_the_cost_follows_what_is_due(cast, django_assert_num_queries):
    """SL-13: open cases cost nothing, and ten due ones as many statements as one."""
    make_due(60, cast.dora, ahead=timedelta(days=28))
    with django_assert_num_queries(1):
        assert sweep(moment(1, 9)) == 0
    make_due(1, cast.dora)
    one = statements(moment(1, 9))
    make_due(40, cast.dora)
    assert statements(moment(1, 9)) == one
    assert ClockEvent.objects.count() == 82
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE support_clock")  # what the planner believes is of this test, not of those before it
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "clock_fire_ix" in module.due(moment(1, 9)).order_by("next_fire_at").explain()


@pytest.mark.django_db(transaction=True)
def test_r25_eight_workers_tell_of_500_breaches_once():
    """R25, SL-13: 500 due, eight at once, each twice: one event of a kind and one notification for each clock."""
    dora = make_cast().dora
    make_due(500, dora)
    counts = at_once(*[lambda: sweep(moment(1, 9), limit=50)] * 8)
    assert sum(counts) + sum(at_once(*[lambda: sweep(moment(1, 9))] * 8)) == 1000
    assert ClockEvent.objects.filter(kind="breach").count() == 500
    assert Notification.objects.filter(key__contains=":breach:").count() == 500
    assert Clock.objects.filter(breached_at=moment(0, 10)).count() == 500
    assert Case.objects.unscoped("test").filter(breached=True).count() == 500


@pytest.mark.django_db(transaction=True)
def test_r25_negative_control_without_the_lock_and_the_constraints_it_doubles(monkeypatch):
    """R25: the test above finds what it looks for; and the constraints alone keep the number of events right."""
    dora = make_cast().dora

    def unlocked(now, limit, only=None):
        found = list(module.due(now).select_related("case").order_by("id")[:limit])
        barrier.wait(timeout=20)
        return found

    barrier = Barrier(2)
    monkeypatch.setattr(module, "claimed", unlocked)
    make_due(20, dora)
    at_once(*[lambda: module.sweep_batch(moment(1, 9), 500, by=None)] * 2)
    assert ClockEvent.objects.filter(kind="breach").count() == Notification.objects.filter(
        key__contains=":breach:").count() == 20  # fmt: skip
    once = (("support_clockevent", "clock_event_once", "clock_id, kind, step"),
            ("core_notification", "notification_once", "user_id, key"))  # fmt: skip
    with connection.cursor() as cursor:
        for table, name, _columns in once:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        make_due(20, dora)
        at_once(*[lambda: module.sweep_batch(moment(1, 9), 500, by=None)] * 2)
        assert ClockEvent.objects.filter(kind="breach").count() == 60
        assert Notification.objects.filter(key__contains=":breach:").count() == 60
    finally:
        ClockEvent.objects.all().delete()
        Notification.objects.all().delete()
        with connection.cursor() as cursor:
            for table, name, columns in once:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE ({columns})")


@pytest.mark.django_db(transaction=True)
def test_r25_a_reply_at_the_moment_of_the_sweep():
    """R25: whichever comes first, one breach; the case that somebody holds is left for the next time."""
    dora = make_cast().dora
    (case,) = make_due(1, dora)
    case = Case.objects.unscoped("test").select_related("status").get(pk=case.pk)

    def reply():
        with transaction.atomic():
            Case.objects.unscoped("test").select_for_update().get(pk=case.pk)
            agent_replied(case, moment(0, 12))

    at_once(reply, lambda: sweep(moment(1, 9)))
    sweep(moment(1, 9))
    assert ClockEvent.objects.filter(kind="breach").count() == 1
    assert (clock(case, "first").state, clock(case, "first").over_seconds) == ("breached", 7200)


@pytest.mark.django_db
def test_a_promise_that_moved_is_told_by_its_new_moment(cast):
    """SL-11, SL-13."""
    level(targets={"resolution": {"1": 60, "3": 480}}, warn_percent=100)
    case = case_at(moment(0, 9), category="open", owner=cast.dora)
    case.priority = 1
    case.save()
    promise_changed(case, moment(0, 9, 30), "Priority")
    assert sweep(moment(0, 11)) == 2
    assert clock(case, "resolution").breached_at == moment(0, 10)


@pytest.mark.django_db
def test_r28_a_promise_that_cannot_be_dealt_with_is_parked_and_the_others_go_on(cast):
    """R28: it is tried twice, then left alone and named in the story of its case; nothing of the others is lost."""
    level(hours={"first": 1}, office={}, warn_percent=100)
    before = timezone.now() - timedelta(hours=2)
    bad, *good = [case_at(before) for _n in range(4)]
    broken = edition(Policy.objects.get(is_default=True), {"first": 1}, office={"zone": "Nowhere/Land", "week": {}})
    steps = [{"key": "s", "metric": "first", "minutes": 5, "business": True, "do": "owner", "value": None}]
    PolicyVersion.objects.filter(pk=broken.current_id).update(steps=steps)
    Clock.objects.filter(case=bad).update(version=broken.current)
    assert sweep() == 6
    assert set(ClockEvent.objects.values_list("clock__case", flat=True)) == {case.pk for case in good}
    assert Message.objects.get(kind="event", body__contains="could not be watched").case_id == bad.pk
    assert sweep() == 0


@pytest.mark.django_db
def test_r28_a_step_that_fails_in_an_unknown_way_is_noted_in_the_story(cast, monkeypatch):
    """R28: the breach is told all the same, and the other steps are done."""
    monkeypatch.setattr("support.sweep.update_case", lambda *_args, **_kw: 1 / 0)
    level(hours={"first": 1}, office={}, warn_percent=100, steps=[
        step(0, "priority", metric="first", business=False), step(1, "owner", metric="first", business=False),
    ])  # fmt: skip
    case = case_at(timezone.now() - timedelta(hours=2), owner=cast.dora)
    assert sweep() == 4
    assert Notification.objects.filter(user=cast.dora).count() == 3
    assert Message.objects.filter(case=case, body__contains="could not be done").count() == 1
