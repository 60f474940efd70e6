"""Clocks of cases: what starts them, what stops them, and when they fall due (SL-3, SL-5 to SL-11)."""

from datetime import timedelta

import pytest

from support.clocks import (
    agent_replied,
    begun,
    cancelled,
    customer_wrote,
    keep_begun,
    promise_changed,
    reply_taken_back,
    status_changed,
)
from support.models import NEVER, Case, Clock, ClockEvent, ClockSegment, Policy
from tests.support.clockwork import case_at, clock, edition, level, moment, moved, status

pytestmark = pytest.mark.django_db


def live(case):
    return {c.metric: c.state for c in Clock.objects.filter(case=case, state__in=("running", "paused"))}


def changed(case, reason="Priority", **fields):
    for name, value in fields.items():
        setattr(case, name, value)
    case.save()
    promise_changed(case, moment(9, 0) if "at" in fields else moment(0, 10), reason)
    case.refresh_from_db()


def test_sl3_a_clock_has_its_version_target_and_moments():
    """SL-3: due and warning are kept, and the case shows what falls due first."""
    policy = level(warn_percent=75)
    case = case_at(moment(0, 9))
    first, resolution = clock(case, "first"), clock(case, "resolution")
    assert (first.version, first.target_seconds, first.state) == (policy.current, 3600, "running")
    assert (first.due_at, first.warn_at) == (moment(0, 10), moment(0, 9, 45))
    assert resolution.due_at == moment(0, 13)
    case.refresh_from_db()
    assert (case.due_at, case.due_metric, case.warn_at) == (moment(0, 10), "first", moment(0, 9, 45))
    assert "because no other holds" in case.policy_why


def test_sl3_a_new_version_leaves_running_clocks_alone():
    """SL-3."""
    policy = level()
    case = case_at(moment(0, 9))
    edition(policy, {"first": 8})
    assert clock(case, "first").due_at == moment(0, 10)
    assert clock(case_at(moment(0, 9)), "first").due_at == moment(0, 17)


def test_sl5_the_case_of_bottle_friday_four_to_monday_noon():
    """SL-5: waiting over the weekend changes nothing; wall time added gave Thursday at four in the morning."""
    level(hours={"resolution": 4})
    case = case_at(moment(4, 16), category="open")
    assert clock(case, "resolution").due_at == moment(7, 12)
    moved(case, "waiting", moment(4, 17))
    assert (clock(case, "resolution").due_at, case.due_at) == (None, NEVER)
    moved(case, "open", moment(7, 9))
    assert clock(case, "resolution").due_at == case.due_at == moment(7, 12)


def test_sl6_first_response_does_not_pause_by_default():
    """SL-6: which clocks stand still is the status's own, for each metric."""
    level()
    case = case_at(moment(0, 9))
    moved(case, "waiting", moment(0, 9, 30))
    assert live(case) == {"first": "running", "resolution": "paused"}
    hold = status("waiting", name="On hold")
    hold.pauses = ["first"]
    hold.save()
    case.status = hold
    status_changed([case], moment(0, 9, 40))
    assert live(case) == {"first": "paused", "resolution": "running"}


def test_sl7_only_an_agents_reply_meets_the_first_response():
    """SL-7, frappe/helpdesk: a status without a reply is no response; resolving only holds the clock."""
    level()
    case = case_at(moment(0, 9))
    customer_wrote(case, moment(0, 9, 5))
    moved(case, "waiting", moment(0, 9, 10))
    moved(case, "open", moment(0, 9, 20))
    assert clock(case, "first").state == "running"
    moved(case, "resolved", moment(0, 9, 30))
    assert live(case) == {"first": "paused"}
    moved(case, "open", moment(0, 9, 40))
    agent_replied(case, moment(0, 10, 5))
    first = clock(case, "first")
    assert (first.state, first.used_seconds, first.stopped_at) == ("met", 55 * 60, moment(0, 10, 5))


def test_sl7_a_case_closed_without_an_answer_has_no_first_response():
    """SL-7: neither met nor broken."""
    level()
    case = case_at(moment(0, 9))
    moved(case, "closed", moment(0, 9, 30))
    assert clock(case, "first").state == "cancelled"
    assert clock(case, "resolution").state == "met"


def test_sl7_made_on_the_phone_it_starts_answered():
    """SL-7: by option."""
    level()
    case = case_at(moment(0, 9), answered=True)
    assert (clock(case, "first").state, clock(case, "first").used_seconds) == ("met", 0)
    customer_wrote(case, moment(0, 10))
    assert clock(case, "next").due_at == moment(0, 12)


