"""Emptying the bins: what was deleted so long ago that nobody wants it back goes for good."""

from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, router, transaction
from django.db.models.deletion import Collector
from django.utils import timezone

from crm_site.core.attachments import drop_stored
from crm_site.core.kinds import KINDS
from crm_site.core.models import Attachment, ExternalId, PendingLink, Record, Share
from crm_site.core.operations import operation

PIECE = 200
# What hangs on records of any kind; apps add their own.
BESIDE = [Attachment, ExternalId, PendingLink, Share]


def empty_bins(now=None):
    """Remove what was deleted more than BIN_DAYS ago, a piece at a time; returns how many records went.

    What something living stands on, what money or law needs and what a ledger tells of stays in its bin: the database
    and the links refuse it. Its history stays and says when it went; erasing a person is another matter.
    """
    before, gone = (now or timezone.now()) - timedelta(days=settings.BIN_DAYS), 0
    for kind in KINDS.values():
        after = 0
        while after is not None:
            after, went = empty_piece(kind.model, before, after, by=None)
            gone += went
    return gone


@operation
def empty_piece(model, before, after, *, by):
    """(the last id looked at, None at the end; how many went) of the next records by id; held ones are left."""
    rows = model.objects.unscoped("bins are emptied for all").filter(deleted_at__lt=before, pk__gt=after)
    found = list(rows.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:PIECE])
    went = sum(map(purged, found))
    return (found[-1].pk if len(found) == PIECE else None), went


def purged(record):
    """Whether the record could go with all that is only its own."""
    collector = Collector(using=router.db_for_write(type(record)), origin=record)
    try:
        with transaction.atomic():
            collector.collect([record])
            if takes_living(collector):
                return False
            clear_beside(record)
            collector.delete()
    except (models.ProtectedError, models.RestrictedError, IntegrityError):
        return False
    return True


def clear_beside(record):
    """Forget what points to a record by its kind and number, and what is stored of its files."""
    about = {"content_type": ContentType.objects.get_for_model(type(record)), "object_id": record.pk}
    drop_stored([row.file for row in Attachment.objects.filter(**about)])
    for model in BESIDE:
        model.objects.filter(**about).delete()


def takes_living(collector):
    """Whether a record would go too that nobody deleted."""
    whole = (row for rows in collector.data.values() for row in rows)
    some = (row for rows in collector.fast_deletes if issubclass(rows.model, Record) for row in rows.iterator())
    return any(isinstance(row, Record) and row.deleted_at is None for part in (whole, some) for row in part)
