"""Operations: one transaction, the right checked again, versions, and things done once."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from crm_site.core.kinds import KINDS
from crm_site.core.models import Share
from crm_site.core.operations import (
    Refused,
    Repeated,
    Stale,
    delete_record,
    new_rows,
    restore_record,
    submit_once,
    update_record,
    write_many,
)
from crm_site.core.sharing import share_record, unshare_record
from customers.models import Account
from tests.architecture.samples import edit_data
from tests.cast import grant
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("who", ["charlie", "audrey", "nora", "paula", "pat"])
@pytest.mark.parametrize("verb", [
    lambda record, by: update_record(record, {"name": "Taken"}, by=by), lambda record, by: delete_record(record, by=by),
    lambda record, by: share_record(record, by=by, user=by, reason="mine now"),
])  # fmt: skip
def test_every_operation_asks_again(cast, who, verb):
    """An operation refuses who may not, even when a view forgot to ask, and nothing is written."""
    account = AccountFactory(name="Alice's", owner=cast.alice)
    with pytest.raises(PermissionDenied):
        verb(account, getattr(cast, who))
    account.refresh_from_db()
    assert (account.name, account.version, account.deleted_at) == ("Alice's", 1, None)
    assert not Share.objects.exists()


def test_restoring_asks_too(cast):
    """Only who may delete brings back."""
    account = AccountFactory(owner=cast.alice, deleted_at=timezone.now())
    with pytest.raises(PermissionDenied):
        restore_record(account, by=cast.charlie)
    assert restore_record(account, by=cast.alice).deleted_at is None


def test_rows_are_the_makers(cast):
    """Owner and team default to the one who makes; others only with the right to assign."""
    made = new_rows(Account, [{"name": "Mine"}], by=cast.alice)[0]
    assert (made.owner, made.team, made.created_by) == (cast.alice, cast.north, cast.alice)
    nora = grant(cast.nora, Account, view="own", add="own")
    with pytest.raises(PermissionDenied):
        new_rows(Account, [{"name": "For Charlie", "owner": cast.charlie}], by=nora)
    with pytest.raises(PermissionDenied):
        new_rows(Account, [{"name": "For the South", "team": cast.south}], by=nora)
    with pytest.raises(PermissionDenied):
        new_rows(Account, [{"name": "No right"}], by=cast.audrey)
    assert Account.objects.unscoped("count").count() == 1


def test_a_stale_version_is_refused(cast):
    """The second of two saves from the same version is refused and gets the current record."""
    account = AccountFactory(owner=cast.alice)
    update_record(account, {"name": "One"}, by=cast.alice, version=1)
    with pytest.raises(Stale) as refused:
        update_record(account, {"name": "Two"}, by=cast.bob, version=1)
    assert refused.value.current.name == "One"
    assert update_record(account, {"name": "Two"}, by=cast.bob, version=2).version == 3


def test_nothing_changed_nothing_written(cast):
    """Equal values make no new version."""
    account = AccountFactory(name="Same", owner=cast.alice)
    assert update_record(account, {"name": "Same"}, by=cast.alice).version == 1


def test_many_are_changed_by_one_statement(cast, django_assert_num_queries):
    """A change of many rows is one statement, with version and who in it."""
    AccountFactory.create_batch(5, owner=cast.alice)
    rows = Account.objects.changeable_by(cast.alice)
    list(rows)
    with django_assert_num_queries(1):
        assert write_many(rows, {"industry": "Ships"}, by=cast.alice) == 5
    assert {(a.industry, a.version, a.changed_by) for a in rows} == {("Ships", 2, cast.alice)}


def test_once_is_once(cast):
    """The same key does the work once; with other contents it is an error; another user's key is another."""
    key, done = uuid.uuid4(), []

    def work():
        done.append(1)
        return f"/made/{len(done)}/"

    assert submit_once(cast.alice, key, "a", work) == "/made/1/"
    assert submit_once(cast.alice, key, "a", work) == "/made/1/"
    with pytest.raises(Repeated):
        submit_once(cast.alice, key, "b", work)
    assert submit_once(cast.charlie, key, "a", work) == "/made/2/"
    assert len(done) == 2


def test_failed_work_can_be_done_again(cast):
    """Work that raised used no key up."""
    key = uuid.uuid4()
    with pytest.raises(Refused):
        submit_once(cast.alice, key, "a", lambda: (_ for _ in ()).throw(Refused("no")))
    assert submit_once(cast.alice, key, "a", lambda: "/made/") == "/made/"


def test_shares_name_one_party(cast):
    """A share is with a user or with a team, never with both or none."""
    account = AccountFactory(owner=cast.alice)
    for parties in ({}, {"user": cast.charlie, "team": cast.south}):
        with pytest.raises(Refused):
            share_record(account, by=cast.alice, reason="x", **parties)
    share = share_record(account, by=cast.alice, reason="x", user=cast.charlie)
    with pytest.raises(PermissionDenied):
        unshare_record(account, share, by=cast.dora)


def test_nobody_loses_sight_of_a_record_by_clearing_it(cast, client_of):
    """Without an owner and a team it would be nobody's: refused beside the field. Handing it to somebody is not."""
    account = AccountFactory(name="Kept", owner=cast.alice)
    with pytest.raises(Refused) as caught:
        update_record(account, {"owner": None, "team": None}, by=cast.alice)
    assert caught.value.field == "owner"
    kind = KINDS["customers.account"]
    data = edit_data(kind, account, cast.alice) | {"owner": "", "team": ""}
    page = client_of(cast.alice).post(kind.url("edit", account), data)
    assert page.context["form"].errors["owner"]
    account.refresh_from_db()
    assert (account.owner, account.team) == (cast.alice, cast.north)
    assert update_record(account, {"owner": None}, by=cast.alice).team == cast.north
    assert update_record(account, {"owner": cast.charlie, "team": cast.south}, by=cast.bob).owner == cast.charlie
    assert update_record(account, {"owner": None, "team": None}, by=cast.rita).owner is None