def test_sl8_next_response_counts_from_the_oldest_message():
    """SL-8."""
    level()
    case = case_at(moment(0, 9))
    agent_replied(case, moment(0, 9, 10))
    customer_wrote(case, moment(0, 11))
    customer_wrote(case, moment(0, 12))
    assert clock(case, "next").due_at == moment(0, 13)
    agent_replied(case, moment(0, 12, 30))
    assert (clock(case, "next").state, clock(case, "next").used_seconds) == ("met", 90 * 60)
    assert Clock.objects.filter(case=case, metric="next").count() == 1


def test_sl8_zammad_5177_the_shorter_next_response_does_not_overrule_the_first():
    """SL-8, zammad/zammad#5177."""
    level(hours={"first": 4, "next": 1})
    case = case_at(moment(0, 9))
    customer_wrote(case, moment(0, 9))
    customer_wrote(case, moment(0, 9, 30))
    case.refresh_from_db()
    assert live(case) == {"first": "running"}
    assert case.due_at == moment(0, 13)


def test_sl8_zammad_1322_a_reply_through_the_portal_starts_the_clock_again():
    """SL-8, zammad/zammad#1322."""
    level()
    case = case_at(moment(0, 9), channel="portal")
    for hour in (10, 12, 14):
        agent_replied(case, moment(0, hour))
        customer_wrote(case, moment(0, hour, 30))
        assert live(case)["next"] == "running"
    assert Clock.objects.filter(case=case, metric="next").count() == 3


def test_sl8_zammad_3410_the_longest_finished_exchange_is_the_statistic():
    """SL-8, zammad/zammad#3410: from the earliest message to the earliest answer."""
    level()
    case = case_at(moment(0, 9), answered=True)
    for wrote, replied in ((60, 80), (90, 150), (160, 165)):
        customer_wrote(case, moment(0, 9) + timedelta(minutes=wrote))
        agent_replied(case, moment(0, 9) + timedelta(minutes=replied))
    customer_wrote(case, moment(0, 13))
    used = Clock.objects.filter(case=case, metric="next", state="met").values_list("used_seconds", flat=True)
    assert max(used) == 60 * 60


def test_sl8_a_customer_who_writes_to_a_resolved_case_waits_from_then():
    """SL-8: whichever of the two the house notes first."""
    level()
    case = case_at(moment(0, 9), answered=True)
    moved(case, "resolved", moment(0, 10))
    customer_wrote(case, moment(0, 11))
    assert live(case) == {"next": "paused"}
    moved(case, "open", moment(0, 11))
    assert clock(case, "next").due_at == moment(0, 13)
    assert live(case) == {"next": "running", "resolution": "running"}


def test_sl9_reopened_it_goes_on_with_what_remains():
    """SL-9: met is cleared, and the first resolution stays to be seen among the segments."""
    level(grace_minutes=60)
    case = case_at(moment(0, 9), answered=True)
    moved(case, "resolved", moment(0, 10))
    assert clock(case, "resolution").state == "met"
    moved(case, "open", moment(1, 9))
    resolution = clock(case, "resolution")
    assert (resolution.state, resolution.due_at, resolution.stopped_at) == ("running", moment(1, 12), None)
    pause = ClockSegment.objects.get(clock=resolution, state="paused")
    assert (pause.started_at, pause.ended_at, pause.why) == (moment(0, 10), moment(1, 9), "Resolved")


def test_sl9_little_time_left_becomes_the_grace_and_nothing_escalates_at_once():
    """SL-9: Zammad warns that a reopened ticket may escalate at once."""
    level(grace_minutes=60)
    case = case_at(moment(0, 9), answered=True)
    moved(case, "resolved", moment(0, 12, 50))
    moved(case, "open", moment(1, 9))
    assert clock(case, "resolution").due_at == moment(1, 10)


def test_sl9_reopened_long_after_it_is_a_new_instance():
    """SL-9."""
    level(reopen_days=7)
    case = case_at(moment(0, 9), answered=True)
    moved(case, "resolved", moment(0, 10))
    moved(case, "open", moment(7, 10))
    states = Clock.objects.filter(case=case, metric="resolution").order_by("id").values_list("state", "due_at")
    assert list(states) == [("met", moment(0, 13)), ("running", moment(7, 14))]


def test_sl10_met_is_to_stop_no_later_than_due():
    """SL-10: to the microsecond."""
    level(hours={"first": 1})
    just, late = case_at(moment(0, 9)), case_at(moment(0, 9))
    agent_replied(just, moment(0, 10))
    agent_replied(late, moment(0, 10) + timedelta(microseconds=1))
    assert (clock(just, "first").state, clock(late, "first").state) == ("met", "breached")


