"""Changes of many records: reach, values, versions, history, undo, pieces, sent twice (PL-3, R02, R22, R24)."""

import re
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_site.core import bulk, jobs, operations
from crm_site.core.imports.cells import EMPTY_MARKERS
from crm_site.core.imports.parsing import read_tags
from crm_site.core.models import BulkChange, Job, JobProblem
from customers.kinds import ACCOUNTS
from customers.models import Account
from customers.operations.accounts import update_account
from tests.cast import grant
from tests.factories import AccountFactory


def send(client, action, rows=(), **data):
    """The answered question."""
    once = {"once": str(uuid.uuid4())}
    return client.post("/accounts/bulk/", {"action": action, "row": [r.pk for r in rows]} | once | data)


def again(*records):
    """The records as they are now."""
    found = Account.objects.unscoped("all of them").in_bulk([r.pk for r in records])
    return [found[r.pk] for r in records]


@pytest.fixture
def changer(cast):
    """Alice, who may do everything with many of her team's records."""
    return grant(cast.alice, Account, bulk="team", change="team", assign="team", delete="team", export="team")


def test_the_question_counts_what_is_in_reach_and_changes_nothing(cast, changer, client_of):
    rows = [AccountFactory(owner=cast.alice), AccountFactory(owner=cast.charlie)]
    page = client_of(changer).post("/accounts/bulk/", {"action": "assign", "row": [r.pk for r in rows]})
    assert re.search(r"<b>1</b> row will", page.content.decode())
    assert not Job.objects.exists()
    assert client_of(changer).get("/accounts/bulk/").status_code == 405
    assert client_of(changer).post("/accounts/bulk/", {"action": "assign"}).url == "/accounts/?"
    assert client_of(changer).post("/accounts/bulk/", {"action": "nonsense", "all": "1"}).status_code == 404


def test_who_may_not_change_many_finds_no_page(cast, client_of):
    row = AccountFactory(owner=cast.nora)
    nora = client_of(grant(cast.nora, Account, view="own", change="own", delete="own"))
    assert send(nora, "delete", [row]).status_code == 404
    assert again(row)[0].deleted_at is None


def test_assign_changes_what_is_in_reach_and_leaves_the_rest(cast, changer, client_of):
    mine, foreign = AccountFactory(owner=cast.alice), AccountFactory(owner=cast.charlie)
    client = client_of(changer)
    answer = send(client, "assign", [mine, foreign], owner=cast.bob.pk)
    assert answer.status_code == 302
    now, left = again(mine, foreign)
    assert (now.owner, now.team, now.version, now.changed_by) == (cast.bob, cast.sales, mine.version + 1, changer)
    assert (left.owner, left.version) == (cast.charlie, foreign.version)
    event = now.events.model.objects.filter(pgh_obj_id=now.pk).order_by("-pgh_id").first()
    assert event.pgh_context.metadata["operation"] == "assign_records"
    assert event.pgh_context.metadata["user"] == changer.pk


def test_undo_brings_back_also_what_went_out_of_reach_but_not_what_changed_since(cast, changer, client_of):
    one, other, touched = (AccountFactory(owner=cast.alice) for _n in range(3))
    client = client_of(changer)
    send(client, "assign", [one, other, touched], owner=cast.charlie.pk)
    update_account(again(touched)[0], {"industry": "Mining"}, by=cast.rita)
    job = Job.objects.get()
    assert client_of(cast.bob).post(f"/jobs/{job.pk}/undo/").status_code == 404
    client.post(f"/jobs/{job.pk}/undo/")
    back = Job.objects.latest("pk")
    assert (back.state, back.counts["changed"], back.counts["outside"]) == (Job.DONE, 2, 1)
    assert [r.owner for r in again(one, other, touched)] == [cast.alice, cast.alice, cast.charlie]
    assert again(one)[0].version == one.version + 2
    client.post(f"/jobs/{job.pk}/undo/")
    assert Job.objects.count() == 2


