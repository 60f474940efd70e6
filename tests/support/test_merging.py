"""CS-6: merging cases and taking it back, also when several do so at once; U35: the customer has one thread."""

import threading
from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm_site.core.models import Attachment
from crm_site.core.operations import Refused
from customers.models import Activity
from support.models import Case, CaseMerge, Clock, Message, OutgoingMail, Status, Watcher
from support.operations import survivors
from support.operations.cases import add_watcher, create_cases, resolve_case, set_parent, update_case
from support.operations.merging import likely_duplicates, merge_cases, unmerge_case
from support.operations.messages import add_note, post_reply, receive_message
from support.operations.states import set_status, state_of, status_of
from support.operations.survivors import survivor_of
from support.sweep import sweep
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.factories import CaseFactory, ContactFactory
from tests.support.clockwork import clock, level, started

HOUR = timedelta(hours=1)


def asked(cast, subject="Broken boat", ago=5, contact=None, **values):
    """A case by mail of a person, asked so many hours ago."""
    contact = contact or ContactFactory(email="ann@x.test", first_name="Ann")
    at = timezone.now() - ago * HOUR
    row = {"subject": subject, "contact": contact, "channel": "email", "at": at,
           "first": {"body": subject, "author_email": contact.email, "at": at}}  # fmt: skip
    return create_cases([row | values], by=cast.dora)[0]


@pytest.fixture
def pair(cast):
    """(source, survivor): two cases of the same person about the same."""
    source = asked(cast, "Boat broken", 5, tags=["boat", "red"])
    return source, asked(cast, "Broken boat", 4, source.contact, tags=["boat"])


def fresh(*cases):
    """The cases as they are now."""
    found = [Case.objects.unscoped("test").get(pk=case.pk) for case in cases]
    return found if len(found) > 1 else found[0]


def spoken(case):
    """What was said on a case, in order."""
    return list(case.messages.exclude(kind=Message.EVENT).order_by("at", "pk").values_list("body", flat=True))


def test_cs6_messages_interleave_with_their_origin(cast, pair):
    source, survivor = pair
    receive_message(source, contact=source.contact, body="later", channel="email", at=timezone.now() - 3 * HOUR)
    receive_message(survivor, contact=source.contact, body="last", channel="email", at=timezone.now() - 2 * HOUR)
    merge_cases(source, survivor, by=cast.dora)
    assert spoken(survivor) == ["Boat broken", "Broken boat", "later", "last"]
    assert [m.origin_id for m in survivor.messages.exclude(kind="event").order_by("at")] == [
        source.pk,
        None,
        source.pk,
        None,
    ]
    source, survivor = fresh(source, survivor)
    assert (source.category, source.merged_into, source.message_count, survivor.message_count) == (
        "closed",
        survivor,
        0,
        4,
    )
    assert survivor.waiting_since == survivor.messages.exclude(kind="event").order_by("at").first().at
    assert "Merged into" in source.close_reason


def test_cs6_watchers_tags_files_parts_and_tasks_are_united(cast, pair):
    source, survivor = pair
    add_watcher(source, by=cast.dora, email="boss@x.test")
    for case in pair:
        add_watcher(case, by=cast.dora, user=cast.bob)
    add_note(source, "see this", by=cast.dora, files=[SimpleUploadedFile("a.txt", b"hello")])
    child = set_parent(CaseFactory(owner=cast.dora), source, by=cast.dora)
    task = Activity.objects.create(kind="task", subject="Ring", at=timezone.now(), status="open", owner=cast.dora,
        regarding_type=ContentType.objects.get_for_model(Case), regarding_id=source.pk)  # fmt: skip
    merge_cases(source, survivor, by=cast.dora)
    survivor = fresh(survivor)
    assert survivor.tags == ["boat", "red"]
    assert {w.user or w.email for w in survivor.watchers.all()} == {cast.bob, "boss@x.test"}
    assert Attachment.objects.get().object_id == survivor.pk
    assert fresh(child).parent == survivor
    task.refresh_from_db()
    assert task.regarding_id == survivor.pk


