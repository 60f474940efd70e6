"""Cases: their life, who gets them, what belongs together, who follows them."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.models import Notification, Team
from crm_site.core.operations import Refused, Stale
from customers.models import Account, Activity
from customers.operations.activities import log_activities
from customers.operations.following import delete_contact
from support.models import Case, Message, OutgoingMail, Queue, QueueMember, Status, Watcher
from support.operations.cases import (
    add_watcher,
    assign_case,
    close_case,
    close_resolved,
    create_case,
    create_cases,
    delete_case,
    mark_spam,
    remove_watcher,
    resolve_case,
    restore_case,
    set_parent,
    set_status,
    status_of,
    take_next,
    update_case,
)
from support.operations.messages import add_note, post_reply, receive_message, undo_reply
from support.operations.parties import open_cases, settle_cases
from support.operations.watching import copies_of
from tests.cast import grant, person
from tests.factories import CaseFactory, ContactFactory, CustomerFactory, ProductFactory, QueueFactory

pytestmark = pytest.mark.django_db


def events(case):
    """What the story of a case says happened."""
    return list(case.messages.filter(kind=Message.EVENT).order_by("pk").values_list("body", flat=True))


def again(case):
    """The case as it is now."""
    return Case.objects.unscoped("a test looks").get(pk=case.pk)


@pytest.fixture
def case(cast):
    """A case of a person with an address, taken by mail."""
    contact = ContactFactory(email="ann@x.test", first_name="Ann")
    first = {"body": "It does not start.", "author_email": "ann@x.test"}
    row = {"subject": "Broken boat", "contact": contact, "channel": "email", "first": first}
    return create_cases([row], by=cast.dora)[0]


def test_cs1_the_way_through_the_states(cast, case):
    assert (case.category, case.queue.name, case.message_count) == ("new", "Support", 1)
    assert case.messages.get().author_name == str(case.contact)
    assert case.waiting_since is not None
    assert case.owner is None
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
    assert late.case != closed
    assert late.case.follows == closed
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


def test_cs1_a_mail_of_a_machine_moves_nothing(cast, case):
    """EM-7."""
    resolve_case(case, by=cast.dora)
    kept = receive_message(case, body="I am away.", email="ann@x.test", channel="email", automatic=True)
    now = again(case)
    assert (now.category, kept.case_id, now.waiting_since, now.message_count) == ("resolved", case.pk, None, 2)


def test_cs1_statuses_are_free_and_categories_fixed(cast, case):
    Status.objects.create(name="With the factory", category="waiting", order=9)
    factory = Status.objects.get(name="With the factory")
    assert set_status(case, factory, by=cast.dora).category == "waiting"
    assert events(case) == ["Status: New → With the factory"]
    before = again(case).version
    assert set_status(case, factory, by=cast.dora).version == before


def test_cs1_a_case_can_begin_at_its_end(cast):
    """A question that was answered on the phone; and one from a file, with its own dates."""
    done = create_case(
        {"subject": "Where is it?", "status": status_of("resolved"), "resolution": "There."}, by=cast.dora
    )
    assert (done.category, done.resolved_at, done.closes_at) == (
        "resolved",
        done.created_at,
        done.created_at + timedelta(7),
    )
    began, ended = timezone.now() - timedelta(days=90), timezone.now() - timedelta(days=80)
    row = {"subject": "Old", "status": status_of("closed"), "at": began, "resolved_at": ended, "closed_at": ended}
    old = again(create_cases([row], by=cast.rita)[0])
    assert (old.created_at, old.resolved_at, old.closed_at, old.closes_at) == (began, ended, ended, None)


def test_cs2_numbers_are_unique_and_subjects_need_not_be(cast):
    """CS-2: no two cases have one number; any number of them the same subject."""
    made = create_cases([{"subject": "Help"}] * 30, by=cast.dora)
    assert len({case.number for case in made}) == 30
    assert made[0].number == f"K-{made[0].pk:06d}"


def test_cs2_the_number_stands_in_the_search(cast, case):
    assert list(Case.objects.visible_to(cast.dora).filter(search_text__like="%broken%")) == [case]


def test_many_cases_take_the_same_statements(cast):
    """Ten and two hundred rows cost the same, first messages and clocks included."""
    people, counts = ContactFactory.create_batch(3), []
    create_cases([{"subject": "What is read once"}] * 25, by=cast.dora)
    for number in (25, 200):
        rows = [{"subject": f"Case {n}", "contact": people[n % 3], "first": {"body": "Hello"}} for n in range(number)]
        with CaptureQueriesContext(connection) as queries:
            create_cases(rows, by=cast.dora)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 45, counts


def test_who_asks_follows_from_the_reporter(cast):
    business = CustomerFactory(owner=cast.alice)
    contact = ContactFactory(account=business.account)
    made = create_case({"subject": "x", "contact": contact}, by=cast.dora)
    assert (made.account, made.customer) == (business.account, business)
    person_only = CustomerFactory(kind="individual", account=None, contact=ContactFactory())
    assert create_case({"subject": "x", "customer": person_only}, by=cast.dora).contact == person_only.contact
    other = update_case(made, {"contact": person_only.contact}, by=cast.dora)
    assert (other.account, other.customer) == (None, person_only)


def test_a_rep_makes_a_case_that_an_agent_gets(cast):
    """Who may not assign cases still makes one for the queue; a partner, who sees only the own, keeps it."""
    queue = QueueFactory(team=cast.service)
    made = create_case({"subject": "x", "queue": queue}, by=cast.alice)
    assert (made.owner, made.team, made.created_by) == (None, cast.service, cast.alice)
    assert create_case({"subject": "x"}, by=cast.pat).owner == cast.pat
    with pytest.raises(PermissionDenied):
        create_case({"subject": "x", "owner": cast.dora}, by=cast.alice)


def desk(mode, *users, **fields):
    """A queue in which these users work."""
    queue = QueueFactory(mode=mode, **fields)
    for order, user in enumerate(users):
        QueueMember.objects.create(queue=queue, user=user, order=order)
    return queue


def owners(cases):
    """The first names of who got cases."""
    return [case.owner.first_name if case.owner_id else "" for case in cases]


@pytest.fixture
def agents(cast):
    """Three agents of Service."""
    return [person(name, cast.service, "Support agent") for name in ("Ada", "Ben", "Cy")]


def test_cs3_in_turn(cast, agents):
    queue = desk(Queue.ROUND_ROBIN, *agents)
    made = create_cases([{"subject": "x", "queue": queue}] * 4, by=None)
    assert owners(made) == ["Ada", "Ben", "Cy", "Ada"]
    QueueMember.objects.filter(user=agents[1]).update(away_until=date(2199, 1, 1))
    assert owners(create_cases([{"subject": "x", "queue": queue}] * 2, by=None)) == ["Cy", "Ada"]
    assert Notification.objects.filter(user=agents[0]).count() == 3


def test_cs3_least_load_with_capacity_and_skills(cast, agents):
    queue = desk(Queue.LEAST_LOADED, *agents)
    CaseFactory.create_batch(2, owner=agents[0])
    CaseFactory(owner=agents[0], status=status_of("resolved"), resolved_at=timezone.now())
    assert owners(create_cases([{"subject": "x", "queue": queue}] * 5, by=None)) == ["Ben", "Cy", "Ben", "Cy", "Ada"]
    QueueMember.objects.filter(user__in=agents[1:]).update(capacity=2)
    QueueMember.objects.filter(user=agents[0]).update(capacity=0)
    assert owners(create_cases([{"subject": "x", "queue": queue}], by=None)) == [""]
    QueueMember.objects.filter(user=agents[0]).update(capacity=None, skills=["Boats", "complaint"])
    boat = ProductFactory(name="Boats")
    assert owners(create_cases([{"subject": "x", "queue": queue, "product": boat}], by=None)) == ["Ada"]
    QueueMember.objects.update(capacity=None)
    rows = [{"subject": "x", "queue": queue, "type": "complaint"}, {"subject": "x", "queue": queue, "tags": ["other"]}]
    assert owners(create_cases(rows, by=None)) == ["Ada", "Ben"]


def test_cs3_who_helped_last(cast, agents):
    queue, contact = desk(Queue.STICKY, *agents), ContactFactory()
    CaseFactory(contact=contact, owner=agents[2])
    assert owners(create_cases([{"subject": "x", "queue": queue, "contact": contact}] * 2, by=None)) == ["Cy", "Cy"]
    assert owners(create_cases([{"subject": "x", "queue": queue}], by=None)) == ["Ada"]


def test_cs3_another_queue_brings_its_team_and_its_agent(cast, agents, case):
    queue = desk(Queue.ROUND_ROBIN, agents[1], team=cast.service)
    moved = again(update_case(case, {"queue": queue}, by=cast.dora))
    assert (moved.team, moved.owner) == (cast.service, agents[1])
    assert f"Queue: {queue}" in events(case)


def test_cs3_the_next_case_is_the_one_due_soonest(cast):
    """Due soonest, then priority, then age; ended ones, others' and those out of reach are not taken."""
    queue, now = QueueFactory(), timezone.now()
    old, urgent = CaseFactory(queue=queue), CaseFactory(queue=queue, priority=1)
    due = CaseFactory(queue=queue, due_at=now + timedelta(hours=1))
    CaseFactory(queue=queue, owner=cast.rita, due_at=now)
    CaseFactory(queue=queue, status=status_of("waiting"), due_at=now)
    assert [take_next(queue, by=cast.dora) for _n in range(4)] == [due, urgent, old, None]
    assert again(old).owner == cast.dora
    CaseFactory(queue=queue)
    assert take_next(queue, by=cast.alice) is None