def test_edit_sets_only_what_is_ticked_and_only_where_it_differs(cast, changer, client_of):
    same = AccountFactory(owner=cast.alice, industry="Retail", status="inactive")
    other = AccountFactory(owner=cast.alice, industry="Mining", status="inactive")
    client = client_of(changer)
    send(client, "edit", [same, other], change=["industry"], industry="Retail", status="active", name="Hacked")
    a, b = again(same, other)
    assert (a.industry, a.version, b.industry, b.version) == ("Retail", same.version, "Retail", other.version + 1)
    assert (b.status, b.name) == ("inactive", other.name)
    assert Job.objects.get().counts == {"seen": 2, "changed": 1, "outside": 0}
    assert send(client, "edit", [same], change=["name"], name="Hacked").status_code == 422
    assert send(client, "edit", [same], change=["status"], status="nonsense").status_code == 422
    client.post(f"/jobs/{Job.objects.get().pk}/undo/")
    assert again(other)[0].industry == "Mining"


def test_a_record_holds_as_many_tags_as_its_index(cast, changer, client_of):
    """Forms and changes of many say so; the fullest record with the longest name is still found by a tag."""
    words = [f"{n:02}" + "日" * 16 for n in range(27)]
    full = AccountFactory(owner=cast.alice, name="𠀀" * 200, tags=words[:-1])
    client = client_of(changer)
    send(client, "tag", [full, some := AccountFactory(owner=cast.alice)], tags="one more, and one, and " + "x" * 46)
    assert [len(row.tags) for row in again(full, some)] == [26, 3]
    assert "too many tags" in JobProblem.objects.get().text
    asked = {"name": "A", "status": "active", "tags": ",".join(words), "version": some.version}
    assert "too many tags" in client.post(f"/accounts/{some.pk}/edit/", asked).content.decode()
    assert f"/accounts/{full.pk}/" in client.get("/accounts/", {"tag": words[0]}).content.decode()
    with pytest.raises(ValidationError):
        read_tags(",".join(words), markers=EMPTY_MARKERS)


def test_tags_are_added_and_taken_away_and_come_back(cast, changer, client_of):
    none, some = AccountFactory(owner=cast.alice), AccountFactory(owner=cast.alice, tags=["b", "a, x"])
    client = client_of(changer)
    send(client, "tag", [none, some], tags="a, b")
    assert [r.tags for r in again(none, some)] == [["a", "b"], ["b", "a, x", "a"]]
    first = Job.objects.get()
    send(client, "tag", [none, some], tags="b", remove="1")
    second = Job.objects.latest("pk")
    assert [r.tags for r in again(none, some)] == [["a"], ["a, x", "a"]]
    client.post(f"/jobs/{second.pk}/undo/")
    assert [r.tags for r in again(none, some)] == [["a", "b"], ["b", "a, x", "a"]]
    client.post(f"/jobs/{first.pk}/undo/")
    assert [r.tags for r in again(none, some)] == [["a", "b"], ["b", "a, x", "a"]]
    assert Job.objects.latest("pk").counts["outside"] == 2


def test_delete_and_undo(cast, changer, client_of):
    mine, foreign = AccountFactory(owner=cast.alice), AccountFactory(owner=cast.charlie)
    client = client_of(changer)
    send(client, "delete", [mine, foreign])
    now, left = again(mine, foreign)
    assert (now.deleted_by, left.deleted_at) == (changer, None)
    client.post(f"/jobs/{Job.objects.get().pk}/undo/")
    assert again(mine)[0].deleted_at is None


def test_all_that_match_and_a_wrong_filter(cast, changer, client_of):
    active, other = AccountFactory(owner=cast.alice), AccountFactory(owner=cast.alice, status="closed")
    client = client_of(changer)
    send(client, "edit", all="1", query="status=closed", change=["industry"], industry="Gone")
    assert [r.industry for r in again(active, other)] == ["", "Gone"]
    answer = send(client, "edit", all="1", query="owner=nobody", change=["industry"], industry="Oops")
    assert [r.industry for r in again(active, other)] == ["", "Gone"]
    assert answer.status_code in (302, 422)