def test_cs6_the_source_is_read_only(cast, pair):
    source, survivor = pair
    merge_cases(source, survivor, by=cast.dora)
    for refused in (
        lambda: update_case(source, {"subject": "x"}, by=cast.dora), lambda: post_reply(source, "x", by=cast.dora),
        lambda: add_note(source, "x", by=cast.dora), lambda: resolve_case(source, by=cast.dora) and refuse_again(source),
    ):  # fmt: skip
        with pytest.raises(Refused):
            refused()
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.unscoped("past the operations").filter(pk=source.pk).update(subject="x")


def refuse_again(source):
    """Resolving an ended case changes nothing; nothing may have changed."""
    raise Refused(fresh(source).category)


def test_cs6_late_mails_follow_the_chain_with_a_guard_against_circles(cast, pair):
    first, second = pair
    third = asked(cast, "Third", 1, first.contact)
    merge_cases(first, second, by=cast.dora)
    merge_cases(second, third, by=cast.dora)
    message = receive_message(first, contact=first.contact, body="late", channel="email")
    assert message.case == third
    assert survivor_of(first) == third
    Case.objects.unscoped("a damaged chain").filter(pk=third.pk).update(merged_into=first)
    with mock.patch.object(survivors, "lock", wraps=survivors.lock) as locked, transaction.atomic():
        assert survivor_of(second).pk == min(first.pk, second.pk, third.pk)
    assert locked.call_count == 1


def test_cs6_the_requester_is_told_only_if_asked(cast, pair):
    source, survivor = pair
    merge_cases(source, survivor, by=cast.dora)
    assert not OutgoingMail.objects.exists()
    unmerge_case(CaseMerge.objects.get(), by=cast.dora)
    merge_cases(source, survivor, by=cast.dora, tell=True)
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to, mail.case) == ("notice", "ann@x.test", survivor)
    assert source.number in mail.body


@pytest.mark.parametrize("ended", [False, True])
def test_cs6_unmerge_restores_everything(cast, pair, ended):
    source, survivor = pair
    add_watcher(source, by=cast.dora, email="boss@x.test")
    if ended:
        resolve_case(source, by=cast.dora, resolution="Done")
    names = ("status_id", "category", "resolved_at", "closed_at", "closes_at", "tags", "message_count",
             "last_customer_at", "waiting_since", "first_resolved_at", "reopened", "close_reason")  # fmt: skip
    before = [{name: getattr(case, name) for name in names} | {"said": spoken(case)} for case in fresh(*pair)]
    merge = merge_cases(source, survivor, by=cast.dora)
    assert unmerge_case(merge, by=cast.dora) == []
    after = [{name: getattr(case, name) for name in names} | {"said": spoken(case)} for case in fresh(*pair)]
    assert after == before
    assert fresh(source).merged_into is None
    assert not Message.objects.filter(origin__isnull=False).exists()
    assert not Watcher.objects.filter(case=survivor).exists()
    update_case(source, {"subject": "writable again"}, by=cast.dora)


@pytest.mark.parametrize("touched", [False, True])
def test_cs6_a_survivor_that_the_merge_reopened_ends_again(cast, pair, touched):
    """CS-6: with its dates and its count of reopenings, unless somebody changed its state since."""
    level()
    source, survivor = pair
    resolve_case(survivor, by=cast.dora, resolution="Done")
    before = state_of(fresh(survivor))
    merge = merge_cases(source, survivor, by=cast.dora)
    assert fresh(survivor).category == "open"
    if touched:
        set_status(fresh(survivor), status_of("waiting"), by=cast.dora)
    unmerge_case(merge, by=cast.dora)
    now = fresh(survivor)
    assert (state_of(now) == before) is not touched
    assert now.category == ("waiting" if touched else "resolved")
    assert now.waiting_since is None or touched
    if not touched:
        assert clock(survivor, "resolution").state == "met"