def test_cs4_a_note_stays_inside(cast, case):
    """CS-4: it makes no mail, answers nothing, and tells only those who may see the case."""
    add_note(case, "He is nice.", by=cast.dora, mentions=[cast.alice, cast.nora, cast.paula])
    assert not OutgoingMail.objects.exists()
    now = again(case)
    assert (now.first_replied_at, now.waiting_since is None, now.message_count) == (None, False, 2)
    assert set(Notification.objects.values_list("user", flat=True)) == {cast.alice.pk}


def test_cs5_a_reply_before_which_somebody_wrote(cast, case):
    """CS-5: what was composed before a newer message came is not sent unseen."""
    seen = case.messages.get().pk
    receive_message(case, contact=case.contact, body="It works again!", channel="email")
    with pytest.raises(Refused) as refusal:
        post_reply(case, "Buy a new one.", by=cast.dora, seen=seen)
    assert refusal.value.field == "seen"
    assert post_reply(case, "Fine.", by=cast.dora, seen=case.messages.order_by("-pk").first().pk)


def test_cs5_a_save_over_a_changed_field_is_stale(cast, case):
    version = case.version
    update_case(case, {"priority": 1}, by=cast.rita, version=version)
    with pytest.raises(Stale):
        update_case(case, {"priority": 4}, by=cast.dora, version=version)
    receive_message(again(case), contact=case.contact, body="Hm.", channel="email")
    assert update_case(case, {"priority": 4}, by=cast.dora, version=version + 1).priority == 4