def test_sl10_a_breach_is_for_good_and_says_by_how_much():
    """SL-10: in working seconds, and the event stands even when nobody swept in between."""
    level(hours={"resolution": 4})
    case = case_at(moment(4, 12), category="open")
    moved(case, "resolved", moment(7, 10))
    resolution = clock(case, "resolution")
    assert (resolution.state, resolution.breached_at, resolution.over_seconds) == ("breached", moment(4, 16), 7200)
    assert set(ClockEvent.objects.filter(clock=resolution).values_list("kind", "at")) == {
        ("warning", moment(4, 15)), ("breach", moment(4, 16)),
    }  # fmt: skip
    assert case.breached
    moved(case, "open", moment(7, 11))
    assert (clock(case, "resolution").due_at, case.breached) == (moment(7, 12), True)
    moved(case, "resolved", moment(7, 11, 30))
    assert (clock(case, "resolution").state, clock(case, "resolution").over_seconds) == ("breached", 7200)


def test_sl11_a_change_counts_from_the_start_with_what_was_used():
    """SL-11: the old clock is cancelled, the new one names it and the reason."""
    targets = {"resolution": {"1": 120, "3": 480}}
    level(targets=targets)
    case = case_at(moment(0, 9), category="open")
    old = clock(case, "resolution")
    changed(case, "Priority changed to urgent", priority=1)
    new = clock(case, "resolution")
    old.refresh_from_db()
    assert (old.state, old.stopped_at) == ("cancelled", moment(0, 10))
    assert (new.replaces, new.started_at, new.due_at) == (old, moment(0, 9), moment(0, 11))
    assert new.reason == old.reason == "Priority changed to urgent"
    assert case.due_at == moment(0, 11)


@pytest.mark.parametrize("paused_now", [False, True])
def test_sl11_glpi_6902_and_15605_pauses_are_not_lost_when_the_level_changes(paused_now):
    """SL-11, glpi-project/glpi#6902 and #15605; frappe/erpnext PR#47884, #49414: nor counted twice."""
    level(targets={"resolution": {"1": 240, "3": 480}})
    case = case_at(moment(0, 9), category="open")
    moved(case, "waiting", moment(0, 10))
    if not paused_now:
        moved(case, "open", moment(0, 12))
    case.priority = 1
    case.save()
    promise_changed(case, moment(0, 13), "Priority")
    if paused_now:
        assert clock(case, "resolution").state == "paused"
        moved(case, "open", moment(0, 14))
    new = clock(case, "resolution")
    assert new.used_seconds == 3600
    assert new.due_at == (moment(0, 17) if paused_now else moment(0, 15))
    assert new.segments.count() == 3


@pytest.mark.parametrize("paused_now", [False, True])
def test_sl11_a_shorter_promise_broke_when_its_time_was_used(paused_now):
    """SL-11, SL-10: the moment lies in the stretch in which the time ran out, not in a later pause."""
    level(targets={"resolution": {"1": 30, "3": 480}})
    case = case_at(moment(0, 9), category="open")
    moved(case, "waiting", moment(0, 11))
    if not paused_now:
        moved(case, "open", moment(1, 9))
    case.priority = 1
    case.save()
    promise_changed(case, moment(1, 10), "Priority")
    new = clock(case, "resolution")
    assert (new.breached_at if paused_now else new.due_at) == moment(0, 9, 30)
    moved(case, "resolved", moment(1, 11))
    new = clock(case, "resolution")
    assert (new.state, new.breached_at) == ("breached", moment(0, 9, 30))
    assert new.events.filter(kind=ClockEvent.BREACH, at=moment(0, 9, 30)).count() == 1


def test_sl11_without_a_first_response_the_next_one_is_promised():
    """SL-11: the customer who waits is promised an answer by the level that knows no first one, at once."""
    level(hours={"first": 8})
    case = case_at(moment(0, 9))
    Case.objects.filter(pk=case.pk).update(waiting_since=moment(0, 10))
    case.refresh_from_db()
    level(hours={"next": 2})
    promise_changed(case, moment(0, 11), "Level changed")
    assert live(case) == {"next": "running"}
    assert clock(case, "next").due_at == moment(0, 12)


