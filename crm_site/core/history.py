"""History: every change of a record, kept by database triggers, read back as sentences."""

import pghistory
import pgtrigger
from django.apps import apps
from django.db import models
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pghistory.models import Event

from crm_site.core.kinds import KINDS
from crm_site.core.models import User

# Columns that change with every write and say nothing to a reader.
SILENT = {"changed_at", "changed_by", "version", "created_at", "created_by", "id", "deleted_by"}
DOORS = {
    "web": gettext_lazy("in the browser"), "import": gettext_lazy("by an import"),
    "admin": gettext_lazy("in the administration"), "worker": gettext_lazy("by a background job"),
    "demo": gettext_lazy("with the demo data"),
}  # fmt: skip


class HistoryEvent(Event):
    """What every event table is built on: ids that a busy company does not use up."""

    pgh_id = models.BigAutoField(primary_key=True)

    class Meta:
        abstract = True


def track(*extra):
    """The class decorator of a record: an event table that triggers fill on insert, update and delete.

    Columns that the database generates, and those named in `extra`, are left out. One statement writes the events of
    one statement, however many rows it touched.
    """

    def decorate(model):
        exclude = [field.name for field in model._meta.fields if field.generated or field.name in extra]
        name = model.__name__.lower()[:18]
        return pghistory.track(
            pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(),
            exclude=exclude,
            obj_field=pghistory.ObjForeignKey(
                on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="events"
            ),
            context_field=pghistory.ContextForeignKey(null=True, db_index=False),
            model_name=f"{model.__name__}Event",
            base_model=HistoryEvent,
            meta={"indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name=f"{name}_event_ix")]},
            level=pgtrigger.Statement,
        )(model)  # fmt: skip

    return decorate


def events_of(record):
    """The record's events, newest first."""
    model = type(record)._meta.get_field("events").related_model
    return model.objects.filter(pgh_obj_id=record.pk).select_related("pgh_context").order_by("-pgh_id")


def entries(record, user, limit=20, before=None):
    """(entries, id to go on from or None): who changed what, when and how, newest first.

    An entry is a dict of at, by, operation, door and sentences; four statements, however many entries.
    """
    rows = events_of(record)
    if before:
        rows = rows.filter(pgh_id__lte=before)
    found = list(rows[: limit + 1])
    pairs = list(zip(found, [*found[1:], None], strict=False))[:limit]
    names = names_of(found, user)
    people = {u.pk: u for u in User.objects.filter(pk__in={actor(e) for e, _before in pairs} - {None})}
    made = [entry(event, earlier, names, people) for event, earlier in pairs]
    return made, found[limit].pgh_id if len(found) > limit else None


def actor(event):
    """The id of the user who acted, or None for the system."""
    return event.pgh_context.metadata.get("user") if event.pgh_context else None


def entry(event, earlier, names, people):
    """One event in words."""
    context = event.pgh_context.metadata if event.pgh_context else {}
    return {
        "at": event.pgh_created_at,
        "by": people.get(context.get("user")),
        "operation": str(context.get("operation", "")).replace("_", " "),
        "door": DOORS.get(context.get("door"), DOORS["worker"] if context else ""),
        "sentences": sentences(event, earlier, names),
    }


def sentences(event, earlier, names):
    """What an event changed, each field as a sentence."""
    if event.pgh_label == "insert" or earlier is None:
        return [_("Created.")] if event.pgh_label == "insert" else [_("Changed; nothing earlier is kept.")]
    if event.pgh_label == "delete":
        return [_("Removed for good.")]
    found = []
    for field in type(event)._meta.get_field("pgh_obj").related_model._meta.fields:
        if field.name in SILENT or field.generated or not hasattr(event, field.attname):
            continue
        old, new = getattr(earlier, field.attname), getattr(event, field.attname)
        if old != new:
            found.append(sentence(field, shown(field, old, names), shown(field, new, names), new))
    return found or [_("Saved again.")]


def sentence(field, old, new, value):
    """One field's change in words."""
    if field.name == "deleted_at":
        return _("Put into the bin.") if value else _("Taken out of the bin.")
    words = {"field": str(field.verbose_name).capitalize(), "old": old, "new": new}
    if not old:
        return _("%(field)s set to “%(new)s”.") % words
    if not new:
        return _("%(field)s “%(old)s” removed.") % words
    return _("%(field)s changed from “%(old)s” to “%(new)s”.") % words


def shown(field, value, names):
    """A stored value as a reader knows it."""
    if value is None or value == "" or value == []:
        return ""
    if field.is_relation:
        return names.get((field.related_model, value), _("something not visible to you"))
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, item.values())) if isinstance(item, dict) else str(item) for item in value)
    if field.get_internal_type() == "DateTimeField":
        return formats.date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if field.get_internal_type() == "DateField":
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    return str(value)


def names_of(events, user):
    """{(model, id): text} of what the events point at, through the gate; one statement a model."""
    wanted = {}
    for event in events:
        for field in type(event)._meta.fields:
            if field.is_relation and not field.name.startswith("pgh_") and getattr(event, field.attname):
                wanted.setdefault(field.related_model, set()).add(getattr(event, field.attname))
    found = {}
    for model, ids in wanted.items():
        kind = KINDS.get(model._meta.label_lower)
        rows = model.objects.visible_to(user) if kind else model._base_manager.all()
        found |= {(model, row.pk): str(row) for row in rows.filter(pk__in=ids)}
    return found


def as_of(record, moment):
    """The record's fields as they were at a moment, as {field: value}; None when it did not exist yet or any more."""
    event = events_of(record).filter(pgh_created_at__lte=moment).first()
    if event is None or event.pgh_label == "delete":
        return None
    fields = type(record)._meta.fields
    return {field: getattr(event, field.attname) for field in fields if hasattr(event, field.attname)}


def event_models():
    """All models that hold history, for the guards and the demo data's removal."""
    return [model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")]
