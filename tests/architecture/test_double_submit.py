"""R22 and R24: four clicks make one thing, and of two who save at once one wins and nobody loses what was typed."""

import contextlib
import uuid
from unittest import mock

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from crm_site.core import operations, pages
from crm_site.core.kinds import KINDS
from crm_site.core.models import Job, Submission
from customers.models import Account
from tests.architecture.samples import edit_data, filled, make_record, text_fields
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.conftest import signed_in
from tests.factories import AccountFactory

COPIES = 4


@pytest.fixture
def cast(transactional_db):
    """The cast, visible to other connections."""
    ContentType.objects.clear_cache()
    return make_cast()


def numbers(kind):
    """How many rows of the kind there are."""
    return kind.model.objects.unscoped("count").count()


def post(client, address, data):
    """A job for at_once."""
    return lambda: client.post(address, data)


def kinds():
    """The kinds whose form staff fill in."""
    return [pytest.param(kind.key, id=kind.noun) for kind in KINDS.values()]


def writers(kind, cast):
    """Two who may make records of the kind and change Alice's: she and Bob, where their roles let them.

    Where only one of the cast may, it is the same person in two windows.
    """
    people = (cast.alice, cast.bob, cast.mia, cast.dora, cast.rita)
    able = [u for u in people if all(u.reach(kind.model, action) != "none" for action in ("add", "change"))]
    return ([u for u in able if u == cast.alice or u.reach(kind.model, "change") != "own"] * 2)[:2]


@pytest.mark.parametrize("key", kinds())
def test_r24_four_copies_make_one(cast, key):
    """The same form sent four times at once, replayed, and once more with other contents."""
    kind = KINDS[key]
    user = writers(kind, cast)[0]
    data = filled(kind, user)
    before = numbers(kind)
    answers = at_once(*[post(signed_in(user), kind.url("create"), data) for _copy in range(COPIES)])
    assert {getattr(a, "status_code", repr(a)) for a in answers} == {302}
    assert numbers(kind) == before + 1
    assert len({answer["Location"] for answer in answers}) == 1
    again = signed_in(user).post(kind.url("create"), data)
    assert again["Location"] == answers[0]["Location"]
    field = text_fields(kind.model)[0].name
    other = signed_in(user).post(kind.url("create"), data | {"tags": "other contents", field: "Other contents"})
    assert other.status_code == 200
    assert b"already sent" in other.content
    assert numbers(kind) == before + 1


def test_r24_without_the_lock_there_would_be_four(cast):
    """Negative control: the same posts with the once-only step switched off make four records."""
    kind = KINDS["customers.account"]
    data = filled(kind, cast.alice)
    with mock.patch.object(pages, "submit_once", lambda user, key, digest, do: do()):
        at_once(*[post(signed_in(cast.alice), kind.url("create"), data) for _copy in range(COPIES)])
    assert numbers(kind) == COPIES


def bulk_posts(cast, accounts):
    """Four copies of a confirmed change of many."""
    data = {"action": "tag", "row": [a.pk for a in accounts], "tags": "x", "once": str(uuid.uuid4())}
    return [post(signed_in(cast.rita), "/accounts/bulk/", data) for _copy in range(COPIES)]


def test_r24_four_copies_of_a_change_of_many_make_one(cast):
    """The same change of many sent four times at once is one job, and each row changes once."""
    accounts = AccountFactory.create_batch(3, owner=cast.alice)
    answers = at_once(*bulk_posts(cast, accounts))
    assert {getattr(a, "status_code", repr(a)) for a in answers} == {302}
    assert Job.objects.filter(kind="bulk").count() == 1
    for account in accounts:
        account.refresh_from_db()
        assert (account.tags, account.version) == (["x"], 2)


def test_r24_without_the_key_there_would_be_four_changes(cast):
    """Negative control: with the once-only step switched off each copy starts a job."""
    accounts = AccountFactory.create_batch(3, owner=cast.alice)
    with mock.patch("crm_site.core.views.bulk.submit_once", lambda user, key, digest, do: do()):
        at_once(*bulk_posts(cast, accounts))
    assert Job.objects.filter(kind="bulk").count() == COPIES


def test_r24_anothers_key_is_no_obstacle(cast):
    """A key belongs to its user: nobody can block or learn of another's form."""
    kind = KINDS["customers.account"]
    data = filled(kind, cast.alice)
    for user in (cast.alice, cast.charlie):
        assert signed_in(user).post(kind.url("create"), data).status_code == 302
    assert numbers(kind) == 2
    assert Submission.objects.count() == 2


def test_r24_a_refused_form_may_be_sent_again(cast):
    """An error of validation uses no key up: the corrected form goes through."""
    kind = KINDS["customers.account"]
    data = filled(kind, cast.alice)
    assert signed_in(cast.alice).post(kind.url("create"), data | {"name": ""}).status_code == 200
    assert signed_in(cast.alice).post(kind.url("create"), data).status_code == 302
    assert numbers(kind) == 1


def editable_text(kind, record, user):
    """A text field that the edit form offers."""
    names = kind.form(user=user, instance=record).fields
    return next(f.name for f in text_fields(kind.model, shortest=50) if f.name in names)