def told_of(case):
    """What a case's resolution clock says of its end, and the stretches that it went through."""
    found = clock(case, "resolution")
    fields = ("id", "state", "target_seconds", "used_seconds", "due_at", "stopped_at", "breached_at", "over_seconds")
    return [getattr(found, name) for name in fields], list(found.segments.order_by("id").values())


@pytest.mark.parametrize("reopen_days", [7, 0])
def test_cs6_the_clock_of_a_survivor_ends_again_when_it_did(cast, pair, reopen_days):
    """CS-6, SL-10: not at the merge, and not broken by what ran out meanwhile; also where a new one began by then."""
    level(hours={"resolution": 1}, office={}, reopen_days=reopen_days, grace_minutes=5)
    source, survivor = pair
    long_ago = timezone.now() - timedelta(days=2)
    Clock.objects.all().delete()
    survivor.created_at = long_ago
    started([survivor])
    resolve_case(fresh(survivor), by=cast.dora, at=long_ago + timedelta(minutes=59))
    before, due = told_of(survivor), fresh(survivor).due_at
    merge = merge_cases(source, fresh(survivor), by=cast.dora)
    assert fresh(survivor).due_at < due
    sweep(now=timezone.now() + timedelta(days=1))
    assert clock(survivor, "resolution").breached_at
    unmerge_case(merge, by=cast.dora)
    ended = Clock.objects.filter(case=survivor, metric="resolution").exclude(state="cancelled").get()
    assert ended.stopped_at == long_ago + timedelta(minutes=59)
    if reopen_days:
        assert told_of(survivor) == before
    assert (fresh(survivor).due_at, fresh(survivor).breached) == (due, False)


def test_cs6_unmerge_lets_each_wait_since_its_own_question(cast):
    """CS-6, SL-11: together they wait since the earlier question, apart each since its own."""
    level()
    source, survivor = asked(cast, "Boat broken", 5), asked(cast, "Broken boat", 4)
    starts = [clock(case, "first").started_at for case in (source, survivor)]
    merge = merge_cases(source, survivor, by=cast.dora)
    assert clock(survivor, "first").started_at == starts[0]
    unmerge_case(merge, by=cast.dora)
    assert [clock(case, "first").started_at for case in (source, survivor)] == starts
    assert {clock(case, "first").state for case in (source, survivor)} == {"running"}


def test_cs6_unmerge_says_what_it_could_not_restore(cast, pair):
    source, survivor = pair
    child = set_parent(CaseFactory(owner=cast.dora), source, by=cast.dora)
    merge = merge_cases(source, survivor, by=cast.dora)
    set_parent(child, None, by=cast.dora)
    receive_message(source, contact=source.contact, body="after", channel="email")
    left = unmerge_case(merge, by=cast.dora)
    assert left == [
        "Not restored, because changed since: 1 parts",
        f"1 message written since stays on {survivor.number}.",
    ]
    assert fresh(child).parent is None
    assert spoken(survivor) == ["Broken boat", "after"]


def test_cs6_unmerge_ends_after_thirty_days_and_works_once(cast, pair):
    merge = merge_cases(*pair, by=cast.dora)
    CaseMerge.objects.update(at=timezone.now() - timedelta(days=31))
    with pytest.raises(Refused):
        unmerge_case(merge, by=cast.dora)
    CaseMerge.objects.update(at=timezone.now() - timedelta(days=29))
    unmerge_case(merge, by=cast.dora)
    with pytest.raises(Refused):
        unmerge_case(merge, by=cast.dora)


def test_a_chain_is_taken_back_from_its_end(cast, pair):
    first, second = pair
    third = asked(cast, "Third", 1, first.contact)
    early = merge_cases(first, second, by=cast.dora)
    late = merge_cases(second, third, by=cast.dora)
    with pytest.raises(Refused, match="Take that back first"):
        unmerge_case(early, by=cast.dora)
    assert unmerge_case(late, by=cast.dora) == unmerge_case(early, by=cast.dora) == []
    assert [spoken(case) for case in (first, second, third)] == [["Boat broken"], ["Broken boat"], ["Third"]]