def test_a_reply_goes_by_mail_after_a_moment_and_can_be_taken_back(cast, case):
    """EM-6, CS-1: the case is then what it was before, and nobody counts that as opened again."""
    add_watcher(case, by=cast.dora, email="Boss@x.test")
    reply = post_reply(case, "Try a fuse.", by=cast.dora, status=status_of("resolved"))
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.cc, mail.body, mail.message) == ("ann@x.test", ["boss@x.test"], "Try a fuse.", reply)
    assert timedelta(seconds=8) < mail.due - timezone.now() < timedelta(seconds=11)
    assert again(case).category == "resolved"
    assert undo_reply(reply, by=cast.dora) == "Try a fuse."
    now = again(case)
    assert now.category == "new"
    assert (now.reopened, now.resolved_at, now.first_resolved_at, now.closes_at) == (0, None, None, None)
    assert (now.first_replied_at, now.last_agent_at, OutgoingMail.objects.count()) == (None, None, 0)
    assert now.waiting_since == now.messages.get(direction="in").at
    sent = post_reply(case, "Try a fuse.", by=cast.dora)
    OutgoingMail.objects.update(mailed_at=timezone.now(), due=None)
    with pytest.raises(Refused):
        undo_reply(sent, by=cast.dora)


def test_a_reply_without_an_address_is_only_kept(cast):
    case = create_case({"subject": "On the phone"}, by=cast.dora)
    assert post_reply(case, "As said.", by=cast.dora).to == []
    assert not OutgoingMail.objects.exists()
    assert again(case).category == "open"