@pytest.mark.parametrize("key", kinds())
def test_r22_a_stale_save_is_shown_both_values(cast, key):
    """A save from an old form is refused with 409, shows both values, and wins only when sent again knowingly."""
    kind = KINDS[key]
    record = kind.model.objects.get(pk=make_record(kind, cast.alice).pk)
    one, other = writers(kind, cast)
    field, client = editable_text(kind, record, one), signed_in(one)
    stale = edit_data(kind, record, one)
    first = signed_in(other).post(kind.url("edit", record), stale | {field: "Theirs was first"})
    assert first.status_code == 302, first.context and first.context["form"].errors
    second = client.post(kind.url("edit", record), stale | {field: "Mine came second"})
    assert second.status_code == 409
    text = second.content.decode()
    assert "Theirs was first" in text
    assert "Mine came second" in text
    record.refresh_from_db()
    assert getattr(record, field) == "Theirs was first"
    again = client.post(kind.url("edit", record), stale | {field: "Mine came second", "version": record.version})
    assert again.status_code == 302
    record.refresh_from_db()
    assert getattr(record, field) == "Mine came second"


def test_r22_what_was_not_typed_is_not_put_back(cast):
    """Of a stale form only what was typed in it counts: saved again, it leaves the other's fields as they are."""
    account = AccountFactory(owner=cast.alice, industry="Old", website="https://old.example")
    kind, client = KINDS["customers.account"], signed_in(cast.alice)
    stale, url = edit_data(kind, account, cast.alice), kind.url("edit", account)
    signed_in(cast.bob).post(url, stale | {"website": "https://new.example", "city": "Bremen"})
    answer = client.post(url, stale | {"industry": "Mine", "city": "Mainz"})
    assert answer.status_code == 409
    shown = {item["label"]: (item["theirs"], item["yours"]) for item in answer.context["conflict"]}
    assert shown.pop("City") == ("Bremen", "Mainz")
    assert shown == {"Website": ("https://new.example", "nothing typed: what is saved stays")}
    again = {bound.html_name: bound.value() for bound in answer.context["form"] if bound.value() not in (None, False)}
    assert client.post(url, again | {"tags": ""}).status_code == 302
    account.refresh_from_db()
    assert (account.industry, account.website, account.city) == ("Mine", "https://new.example", "Mainz")


def test_r22_other_fields_are_no_conflict_but_told(cast):
    """Where the other changed what the form does not show or what was not typed over, nothing is listed as lost."""
    account = AccountFactory(owner=cast.alice, industry="Old")
    kind = KINDS["customers.account"]
    stale = edit_data(kind, account, cast.alice)
    Account.objects.filter(pk=account.pk).update(version=account.version + 1)
    answer = signed_in(cast.alice).post(kind.url("edit", account), stale | {"industry": "Mine"})
    assert (answer.status_code, answer.context["conflict"]) == (409, [])
    assert "Someone else saved this" in answer.content.decode()
    assert 'value="Mine"' in answer.content.decode()


@pytest.mark.parametrize("key", kinds())
def test_r22_of_two_at_once_one_wins(cast, key):
    """Truly simultaneous saves, several rounds: exactly one is taken each time, the other is told."""
    kind = KINDS[key]
    record = kind.model.objects.get(pk=make_record(kind, cast.alice).pk)
    people = writers(kind, cast)
    field = editable_text(kind, record, people[0])
    clients = [signed_in(user) for user in people]
    for number in range(3):
        record.refresh_from_db()
        data = edit_data(kind, record, people[0])
        jobs = [
            post(client, kind.url("edit", record), data | {field: f"Round {number} of {who}"}) for who, client in enumerate(clients)
        ]  # fmt: skip
        answers = at_once(*jobs)
        assert sorted(getattr(a, "status_code", repr(a)) for a in answers) == [302, 409]
        winner = next(position for position, answer in enumerate(answers) if answer.status_code == 302)
        version = record.version
        record.refresh_from_db()
        assert (getattr(record, field), record.version) == (f"Round {number} of {winner}", version + 1)


def test_r22_cells_too(cast):
    """Editing in place keeps the same promise: one of two simultaneous cells is saved, the loser sees the other's."""
    account = AccountFactory(owner=cast.alice, industry="Old")
    data = {"version": "1"}
    jobs = [
        post(signed_in(user), f"/accounts/{account.pk}/cell/industry/", data | {"industry": f"By {user.first_name}"})
        for user in (cast.alice, cast.bob)
    ]
    answers = at_once(*jobs)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    account.refresh_from_db()
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert account.industry in loser.content.decode()
    assert account.version == 2


def test_r22_without_the_version_one_would_be_lost(cast):
    """Negative control: with the version left out, both saves are taken and one is silently overwritten."""
    account, real = AccountFactory(owner=cast.alice), operations.write

    def careless(record, values, *, by, version=None, action="change"):
        return real(record, values, by=by, version=None, action=action)

    kind = KINDS["customers.account"]
    data = edit_data(kind, kind.model.objects.get(pk=account.pk), cast.alice)
    with contextlib.ExitStack() as stack:
        for target in ("crm_site.core.operations.write", "customers.operations.accounts.write"):
            stack.enter_context(mock.patch(target, careless))
        jobs = [
            post(signed_in(user), kind.url("edit", account), data | {"industry": user.first_name})
            for user in (cast.alice, cast.bob)
        ]
        answers = at_once(*jobs)
    assert [answer.status_code for answer in answers] == [302, 302]


def test_threads_have_their_own_connections(cast):
    """The helper is no sham: each job runs in another database session."""

    def session():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return cursor.fetchone()[0]

    assert len(set(at_once(session, session, session))) == 3
