"""What comes back with a record out of the bin."""

import pytest

from crm_site.core.kinds import KINDS
from customers.models import Activity
from customers.operations.activities import log_activity, update_activity
from tests.factories import AccountFactory, ContactFactory, CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("noun", ["account", "contact", "customer"])
def test_restoring_opens_what_the_deletion_cancelled(cast, noun):
    """Not what was cancelled or done before, nor what somebody changed since."""
    account = AccountFactory(owner=cast.alice)
    record = {
        "account": lambda: account, "contact": lambda: ContactFactory(owner=cast.alice),
        "customer": lambda: CustomerFactory(owner=cast.alice, account=account, kind="business"),
    }[noun]()  # fmt: skip
    made = {
        name: log_activity({"subject": name, "kind": "task", "status": status, noun: record}, by=cast.alice)
        for name, status in (("open", "open"), ("before", "cancelled"), ("done", "done"), ("since", "open"))
    }
    kind = KINDS[f"customers.{noun}"]
    gone = kind.delete(record, by=cast.alice, activities="close")
    assert Activity.objects.get(subject="open").status == "cancelled"
    update_activity(made["since"], {"body": "Indeed not."}, by=cast.alice)
    kind.restore(gone, by=cast.alice)
    assert dict(Activity.objects.values_list("subject", "status")) == {
        "open": "open", "before": "cancelled", "done": "done", "since": "cancelled",
    }  # fmt: skip
