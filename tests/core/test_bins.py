"""The bins: what was deleted long ago goes for good, and nothing else with it."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.db.models import F
from django.utils import timezone

from crm_site.core.attachments import keep_uploads
from crm_site.core.bins import BESIDE, empty_bins
from crm_site.core.history import event_models
from crm_site.core.kinds import KINDS
from crm_site.core.models import ExternalId, Record
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


def test_what_hangs_on_any_kind_is_known():
    """A model that names a record by its kind and number must be cleared with it."""
    told = set(event_models())
    own = [model for model in apps.get_models() if model._meta.app_label != "admin" and model not in told]
    assert {model for model in own if {"content_type", "object_id"} <= {f.name for f in model._meta.fields}} == set(
        BESIDE
    )


def test_its_files_and_its_number_elsewhere_go_with_it(cast, settings, tmp_path, django_capture_on_commit_callbacks):
    """What was imported can come in anew, and no file stays behind."""
    settings.MEDIA_ROOT = tmp_path
    account = AccountFactory(owner=cast.alice)
    with django_capture_on_commit_callbacks(execute=True):
        keep_uploads([(account, ContentFile(b"text", name="note.txt"), cast.alice)])
    kind = ContentType.objects.get_for_model(account)
    ExternalId.objects.create(system="zoho", external_id="1", content_type=kind, object_id=account.pk)
    bury(account, settings.BIN_DAYS + 1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()]
    with django_capture_on_commit_callbacks(execute=True):
        assert empty_bins() == 1
    assert not ExternalId.objects.filter(external_id="1").exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