def test_the_oldest_unanswered_message_counts(cast, case):
    first = case.messages.get().at
    receive_message(case, contact=case.contact, body="Hello?", channel="email")
    assert again(case).waiting_since == first
    post_reply(case, "Yes.", by=cast.dora)
    third = receive_message(case, contact=case.contact, body="So?", channel="email")
    now = again(case)
    assert (now.waiting_since, now.last_customer_at, now.message_count) == (third.at, third.at, 4)


def test_files_hang_on_the_case_and_the_message(cast, case):
    shot = SimpleUploadedFile("shot.png", b"png", "image/png")
    shot.cid = "img1"
    message = receive_message(case, contact=case.contact, body="See.", channel="email", files=[shot])
    kept = message.files.get()
    assert (kept.attachment.name, kept.attachment.object_id, kept.cid, kept.is_inline) == (
        "shot.png",
        case.pk,
        "img1",
        True,
    )


def test_cs7_three_levels_and_no_loop(cast):
    """CS-7: parts of parts of a case, not more, and never round in a circle."""
    one, two, three, four = CaseFactory.create_batch(4)
    set_parent(two, one, by=cast.dora)
    set_parent(three, two, by=cast.dora)
    for case, parent in ((one, three), (one, one), (four, three)):
        with pytest.raises(Refused):
            set_parent(case, parent, by=cast.dora)
    set_parent(four, one, by=cast.dora)
    with pytest.raises(Refused):
        set_parent(one, CaseFactory(), by=cast.dora)
    assert update_case(three, {"parent": None}, by=cast.dora).parent is None


def test_cs7_closing_with_the_parts(cast):
    """Parts with open activities of their own stay open."""
    whole = CaseFactory()
    idle, busy = CaseFactory(parent=whole), CaseFactory(parent=whole)
    log_activities([{"kind": "task", "subject": "Do", "status": Activity.OPEN, "regarding": busy}], by=cast.rita)
    close_case(whole, by=cast.dora, reason="Done", with_children=True)
    assert [again(case).category for case in (whole, idle, busy)] == ["closed", "closed", "new"]
    assert again(idle).close_reason == "Done"


