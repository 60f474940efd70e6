"""AC-1: an activity is related to exactly one primary and many secondary records."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.bins import purged
from crm_site.core.exports import csv_pieces
from crm_site.core.history import entries
from crm_site.core.kinds import KINDS
from crm_site.core.operations import delete_record, restore_record
from customers import timeline
from customers.models import Activity, ActivityLink
from customers.operations import activities as do
from customers.operations.relating import relate_activities, related_of
from tests.conftest import signed_in
from tests.factories import AccountFactory, ActivityFactory, CaseFactory, ContactFactory, OpportunityFactory

HTMX = {"hx-request": "true"}
pytestmark = pytest.mark.django_db


def name(record):
    """A record as (kind, id)."""
    return record._meta.label_lower, record.pk


def call(by, record, *also, **values):
    """A call about a record, and about others besides."""
    values |= {"regarding": record, "also": [name(other) for other in also]}
    return do.log_activity({"kind": "call", "subject": "Hello"} | values, by=by)


def on(record, user, **more):
    """What stands on a record's timeline."""
    top, found, _after = timeline.read(record, user, **more)
    return [*top, *found]


def test_ac_1_one_primary_and_many_secondary_records(cast):
    """AC-1: it stands on the timeline of each, once."""
    deal, other = OpportunityFactory(owner=cast.alice), OpportunityFactory(owner=cast.alice)
    account, contact = AccountFactory(owner=cast.alice), ContactFactory(owner=cast.alice)
    made = call(cast.alice, deal, other, account, contact, deal, deal.account)
    assert made.regarding == [name(deal)]
    assert related_of([made]) == {made.pk: [name(other), name(account), name(contact)]}, "not what it hangs on anyway"
    for record in (deal, deal.account, other, account, contact):
        assert on(record, cast.alice) == [made], record
    do.update_activity(made, {"also": [name(account)]}, by=cast.alice)
    assert [on(record, cast.alice) for record in (account, other)] == [[made], []]


def test_ac_1_secondary_records_pass_the_gate(cast):
    """Nobody relates to what they do not see; what they do not see stays when they save, unnamed."""
    hidden, mine = AccountFactory(owner=cast.charlie, name="Hidden Ltd"), AccountFactory(owner=cast.alice)
    for wrong in (hidden, ActivityFactory(owner=cast.alice)):
        with pytest.raises(PermissionDenied):
            call(cast.alice, mine, wrong)
    made, other = call(None, mine, hidden, owner=cast.alice), AccountFactory(owner=cast.alice, name="Other Ltd")
    page = signed_in(cast.alice).get(f"/activities/{made.pk}/").content.decode()
    assert "Hidden Ltd" not in page
    assert "1 not visible to you" in page
    url, form = (
        f"/activities/{made.pk}/cell/also/",
        {"also": f"customers.account:{hidden.pk}", "version": made.version},
    )
    answer = signed_in(cast.alice).post(url, form, headers=HTMX)
    assert (answer.status_code, "Hidden" in answer.content.decode()) == (422, False)
    answer = signed_in(cast.alice).post(url, form | {"also": f"customers.account:{other.pk}"}, headers=HTMX)
    assert "Other Ltd" in answer.content.decode()
    assert set(related_of([made])[made.pk]) == {name(hidden), name(other)}
    assert not {"Hidden Ltd"} & set(exported(made, cast.alice))
    page = signed_in(cast.charlie).get(f"/activities/{made.pk}/").content.decode()
    assert ("Hidden Ltd" in page, "Other Ltd" in page) == (True, False), "who sees a record reads it"
    do.update_activity(made, {"is_private": True}, by=cast.alice)
    assert on(hidden, cast.charlie) == []
    assert signed_in(cast.charlie).get(f"/activities/{made.pk}/").status_code == 404


def exported(activity, user):
    """The cells of an activity's exported row."""
    options = {"query": f"q={activity.number}", "columns": ["regarding", "also"], "bom": False}
    text = b"".join(csv_pieces(KINDS["customers.activity"], options, user)).decode()
    return text.splitlines()[1].split(",")


def test_ac_1_they_are_exported(cast):
    deal, one, two = OpportunityFactory(owner=cast.alice), *(AccountFactory(owner=cast.alice) for _n in range(2))
    made = call(cast.alice, deal, one, two)
    assert exported(made, cast.alice) == [str(deal), f"{one}; {two}"]


def test_ac_1_relating_again_changes_nothing_and_history_tells(cast):
    """Adding and removing are told by name in the activity's history, by who may read it."""
    deal, other = OpportunityFactory(owner=cast.alice), AccountFactory(owner=cast.alice, name="Ellery")
    made = call(cast.alice, deal)
    for _time in range(2):
        assert relate_activities({made: name(other)}, by=cast.alice) == 1
    assert ActivityLink.objects.count() == 1
    version = do.update_activity(made, {"also": [name(other)]}, by=cast.alice).version
    do.update_activity(made, {"also": []}, by=cast.alice, version=version)
    told = [sentence for entry in entries(made, cast.alice)[0] for sentence in entry["sentences"]]
    assert told == ["No longer regarding “Ellery”.", "Saved again.", "Also regarding “Ellery”.", "Created."]
    assert "Ellery" not in str(entries(made, cast.charlie))