def test_sl11_zammad_5624_a_metric_that_the_new_level_lacks_leaves_no_clock():
    """SL-11, zammad/zammad#5624."""
    level()
    case = case_at(moment(0, 9))
    level(hours={"resolution": 4})
    changed(case, "Level changed")
    assert live(case) == {"resolution": "running"}
    assert (case.due_metric, case.due_at) == ("resolution", moment(0, 13))
    Policy.objects.update(is_active=False)
    changed(case, "No level")
    assert live(case) == {}
    assert (case.due_at, case.policy_why) == (NEVER, "No service level holds.")


def test_sl11_a_new_metric_counts_from_what_the_customer_waits_for():
    """SL-11: a level that promises more begins where the waiting began."""
    level(hours={"resolution": 4})
    case = case_at(moment(0, 9))
    level(hours={"first": 2, "resolution": 4})
    changed(case, "Level changed")
    assert clock(case, "first").due_at == moment(0, 11)


def test_sl11_other_hours_count_anew():
    """SL-11: from clock time to office hours."""
    policy = level(hours={"resolution": 8}, office={})
    case = case_at(moment(4, 16), category="open")
    assert clock(case, "resolution").due_at == moment(5, 0)
    edition(policy, {"resolution": 8})
    promise_changed(case, moment(4, 18), "Calendar")
    assert clock(case, "resolution").due_at == moment(7, 16)


def test_sl11_a_breach_is_not_undone_by_a_lower_priority():
    """SL-10, SL-11: the broken promise stays broken, and is not told a second time."""
    level(targets={"resolution": {"1": 60, "4": 480}})
    case = case_at(moment(0, 9), category="open", priority=1)
    case.priority = 4
    case.save()
    promise_changed(case, moment(0, 11), "Priority")
    new = clock(case, "resolution")
    assert (new.due_at, new.breached_at) == (moment(0, 17), moment(0, 10))
    moved(case, "resolved", moment(0, 12))
    assert clock(case, "resolution").state == "breached"
    assert ClockEvent.objects.filter(clock__case=case, kind="breach").count() == 1


def test_cancelled_ends_everything_without_a_verdict():
    """SL-3: as for spam, a merge or the bin."""
    level()
    case = case_at(moment(0, 9))
    cancelled([case], moment(0, 9, 30), "Spam")
    case.refresh_from_db()
    assert live(case) == {}
    assert (case.due_at, case.breached) == (NEVER, False)


def test_many_cases_start_with_the_same_number_of_statements(django_assert_max_num_queries):
    """SL-13: importing costs no statement for each case."""
    level(conditions=[{"field": "tier", "op": "equals", "value": "gold"}], default=False)
    new = status("new")
    cases = [Case(subject=str(n), status=new, created_at=moment(0, 9)) for n in range(60)]
    with django_assert_max_num_queries(14):
        clocks = begun([(case, False) for case in cases])
        Case.objects.bulk_create(cases)
        keep_begun(clocks)
    assert Clock.objects.filter(case__in=cases).count() == 120


def test_sl7_a_reply_that_was_taken_back_was_none():
    """SL-7: the clock goes on as if nothing had been written."""
    level()
    case = case_at(moment(0, 9))
    agent_replied(case, moment(0, 9, 30))
    customer_wrote(case, moment(0, 9, 30) + timedelta(seconds=5))
    reply_taken_back(case, moment(0, 9, 30))
    case.refresh_from_db()
    assert live(case) == {"first": "running", "resolution": "running"}
    assert (clock(case, "first").due_at, clock(case, "first").used_seconds) == (moment(0, 10), 0)
    assert case.due_at == moment(0, 10)
    agent_replied(case, moment(0, 9, 40))
    assert (clock(case, "first").state, clock(case, "first").used_seconds) == ("met", 40 * 60)


def test_sl11_what_comes_back_from_the_bin_goes_on_with_its_pauses():
    """SL-11: the time in the bin is a pause, those before it are kept."""
    level(hours={"first": 8, "resolution": 4})
    case = case_at(moment(0, 9))
    moved(case, "waiting", moment(0, 10))
    moved(case, "open", moment(0, 12))
    cancelled([case], moment(0, 13), "Deleted")
    promise_changed(case, moment(1, 9), "Restored")
    assert live(case) == {"first": "running", "resolution": "running"}
    back = clock(case, "resolution")
    assert (back.used_seconds, back.due_at, back.replaces.state) == (7200, moment(1, 11), "cancelled")
    assert list(back.segments.order_by("id").values_list("state", "why"))[-2:] == [
        ("paused", "Deleted"), ("running", "Open"),
    ]  # fmt: skip
    cancelled([case], moment(1, 10), "Deleted")
    promise_changed(case, moment(1, 10), "Restored")
    assert clock(case, "resolution").due_at == moment(1, 11)