def test_the_same_form_twice_is_one_job(cast, changer, client_of):
    row = AccountFactory(owner=cast.alice)
    client, once = client_of(changer), str(uuid.uuid4())
    for _copy in range(2):
        send(client, "tag", [row], tags="x", once=once)
    assert Job.objects.count() == 1
    assert again(row)[0].version == row.version + 1


def many(owner, number):
    return Account.objects.bulk_create(
        [Account(name=f"Account {n}", owner=owner, team=owner.team) for n in range(number)], batch_size=5000
    )


def test_many_rows_are_changed_by_a_job_in_pieces_which_can_be_cancelled(cast, changer, client_of, monkeypatch):
    monkeypatch.setattr(bulk, "PIECE", 4)
    monkeypatch.setattr("crm_site.core.views.bulk.AT_ONCE", 5)
    many(cast.alice, 10)
    client = client_of(changer)
    answer = send(client, "edit", all="1", change=["industry"], industry="Mining")
    job = Job.objects.get()
    assert answer.url == f"/jobs/{job.pk}/"
    jobs.run_step(jobs.claim(1))
    assert Account.objects.unscoped("all").filter(industry="Mining").count() == 4
    client.post(f"/jobs/{job.pk}/cancel/")
    jobs.run_due_jobs(2)
    assert Account.objects.unscoped("all").filter(industry="Mining").count() == 4
    client.post(f"/jobs/{job.pk}/undo/")
    jobs.run_due_jobs(2)
    assert not Account.objects.unscoped("all").filter(industry="Mining").exists()


def test_rights_lost_meanwhile_stop_the_job(cast, changer):
    many(cast.alice, 3)
    options = {"action": "edit", "query": "", "ids": None, "values": {"industry": "Mining"}}
    job = bulk.start_bulk_change(ACCOUNTS, options, by=changer)
    changer.groups.clear()
    jobs.run_due_jobs(2)
    job.refresh_from_db()
    assert (job.state, job.counts["changed"]) == (Job.DONE, 0)


def test_a_broken_rule_of_the_database_is_said_in_words(cast, changer):
    row = AccountFactory(owner=cast.alice)
    options = {"action": "edit", "query": "", "ids": [row.pk], "values": {"status": "nonsense"}}
    job = bulk.start_bulk_change(ACCOUNTS, options, by=changer)
    jobs.run_due_jobs(2)
    job.refresh_from_db()
    assert job.state == Job.FAILED
    assert "rule" in job.error


def test_a_piece_takes_the_same_statements_whatever_its_size(cast, changer):
    counts = []
    for number in (5, 100):
        rows = many(cast.alice, number)
        ids, values = [r.pk for r in rows], {"owner_id": cast.bob.pk, "team_id": cast.north.pk}
        bulk.start_bulk_change(ACCOUNTS, {"action": "assign", "ids": ids, "values": values}, by=changer)
        with CaptureQueriesContext(connection) as seen:
            jobs.run_step(jobs.claim(1))
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 20
    assert BulkChange.objects.count() == 105


def test_kinds_that_delete_in_their_own_way_are_asked_row_by_row(cast, changer, monkeypatch):
    fine, refused = AccountFactory(owner=cast.alice), AccountFactory(owner=cast.alice, name="Keep me")

    def delete(record, *, by):
        if record.name == "Keep me":
            raise operations.Refused("It is needed.")
        return operations.delete_record(record, by=by)

    kind = bulk.KINDS["customers.account"]
    monkeypatch.setitem(bulk.KINDS, "customers.account", type(kind)(**{**vars(kind), "delete": delete}))
    job = bulk.start_bulk_change(ACCOUNTS, {"action": "delete", "ids": [fine.pk, refused.pk]}, by=changer)
    jobs.run_now(job)
    assert (job.counts["changed"], job.counts["refused"]) == (1, 1)
    assert job.problems.get().text == "It is needed."
    back = bulk.undo_bulk_change(job, by=changer)
    jobs.run_now(back)
    assert [r.deleted_at for r in again(fine, refused)] == [None, None]