def test_ac_1_the_form_and_the_composer_relate(cast):
    """Both ask for further records, and offer those that the user may see, of every kind with a timeline."""
    deal = OpportunityFactory(owner=cast.alice)
    other = AccountFactory(owner=cast.alice, name="Zephyrine")
    AccountFactory(owner=cast.charlie, name="Zephyrine too")
    alice = signed_in(cast.alice)
    offered = alice.get("/activities/records/?q=zephyr").json()["items"]
    assert offered == [{"value": f"customers.account:{other.pk}", "text": "Zephyrine", "hint": "Account"}]
    assert alice.get("/activities/records/").json()["items"] == []
    sent = {"kind": "call", "subject": "Hi", "also": [offered[0]["value"]], "follow_subject": "Then"}
    assert alice.post(f"/opportunities/{deal.pk}/log/", sent).status_code == 302
    assert {a.subject for a in on(other, cast.alice)} == {"Hi", "Then"}
    made = call(cast.alice, deal, other)
    page = alice.get(f"/activities/{made.pk}/edit/").content.decode()
    assert f'<option value="customers.account:{other.pk}" selected>Zephyrine</option>' in page
    for wrong in ("customers.account:x", "core.user:1", f"customers.account:{10**18 - 1}"):
        assert alice.post(f"/opportunities/{deal.pk}/log/", sent | {"also": wrong}).status_code == 422


def test_ac_1_time_and_place_on_the_timeline_follow_the_activity(cast):
    """What is put off, done or pinned moves on every timeline; page by page each comes once."""
    deal, other = OpportunityFactory(owner=cast.alice), AccountFactory(owner=cast.alice)
    now = timezone.now().replace(microsecond=0)
    rows = [
        {"kind": "note", "subject": str(n), "at": now - timezone.timedelta(hours=n), "regarding": deal,
         "also": [name(other)] if n % 2 else [], "account": None if n % 2 else other}
        for n in range(30)
    ]  # fmt: skip
    made = do.log_activities(rows, by=cast.alice)
    top, first, after = timeline.read(other, cast.alice)
    _top, rest, end = timeline.read(other, cast.alice, before=after)
    assert ([*first, *rest], end, top) == (made, "", [])
    do.pin_activity(made[29], by=cast.alice)
    do.update_activity(made[27], {"at": now + timezone.timedelta(hours=1)}, by=cast.alice)
    top, first, _after = timeline.read(other, cast.alice)
    assert (top, first[0]) == ([made[29]], made[27])
    assert on(other, cast.alice, kind="call") == []


def test_ac_1_a_timeline_stays_one_statement(cast):
    """As many statements for twenty activities that are about it besides as for one."""
    account, deal = AccountFactory(owner=cast.alice), OpportunityFactory(owner=cast.alice)
    client, counts = signed_in(cast.alice), []
    for many in (1, 20):
        for _n in range(many):
            call(cast.alice, deal, account)
        client.get(f"/accounts/{account.pk}/")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/accounts/{account.pk}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_ac_1_a_task_that_repeats_stays_related(cast):
    """The next one is about the same records, and the same people take part; what they answered was for this one."""
    account = AccountFactory(owner=cast.alice)
    task = call(cast.alice, OpportunityFactory(owner=cast.alice), account, kind="task", repeats="weekly")
    do.update_activity(task, {"participants": [cast.bob]}, by=cast.alice)
    do.answer_invitation(task.participants.get(), "accepted", by=None)
    do.complete_activity(task, by=cast.alice)
    following = Activity.objects.latest("pk").participants.get()
    assert (following.user, following.answer) == (cast.bob, "")
    assert [a.status for a in on(account, cast.alice)] == ["open", "done"]


def test_ac_1_the_bin_hides_and_purging_forgets(cast):
    """A record in the bin is counted, not named; it comes back with its links, or goes for good with them."""
    deal, other = OpportunityFactory(owner=cast.alice), AccountFactory(owner=cast.alice, name="Binned")
    made = call(cast.alice, deal, other)
    delete_record(other, by=cast.alice)
    assert "Binned" not in signed_in(cast.alice).get(f"/activities/{made.pk}/").content.decode()
    restore_record(other, by=cast.alice)
    assert on(other, cast.alice) == [made]
    delete_record(other, by=cast.alice)
    other.refresh_from_db()
    assert purged(other)
    assert not ActivityLink.objects.exists()


def test_ac_1_merged_cases_take_the_links_along(cast):
    """And give them back."""
    from support.operations.merging import merge_cases, unmerge_case

    source, survivor, both = (CaseFactory(owner=cast.alice) for _n in range(3))
    one, two = call(None, both, source), call(None, both, source, survivor)
    merge = merge_cases(source, survivor, by=None)
    assert {a.subject and a.pk for a in on(survivor, cast.alice) if a.kind == "call"} == {one.pk, two.pk}
    unmerge_case(merge, by=None)
    kind = ContentType.objects.get_for_model(source)
    assert sorted(
        ActivityLink.objects.filter(content_type=kind, object_id=source.pk).values_list("activity", flat=True)
    ) == [one.pk, two.pk]
