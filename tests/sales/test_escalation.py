"""Leads that nobody answers: told of, then given to somebody else, once, in working hours (AS-3)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from crm_site.core.models import Calendar, Notification
from sales.clocks import run_escalations
from sales.models import AssignmentDecision, Lead
from sales.operations.leads import touch_leads
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.sales.test_assignment import leads_of, rule_of

FRIDAY = "2026-06-05 16:00:00+00:00"


def office(zone="UTC"):
    Calendar.objects.update(is_default=False)
    Calendar.objects.create(name="Office", zone=zone, is_default=True)


def again(lead):
    return Lead.objects.unscoped("test").get(pk=lead.pk)


@pytest.mark.django_db
def test_told_then_given_to_the_next_then_left_in_the_queue(cast, time_machine):
    """AS-3: two working hours after Friday at four is Monday at ten."""
    office()
    time_machine.move_to(FRIDAY, tick=False)
    rule_of(cast.alice, cast.charlie, team=cast.sales, respond_minutes=60, escalate_minutes=120, escalate_to=cast.bob)
    lead = leads_of(1)[0]
    utc = ZoneInfo("UTC")
    assert again(lead).respond_by == datetime(2026, 6, 5, 17, tzinfo=utc)
    assert again(lead).escalate_at == datetime(2026, 6, 8, 10, tzinfo=utc)
    time_machine.move_to("2026-06-08 09:59:00+00:00", tick=False)
    assert run_escalations() == 0
    time_machine.move_to("2026-06-08 10:00:00+00:00", tick=False)
    assert run_escalations() == 1
    late = Notification.objects.filter(text__startswith="Nobody has answered")
    assert set(late.values_list("user", flat=True)) == {cast.alice.pk, cast.bob.pk}
    assert again(lead).owner == cast.alice
    assert run_escalations() == 0
    time_machine.move_to("2026-06-08 12:00:00+00:00", tick=False)
    assert run_escalations() == 1
    assert again(lead).owner == cast.charlie
    decision = AssignmentDecision.objects.filter(lead=lead).latest("id")
    assert decision.why == "Not answered in time, so it was taken from Alice Tester."
    time_machine.move_to("2026-06-08 14:00:00+00:00", tick=False)
    run_escalations()
    time_machine.move_to("2026-06-08 16:00:00+00:00", tick=False)
    run_escalations()
    last = again(lead)
    assert (last.owner, last.team, last.escalate_at) == (None, cast.sales, None)


@pytest.mark.django_db
def test_an_answer_stops_the_clock(cast, time_machine):
    """LC-1."""
    office()
    time_machine.move_to("2026-06-03 10:00:00+00:00", tick=False)
    rule_of(cast.alice, escalate_minutes=30)
    lead = leads_of(1)[0]
    touch_leads([lead.pk], datetime(2026, 6, 3, 10, 10, tzinfo=ZoneInfo("UTC")), answered=True)
    time_machine.move_to("2026-06-03 11:00:00+00:00", tick=False)
    assert run_escalations() == 0
    assert again(lead).escalate_at is None


@pytest.mark.django_db(transaction=True)
def test_many_workers_escalate_once(time_machine):
    """AS-3: exactly once."""
    cast = make_cast()
    office()
    rule_of(cast.alice, cast.charlie, escalate_minutes=1)
    leads = leads_of(20)
    Lead.objects.unscoped("test").update(escalate_at="2020-01-01T00:00Z")
    counts = at_once(*[run_escalations] * 3)
    assert sum(counts) == 20
    assert Notification.objects.filter(text__startswith="Nobody has answered").count() == 20
    Lead.objects.unscoped("test").update(escalate_at="2020-01-01T00:00Z")
    counts = at_once(*[run_escalations] * 3)
    assert sum(counts) == 20
    assert AssignmentDecision.objects.filter(lead__in=leads).count() == 40
    rows = Lead.objects.unscoped("test")
    assert rows.filter(owner=cast.alice).count() == rows.filter(owner=cast.charlie).count() == 10
