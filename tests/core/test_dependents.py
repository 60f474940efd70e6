"""What a higher app hangs on the records of a lower one, and what becomes of it when they are deleted."""

import pytest

from crm_site.core import kinds
from crm_site.core.kinds import KINDS, Dependent, add_dependent
from crm_site.core.operations import Refused, update_record
from tests.conftest import signed_in
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db
CHOICES = (("keep", "Leave it"), ("hand", "Hand it on"), ("refuse", "Refuse"))


@pytest.fixture
def other(cast, monkeypatch):
    """A record that hangs on every account by a fake dependent of a higher app."""
    made = AccountFactory(name="Hanging on", owner=cast.alice)

    def settle(_account, choice, *, by):
        if choice != "keep":
            update_record(made, {"name": f"Handed on by {by.first_name}"}, by=by)
        if choice == "refuse":
            raise Refused("Not like this.")

    monkeypatch.setattr(kinds, "DEPENDENTS", {})
    monkeypatch.setattr("crm_site.core.pages.DEPENDENTS", kinds.DEPENDENTS)
    add_dependent("customers.account", Dependent("Open deals", lambda _a, _u: 3, "deals", CHOICES, settle))
    return made


@pytest.mark.parametrize(("choice", "gone", "name"), [
    ("keep", True, "Hanging on"), ("hand", True, "Handed on by Alice"), ("refuse", False, "Hanging on"), (None, False, "Hanging on"),
])  # fmt: skip
def test_an_added_dependent_is_asked_about_and_settled_with_the_deletion(cast, other, choice, gone, name):
    """Its choice is asked for beside the kind's own; what it does and the deletion happen together or not at all."""
    account, kind = AccountFactory(owner=cast.alice), KINDS["customers.account"]
    client, url = signed_in(cast.alice), kind.url("delete", account)
    asked = client.get(url).content.decode()
    assert "Open deals" in asked
    assert "Hand it on" in asked
    answer = client.post(url, {"deals": choice} if choice else {})
    account.refresh_from_db()
    other.refresh_from_db()
    assert (answer.status_code == 302, account.deleted_at is not None, other.name) == (gone, gone, name)
    if choice == "refuse":
        assert "Not like this." in answer.content.decode()
