"""Cases: their life, who gets them, what belongs together."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm_site.core.models import Notification
from crm_site.core.operations import Refused, Stale
from support.models import Message, OutgoingMail, Status
from support.operations.cases import (
    add_watcher,
    assign_case,
    close_case,
    close_resolved,
    create_case,
    create_cases,
    delete_case,
    mark_spam,
    reopen_case,
    resolve_case,
    restore_case,
    set_parent,
    set_status,
    status_of,
    take_next,
    update_case,
)
from support.operations.messages import add_note, post_reply, receive_message, undo_reply
from tests.factories import CaseFactory, ContactFactory, CustomerFactory, QueueFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(cast):
    """A case of a person with an address, taken by mail."""
    contact = ContactFactory(email="ann@x.test", first_name="Ann")
    first = {"body": "It does not start.", "author_email": "ann@x.test"}
    row = {"subject": "Broken boat", "contact": contact, "channel": "email", "first": first}
    return create_cases([row], by=cast.dora)[0]


def test_cs1_the_way_through_the_states(cast, case):
    assert (case.category, case.queue.name, case.message_count) == ("new", "Support", 1)
    assert case.waiting_since and case.owner is None
    reply = post_reply(case, "Which one?", by=cast.dora, status=status_of(Status.WAITING))
    case.refresh_from_db()
    assert (case.category, case.waiting_since, reply.to) == ("waiting", None, ["ann@x.test"])
    receive_message(case, contact=case.contact, body="The red one.", channel="email")
    case.refresh_from_db()
    assert (case.category, case.message_count) == ("open", 3)
    done = resolve_case(case, by=cast.dora, resolution="A new fuse.")
    assert done.closes_at - done.resolved_at == timedelta(days=7)
    receive_message(case, contact=case.contact, body="It is not.", channel="email")
    case.refresh_from_db()
    assert (case.category, case.reopened, case.resolved_at, case.closes_at) == ("open", 1, None, None)
    assert case.first_resolved_at == done.resolved_at


def test_cs1_resolved_cases_close_by_themselves(cast, case):
    resolve_case(case, by=cast.dora, at=timezone.now() - timedelta(days=8))
    other = resolve_case(CaseFactory(owner=cast.dora, queue=case.queue), by=cast.dora)
    assert close_resolved(by=None) == 1
    case.refresh_from_db()
    other.refresh_from_db()
    assert (case.category, other.category) == ("closed", "resolved")
    assert case.messages.filter(kind=Message.EVENT, body__contains="Closed").exists()


def test_cs1_a_reply_to_a_closed_case_goes_by_the_queue(cast, case):
    now = timezone.now()
    closed = close_case(case, by=cast.dora, at=now - timedelta(days=20))
    late = receive_message(closed, contact=case.contact, body="Again.", channel="email")
    assert late.case != closed and late.case.follows == closed
    assert (late.case.contact, late.case.waiting_since, late.case.message_count) == (case.contact, late.at, 1)
    closed.refresh_from_db()
    assert closed.category == "closed"
    soon = receive_message(closed, contact=case.contact, body="Hm.", channel="email", at=now - timedelta(days=10))
    assert (soon.case.pk, soon.case.category) == (closed.pk, "open")
    for days, same in ((0, False), (None, True)):
        case.queue.reopen_days = days
        case.queue.save()
        closed = close_case(closed, by=cast.dora, at=now - timedelta(days=400))
        reply = receive_message(closed, contact=case.contact, body="Now.", channel="email")
        assert (reply.case.pk == closed.pk) is same
