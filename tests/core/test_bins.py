"""The bins: what was deleted long ago goes for good, and nothing else with it."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from crm_site.core.bins import empty_bins
from crm_site.core.kinds import KINDS
from crm_site.core.models import Record
from customers.models import Contact, ContactMechanism
from tests.architecture.samples import make_record
from tests.factories import AccountFactory, ContactFactory, MechanismFactory

pytestmark = pytest.mark.django_db


def everything():
    """{model: ids of the records that nobody deleted}."""
    found = {
        model: model._base_manager.filter(deleted_at=None) for model in apps.get_models() if issubclass(model, Record)
    }
    return {model: set(rows.values_list("pk", flat=True)) for model, rows in found.items()}


def bury(record, days):
    """Let the record have been deleted so many days ago, and all that hangs on it with it where it must."""
    type(record)._base_manager.filter(pk=record.pk).update(deleted_at=timezone.now() - timedelta(days=days))


@pytest.mark.parametrize("key", list(KINDS))
def test_what_is_long_deleted_goes_and_what_is_not_stays(cast, key):
    """DOMAIN 4: purged after the retention period; one that is deleted since yesterday is still there to restore."""
    kind = KINDS[key]
    old, young = make_record(kind, cast.alice), make_record(kind, cast.alice)
    bury(old, settings.BIN_DAYS + 1)
    bury(young, 1)
    before = everything()
    empty_bins()
    assert everything() == before
    assert set(kind.model._base_manager.filter(pk__in=[old.pk, young.pk]).values_list("pk", flat=True)) == {young.pk}
    assert empty_bins() == 0


def test_what_others_stand_on_stays(cast):
    """A living record would lose its account: the account waits, and goes once that is gone."""
    account = AccountFactory(owner=cast.alice)
    customer = make_record(KINDS["customers.customer"], cast.alice, account=account, contact=None)
    bury(account, settings.BIN_DAYS + 1)
    assert empty_bins() == 0
    customer.refresh_from_db()
    bury(customer, settings.BIN_DAYS + 1)
    assert empty_bins() == 1, "the accounts came before the customers"
    assert empty_bins() == 1


def test_what_is_only_its_own_goes_with_it(cast):
    contact = ContactFactory(owner=cast.alice)
    MechanismFactory(contact=contact)
    bury(contact, settings.BIN_DAYS + 1)
    assert empty_bins() == 1
    assert not Contact._base_manager.filter(pk=contact.pk).exists()
    assert not ContactMechanism.objects.filter(contact_id=contact.pk).exists()


def test_the_history_says_when_it_went(cast):
    account = AccountFactory(owner=cast.alice)
    events = type(account).pgh_event_model.objects.filter(pgh_obj_id=account.pk)
    before = events.count()
    bury(account, settings.BIN_DAYS + 1)
    empty_bins()
    assert events.count() > before
    last = events.order_by("-pgh_id").annotate(by=F("pgh_context__metadata__operation")).first()
    assert (last.pgh_label, last.by) == ("delete", "empty_piece")
