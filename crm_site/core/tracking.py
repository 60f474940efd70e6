"""Tracking: which models have a history, and how the database keeps it."""

import pghistory
import pgtrigger
from django.db import models
from pghistory.models import Event


class HistoryEvent(Event):
    """What every event table is built on: ids that a busy company does not use up."""

    pgh_id = models.BigAutoField(primary_key=True)

    class Meta:
        abstract = True


def track(*extra, found_by="pgh_obj"):
    """The class decorator of a record: an event table that triggers fill on insert, update and delete.

    Columns that the database generates, and those named in `extra`, are left out. One statement writes the events of
    one statement, however many rows it touched. `found_by` is the column by which events are asked for: the record, or
    what the record is a part of.
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
            meta={"indexes": [models.Index(fields=[found_by, "-pgh_id"], name=f"{name}_event_ix")]},
            level=pgtrigger.Statement,
        )(model)  # fmt: skip

    return decorate