def test_nonsense_is_refused(cast, pair):
    source, survivor = pair
    with pytest.raises(Refused):
        merge_cases(source, source, by=cast.dora)
    merge_cases(source, survivor, by=cast.dora)
    with pytest.raises(Refused):
        merge_cases(source, survivor, by=cast.dora)
    for user in (cast.alice, cast.audrey, cast.pat):
        with pytest.raises(PermissionDenied):
            merge_cases(survivor, CaseFactory(owner=cast.dora), by=user)


def test_an_open_case_opens_the_one_it_goes_into(cast, pair):
    source, survivor = pair
    resolve_case(survivor, by=cast.dora)
    merge_cases(source, survivor, by=cast.dora)
    assert fresh(survivor).category == Status.OPEN


def test_the_parent_of_a_survivor_goes_without_a_circle(cast, pair):
    source, survivor = pair
    survivor = set_parent(survivor, source, by=cast.dora)
    merge = merge_cases(source, survivor, by=cast.dora)
    assert fresh(survivor).parent is None
    unmerge_case(merge, by=cast.dora)
    assert fresh(survivor).parent == source


def test_another_requester_hears_of_it_only_within_the_customer(cast):
    first = asked(cast)
    stranger = asked(cast, contact=ContactFactory(email="eve@y.test"))
    merge_cases(stranger, first, by=cast.dora)
    assert not first.watchers.filter(contact__isnull=False).exists()


def test_u35_likely_duplicates_are_ranked_with_reasons(cast, pair):
    source, survivor = pair
    other = asked(cast, "Something else entirely", 1, source.contact)
    asked(cast, "Broken boat", 40 * 24, source.contact)
    alike = asked(cast, "Broken boat!", 1, ContactFactory(email="z@z.test"))
    found = likely_duplicates(source, cast.dora)
    assert [case.pk for case in found] == [survivor.pk, alike.pk, other.pk]
    assert "same person" in found[0].reasons
    assert likely_duplicates(source, cast.alice) == []


@pytest.fixture
def together(transactional_db):
    """(cast, source, survivor), visible to other connections."""
    ContentType.objects.clear_cache()
    cast = make_cast()
    source = asked(cast, "Boat broken", 5)
    return cast, source, asked(cast, "Broken boat", 4, source.contact)


@pytest.mark.parametrize("_turn", range(3))
def test_cs6_two_merge_into_each_other_and_one_wins(together, _turn):
    cast, one, two = together
    results = at_once(lambda: merge_cases(one, two, by=cast.dora), lambda: merge_cases(two, one, by=cast.dora))
    assert sorted(type(result).__name__ for result in results) == ["CaseMerge", "Refused"]
    assert Case.objects.unscoped("test").filter(merged_into__isnull=False).count() == 1
    assert Message.objects.exclude(kind="event").values("case").distinct().count() == 1


def test_cs6_a_reply_during_a_merge_ends_on_the_survivor(together):
    cast, source, survivor = together
    begun, written = threading.Event(), threading.Event()

    def merge():
        with transaction.atomic():
            merge_cases(source, survivor, by=cast.dora)
            begun.set()
            written.wait(1)

    def write():
        begun.wait(20)
        message = receive_message(source, contact=source.contact, body="meanwhile", channel="email")
        written.set()
        return message

    _none, message = at_once(merge, write)
    assert message.case == survivor
    assert spoken(survivor)[-1] == "meanwhile"


def test_cs6_many_replies_during_merges_are_all_kept(together):
    """No mail is lost and nobody waits in a circle, whichever id is the smaller one."""
    cast, low, high = together
    write = [
        lambda case=case, n=n: receive_message(case, contact=low.contact, body=f"m{n}", channel="email")
        for n, case in enumerate([low, high] * 3)
    ]
    results = at_once(lambda: merge_cases(high, low, by=cast.dora), *write)
    assert not [result for result in results if isinstance(result, Exception)]
    assert sorted(spoken(low)[2:]) == [f"m{n}" for n in range(6)]