def test_cs10_a_followers_row_of_another_company_never_locks_the_customer_out(cast, case):
    """CS-10: reported as OCA/helpdesk#865; what somebody may see never hangs on who else follows."""
    stranger = ContactFactory(account=Account.objects.create(name="Elsewhere", owner=cast.alice), email="s@else.test")
    for who in ({"user": cast.dora}, {"user": cast.nora}, {"contact": stranger}, {"email": "x@else.test"}):
        add_watcher(case, by=cast.rita, **who)
        add_watcher(case, by=cast.rita, **who)
    assert case.watchers.count() == 4
    assert again(case).contact == case.contact
    assert Case.objects.visible_to(cast.dora).filter(pk=case.pk).exists()
    assert not Case.objects.visible_to(cast.nora).filter(pk=case.pk).exists()
    assert copies_of(case) == ["s@else.test", "x@else.test"]
    receive_message(case, contact=case.contact, body="Hm.", channel="email")
    assert set(Notification.objects.values_list("user", flat=True)) == {cast.dora.pk}
    remove_watcher(Watcher.objects.get(case=case, contact=stranger), by=cast.dora)
    assert copies_of(case) == ["x@else.test"]


def test_the_agent_is_told_of_what_others_do(cast, case):
    assign_case(case, cast.dora, by=cast.rita)
    receive_message(case, contact=case.contact, body="Hm.", channel="email")
    post_reply(case, "Well.", by=cast.rita)
    post_reply(case, "And.", by=cast.dora)
    texts = list(Notification.objects.filter(user=cast.dora).order_by("pk").values_list("text", flat=True))
    assert [text.split(": ", 1)[1] for text in texts] == [
        "is yours now",
        f"{case.contact} wrote",
        "Rita Tester answered",
    ]


def test_the_bin_and_back(cast, case):
    part = CaseFactory(parent=case)
    gone = delete_case(case, by=cast.rita, children="close")
    assert (gone.deleted_at is None, again(part).category) == (False, "closed")
    late = receive_message(gone, contact=case.contact, body="Hello?", channel="email")
    assert late.case.follows_id == case.pk
    back = restore_case(gone, by=cast.rita)
    assert (back.deleted_at, back.category) == (None, "new")
    with pytest.raises(PermissionDenied):
        delete_case(case, by=cast.dora)


def test_spam_is_closed_and_never_opened_again(cast, case):
    spam = mark_spam(case, by=cast.dora)
    assert (spam.is_spam, spam.category, spam.close_reason) == (True, "closed", "Spam")
    assert receive_message(spam, body="Buy!", email="ann@x.test", channel="email").case != spam


def test_cu5_open_cases_of_who_is_deleted_are_decided_about(cast, case):
    """CU-5: kept, taken over or closed."""
    other = CaseFactory(
        contact=case.contact, status=status_of("closed"), resolved_at=timezone.now(), closed_at=timezone.now()
    )
    assert list(open_cases(case.contact, cast.rita)) == [case]
    settle_cases(case.contact, "mine", by=cast.dora)
    assert (again(case).owner, again(other).owner) == (cast.dora, None)
    settle_cases(case.contact, "close", by=cast.rita)
    delete_contact(case.contact, by=cast.rita)
    assert (again(case).category, again(case).close_reason) == ("closed", f"{case.contact} was deleted.")


def test_a_merged_case_is_read_only(cast, case):
    Case.objects.unscoped("set up").filter(pk=case.pk).update(
        merged_into=CaseFactory(), category="closed", status=status_of("closed"), closed_at=timezone.now()
    )
    merged = again(case)
    for do in (
        lambda: update_case(merged, {"subject": "New"}, by=cast.dora),
        lambda: set_status(merged, status_of("open"), by=cast.dora), lambda: post_reply(merged, "x", by=cast.dora),
    ):  # fmt: skip
        with pytest.raises(Refused):
            do()
    message = receive_message(merged, contact=case.contact, body="Still here.", channel="email")
    assert message.case == merged.merged_into


def test_an_agent_of_one_team_moves_no_case_of_another(cast):
    nora = grant(cast.nora, Case, view="all", change="own")
    other = CaseFactory(owner=cast.dora, team=Team.objects.get(name="Service"))
    for do in (lambda: set_status(other, status_of("open"), by=nora), lambda: add_note(other, "x", by=nora)):
        with pytest.raises(PermissionDenied):
            do()
