"""R21, light: every write of every kind appears once, with who, through which operation and which door."""

from datetime import timedelta

import pghistory
import pytest
from django.utils import timezone

from crm_site.core import history
from crm_site.core.kinds import KINDS
from crm_site.core.operations import delete_record, operation, restore_record, update_record
from customers.models import Account
from customers.operations.accounts import create_account
from tests.architecture.samples import filled, make_record, text_fields
from tests.cast import writer
from tests.conftest import signed_in
from tests.factories import AccountFactory, ActivityFactory

pytestmark = pytest.mark.django_db


def kinds():
    """Every kind."""
    return [pytest.param(kind.key, id=kind.noun) for kind in KINDS.values()]


def labels(record):
    """The kinds of the record's events, oldest first."""
    return [event.pgh_label for event in history.events_of(record)][::-1]


@pytest.mark.parametrize("key", kinds())
def test_r21_every_write_once(cast, key):
    """Make, change, delete and restore in the browser: one event each, by one user, through the browser."""
    kind = KINDS[key]
    client = signed_in(user := writer(kind, cast))
    assert client.post(kind.url("create"), filled(kind, user)).status_code == 302
    record = kind.model.objects.unscoped("look").order_by("-pk").first()
    assert "insert" in labels(record)
    for event in history.events_of(record):
        assert event.pgh_context.metadata["user"] == user.pk
        assert event.pgh_context.metadata["door"] == "web"
        assert event.pgh_context.metadata["operation"].startswith(("create", "log", "make", "new", "add", "register"))
    before = len(labels(record))
    kind.restore(kind.delete(record, by=user) or record, by=user)
    assert len(labels(record)) == before + 2
    made, _more = history.entries(record, user)
    assert [entry["by"] for entry in made] == [user] * len(made)


def test_an_event_says_what_changed(cast):
    """The entries are sentences with the old and the new value, newest first."""
    account = create_account({"name": "First name"}, by=cast.alice)
    update_record(account, {"name": "Second name", "status": "inactive"}, by=cast.bob)
    delete_record(account, by=cast.bob)
    restore_record(account, by=cast.bob)
    made, more = history.entries(account, cast.alice)
    text = " ".join(str(s) for entry in made for s in entry["sentences"])
    assert "Name changed from “First name” to “Second name”" in text
    assert "Status changed from “Active” to “Inactive”" in text
    assert "Put into the bin" in text
    assert "Taken out of the bin" in text
    assert made[-1]["operation"] in ("create accounts", "create account")
    assert next(str(entry["by"]) for entry in made) == "Bob Tester"
    assert more is None


def test_an_entry_does_not_name_what_is_hidden(cast):
    """R04: the past link to a record that the reader may not see is said, not named."""
    secret = AccountFactory(name="Secret Holding", owner=cast.charlie)
    account = AccountFactory(name="Open", owner=cast.alice)
    update_record(account, {"parent": secret}, by=None)
    made, _more = history.entries(account, cast.alice)
    text = " ".join(str(s) for entry in made for s in entry["sentences"])
    assert "Secret" not in text
    assert "not visible to you" in text
    seen, _more = history.entries(account, cast.rita)
    assert "Secret Holding" in " ".join(str(s) for entry in seen for s in entry["sentences"])


def test_the_past_can_be_read_back(cast):
    """as_of gives the fields at a moment, nothing before the beginning."""
    before = timezone.now()
    account = create_account({"name": "First name"}, by=cast.alice)
    # Everything in a test happens at the transaction's one moment: the beginning is put an hour back.
    event = history.events_of(account).first()
    between = event.pgh_created_at - timedelta(minutes=30)
    type(event).objects.filter(pk=event.pk).update(pgh_created_at=event.pgh_created_at - timedelta(hours=1))
    update_record(account, {"name": "Second name"}, by=cast.alice)
    values = {field.name: value for field, value in history.as_of(account, between).items()}
    assert values["name"] == "First name"
    assert history.as_of(account, before.replace(year=2000)) is None


def test_saving_nothing_leaves_no_event(cast):
    """A form sent back unchanged is no change."""
    account = create_account({"name": "Same"}, by=cast.alice)
    account.refresh_from_db()
    count = len(labels(account))
    update_record(account, {"name": "Same"}, by=cast.alice)
    assert len(labels(account)) == count


def test_many_rows_in_one_statement_have_an_event_each(cast):
    """A change of many is in the history of each."""
    made = AccountFactory.create_batch(3, owner=cast.alice)
    counts = [len(labels(account)) for account in made]
    Account.objects.unscoped("a test of the triggers").update(status="closed")
    assert [len(labels(account)) for account in made] == [count + 1 for count in counts]


def test_an_operation_that_fails_leaves_nothing(cast):
    """One transaction: the record and its history go back together."""

    @operation
    def half(account, *, by):
        update_record(account, {"name": "Half done"}, by=by)
        raise ValueError("half way")

    account = AccountFactory(name="Whole", owner=cast.alice)
    count = len(labels(account))
    with pytest.raises(ValueError, match="half way"):
        half(account, by=cast.alice)
    account.refresh_from_db()
    assert account.name == "Whole"
    assert len(labels(account)) == count


def test_history_holds_no_secrets(cast):
    """No event table keeps a password, a token or a session."""
    for model in history.event_models():
        names = {field.name for field in model._meta.fields}
        assert not {n for n in names if any(word in n for word in ("password", "token", "secret", "session"))}, model


def test_the_system_is_named_as_such(cast):
    """What nobody did, the system did: no user, but the operation."""
    activity = ActivityFactory(owner=cast.alice)
    with pghistory.context(door="worker"):
        update_record(activity, {text_fields(type(activity))[0].name: "By the night run"}, by=None)
    made, _more = history.entries(activity, cast.alice)
    assert made[0]["by"] is None
    assert made[0]["operation"] == "update record"
    assert str(made[0]["door"]) == "by a background job"


def test_the_page_of_a_record_that_was_never_changed(cast, client_of):
    """The history page works from the first moment, also for a day before the record was there."""
    record = make_record(KINDS["customers.account"], cast.alice)
    client = client_of(cast.alice)
    for question in ({}, {"on": "2001-01-01"}, {"on": "nonsense"}, {"before": "1"}, {"before": "x"}):
        assert client.get(f"/accounts/{record.pk}/history/", question).status_code == 200
