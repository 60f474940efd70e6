"""Take an import back: what it made goes into the bin, what it changed gets its earlier values again."""

from django.utils import timezone

from crm_site.core.models import ExternalId, ImportChange, Job, PendingLink
from crm_site.core.operations import write_many

from .apply import state
from .links import content_type
from .plan import UNDO
from .registry import IMPORTERS, importer_of

CHUNK = 500


def can_undo(job, user):
    """Whether the user may take this import back now."""
    return job.kind == "import" and job.user_id == user.pk and job.state == Job.DONE and not job.options.get("undone")


def start_undo(job):
    """Hand a finished import to the workers to be taken back."""
    job.options = job.options | {"phase": UNDO}
    job.state, job.position, job.finished_at, job.lease_until = Job.WAITING, 0, None, None
    job.save(update_fields=["options", "state", "position", "finished_at", "lease_until"])


def undo_some(job):
    """One piece: first the made records, then the changed ones; True when nothing is left."""
    undone = job.counts.setdefault("undone", {"binned": 0, "restored": 0, "kept": 0})
    made = list(ExternalId.objects.filter(job=job).select_related("content_type").order_by("-id")[:CHUNK])
    if made:
        unmake(made, job, undone)
        return False
    changes = list(ImportChange.objects.filter(job=job).order_by("-id")[:CHUNK])
    for change in changes:
        give_back(change, job, undone)
    ImportChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
    if changes:
        return False
    job.options = job.options | {"undone": True}
    return True


def unmake(rows, job, undone):
    """Put the records that an import made into the bin, and forget their ids so that they can come again.

    What was made last goes first: an entry about somebody before the person.
    """
    for kind in dict.fromkeys(row.content_type for row in rows):
        model, ids = kind.model_class(), [row.object_id for row in rows if row.content_type_id == kind.pk]
        importer = importer_of(model._meta.label_lower)
        if importer and importer.delete:
            number = importer.delete(ids, by=job.user)
        elif hasattr(model.objects, "visible_to"):
            found = model.objects.visible_to(job.user, "delete").filter(pk__in=ids)
            values = {"deleted_at": timezone.now(), "deleted_by": job.user}
            number = write_many(
                model.objects.filter(pk__in=list(found.values_list("pk", flat=True))), values, by=job.user
            )
        else:
            number = model.objects.filter(pk__in=ids).update(is_active=False)
        undone["binned"] += number
        undone["kept"] += len(ids) - number
        PendingLink.objects.filter(content_type=kind, object_id__in=ids).delete()
    ExternalId.objects.filter(pk__in=[row.pk for row in rows]).delete()


def give_back(change, job, undone):
    """Restore the fields of one record that still hold what the import wrote."""
    importer = IMPORTERS[job.options["importer"]]
    record = importer.visible(job.user, "change").filter(pk=change.object_id).first()
    now = state(record, importer) if record else {}
    values = {
        name: value for name, value in change.before.items() if name in now and now[name] == change.after.get(name)
    }
    if not values:
        undone["kept"] += 1
        return
    importer.update(record, as_values(importer.model, values), job.user)
    ExternalId.objects.filter(content_type=content_type(importer.model), object_id=change.object_id).update(digest="")
    undone["restored"] += 1


def as_values(model, stored):
    """Field values from what `state` kept: links as records."""
    found = {}
    for attname, value in stored.items():
        field = next((field for field in model._meta.concrete_fields if field.attname == attname), None)
        if field is None:
            found[attname] = value
        elif field.is_relation:
            found[field.name] = field.related_model._base_manager.filter(pk=value).first() if value else None
        else:
            found[field.name] = value if value is None else field.to_python(value)
    return found
