"""Clocks driven by what people do: the operations on cases, from the first message to the end (SL-5 to SL-11)."""

from datetime import timedelta
from itertools import pairwise

import pytest

from support.models import NEVER, Case, Clock, Status
from support.operations.cases import (
    close_case,
    create_case,
    create_cases,
    delete_case,
    mark_spam,
    reopen_case,
    resolve_case,
    restore_case,
    status_of,
    update_case,
)
from support.operations.messages import add_note, post_reply, receive_message, undo_reply
from tests.factories import ContactFactory
from tests.support.clockwork import clock, edition, level, moment

pytestmark = pytest.mark.django_db


def again(case):
    return Case.objects.unscoped("test").select_related("status").get(pk=case.pk)


@pytest.fixture
def case(cast):
    """A case that came by mail on Monday at nine, promised an answer in one hour, a solution in four."""
    level()
    row = {"subject": "Broken", "contact": ContactFactory(email="ann@x.test"), "channel": "email", "owner": cast.dora,
           "at": moment(0, 9), "first": {"body": "It does not start."}}  # fmt: skip
    return create_cases([row], by=cast.dora)[0]


def test_a_whole_conversation(cast, case):
    """SL-5, SL-7, SL-8, SL-9: note, answer, wait, message, answer, solution, and back."""
    assert again(case).due_at == moment(0, 10)
    add_note(case, "Looks like a fuse.", by=cast.dora, at=moment(0, 9, 10))
    assert clock(case, "first").state == "running"
    post_reply(case, "Which one?", by=cast.dora, at=moment(0, 9, 30), status=status_of(Status.WAITING))
    assert (clock(case, "first").state, again(case).due_at) == ("met", NEVER)
    receive_message(again(case), contact=case.contact, body="The red one.", channel="email", at=moment(0, 14))
    assert (clock(case, "next").due_at, clock(case, "resolution").due_at) == (moment(0, 16), moment(1, 9, 30))
    assert (again(case).due_at, again(case).due_metric) == (moment(0, 16), "next")
    post_reply(again(case), "A new fuse helps.", by=cast.dora, at=moment(0, 15), status=status_of(Status.RESOLVED))
    assert again(case).due_at == NEVER
    assert {c.state for c in Clock.objects.filter(case=case)} == {"met"}
    receive_message(again(case), contact=case.contact, body="It does not.", channel="email", at=moment(1, 9))
    assert (clock(case, "next").due_at, clock(case, "resolution").due_at) == (moment(1, 11), moment(1, 11, 30))


def test_an_automatic_message_answers_nothing(cast, case):
    """SL-7."""
    receive_message(case, body="I am away.", channel="email", automatic=True, at=moment(0, 9, 5))
    assert Clock.objects.filter(case=case).count() == 2
    assert clock(case, "first").state == "running"


def test_an_answer_that_is_undone_was_none(cast, case):
    """SL-7: while its mail is not sent."""
    reply = post_reply(case, "Sorry", by=cast.dora, at=moment(0, 9, 30))
    undo_reply(reply, by=cast.dora)
    assert clock(case, "first").due_at == again(case).due_at == moment(0, 10)
    solved = post_reply(again(case), "Solved", by=cast.dora, at=moment(0, 9, 40), status=status_of(Status.RESOLVED))
    due = clock(case, "resolution").due_at
    undo_reply(solved, by=cast.dora)
    assert (clock(case, "resolution").state, clock(case, "resolution").due_at) == ("running", due)


def test_priority_by_the_form_moves_the_promise(cast, case):
    """SL-11."""
    edition(level(), targets={"first": {"1": 15, "3": 60}, "resolution": {"1": 60, "3": 240}})
    update_case(case, {"priority": Case.URGENT}, by=cast.dora)
    first = clock(case, "first")
    assert (first.due_at, first.priority, first.replaces.state) == (moment(0, 9, 15), Case.URGENT, "cancelled")
    assert again(case).due_at == moment(0, 9, 15)


def test_made_on_the_phone_and_answered_at_once(cast):
    """SL-7: by option."""
    level()
    made = create_case({"subject": "Phone", "channel": "phone"}, by=cast.dora, answered=True)
    assert clock(made, "first").state == "met"


def test_spam_and_the_bin_end_the_clocks(cast, case):
    """SL-3: and what comes back from the bin is promised again, the first answer from its beginning."""
    delete_case(case, by=cast.rita)
    assert {c.state for c in Clock.objects.filter(case=case)} == {"cancelled"}
    restore_case(again(case), by=cast.rita)
    assert clock(case, "first").started_at == moment(0, 9)
    assert again(case).due_metric
    mark_spam(again(case), by=cast.dora)
    assert {c.state for c in Clock.objects.filter(case=case)} == {"cancelled"}


def test_what_an_end_cut_short_is_promised_again(cast, case):
    """SL-9, CS-1: closed without an answer, or taken for spam, and open again: nothing that was promised is forgotten."""
    close_case(case, by=None, at=moment(0, 9, 30))
    assert clock(case, "first").state == "cancelled"
    reopen_case(again(case), by=None, at=moment(0, 12))
    assert (clock(case, "first").due_at, again(case).due_at) == (moment(0, 12, 30), moment(0, 12, 30))
    mark_spam(again(case), by=cast.dora)
    back = reopen_case(again(case), by=cast.dora)
    assert not back.is_spam
    assert {clock(case, metric).state for metric in ("first", "resolution")} == {"running"}
    old = create_case({"subject": "Brought in", "status": status_of(Status.CLOSED), "contact": case.contact}, by=None)
    reopen_case(old, by=cast.dora, at=moment(1, 9))
    assert [(c.metric, c.started_at) for c in old.clocks.all()] == [("resolution", moment(1, 9))]


def test_reopened_by_an_agent_it_has_the_grace(cast, case):
    """SL-9."""
    resolve_case(case, by=cast.dora, at=moment(0, 12, 50))
    reopen_case(again(case), by=cast.dora, at=moment(1, 9))
    assert clock(case, "resolution").due_at == moment(1, 10)
    assert again(case).first_resolved_at == moment(0, 12, 50)


def test_the_ledger_of_every_clock_is_whole(cast, case):
    """SL-15: segments follow each other without gap from start to end, one is open while it lives."""
    post_reply(case, "Which?", by=cast.dora, at=moment(0, 9, 30), status=status_of(Status.WAITING))
    receive_message(again(case), contact=case.contact, body="Red.", channel="email", at=moment(0, 14))
    resolve_case(again(case), by=cast.dora, at=moment(0, 15))
    reopen_case(again(case), by=cast.dora, at=moment(0, 16))
    for found in Clock.objects.filter(case=case):
        segments = list(found.segments.order_by("started_at", "id"))
        assert segments[0].started_at == found.started_at
        assert segments[-1].ended_at == found.stopped_at
        for before, after in pairwise(segments):
            assert before.ended_at == after.started_at
    assert again(case).due_at - moment(0, 16) <= timedelta(hours=8)
