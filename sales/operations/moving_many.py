"""Moving many deals to another stage, as a job of the kit: by one statement a piece, taken back like other changes."""

from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from crm_site.core import bulk
from sales.models import Stage
from sales.operations.opportunities import GIVEN

COLUMNS = ("stage_id", "pipeline_id", "stage_since", *GIVEN)


def move_rows(job, kind, rows):
    """Put the open deals among the rows into the job's stage; those that lack what it needs are left and counted.

    Probability and category follow the stage where they were not set by hand.
    """
    stage = Stage.objects.get(pk=job.options["values"]["stage_id"], state=Stage.OPEN, is_active=True)
    movable = rows.filter(state=Stage.OPEN).exclude(stage=stage)
    for name in stage.required:
        field = kind.model._meta.get_field(name)
        empty = Q(**{f"{name}__isnull": True})
        if field.get_internal_type() in ("CharField", "TextField"):
            empty |= Q(**{name: ""})
        movable = movable.exclude(empty)
    values = {"stage": stage, "pipeline": stage.pipeline, "stage_since": timezone.now()}
    for name in GIVEN:
        field = kind.model._meta.get_field(name)
        kept = When(**{f"{name}_by_hand": True}, then=F(name))
        values[name] = Case(kept, default=Value(getattr(stage, name)), output_field=field)
    left = rows.filter(state=Stage.OPEN).exclude(stage=stage).count() - movable.count()
    if left:
        bulk.count(job, refused=left)
    return len(bulk.change(job, kind, movable, COLUMNS, values))


bulk.CHANGES["move"] = bulk.Change("change", move_rows)
