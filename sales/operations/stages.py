"""Operations on pipelines and their stages: administrators' work."""

from django.core.exceptions import PermissionDenied
from django.db.models import ProtectedError, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import operation, refuse, write_many
from sales.models import Opportunity, Pipeline, Stage


def check_administrator(by):
    """Only administrators arrange pipelines."""
    if by is not None and not by.is_superuser:
        raise PermissionDenied


def deals_in(stage):
    """The deals in a stage, those in the bin included."""
    return Opportunity.objects.unscoped("a stage goes for everybody").filter(stage=stage)


@operation
def save_stage(stage, *, by):
    """Save a new or changed stage. Won and lost stages get their fixed probability and category.

    Open deals whose probability or category was not set by hand follow, by one statement.
    """
    check_administrator(by)
    unknown = set(stage.required) - {field.name for field in Opportunity._meta.fields if field.editable}
    if unknown:
        refuse(_("A deal has no field %(names)s.") % {"names": ", ".join(sorted(unknown))}, "required")
    if stage.state != Stage.OPEN:
        won = stage.state == Stage.WON
        stage.probability, stage.category, stage.required = (100, "closed", []) if won else (0, "lost", [])
    earlier = Stage.objects.filter(pk=stage.pk).first()
    if earlier and earlier.state != stage.state and deals_in(earlier).exists():
        refuse(_("Deals are in this stage; move them to another one before it means something else."), "state")
    if earlier and not stage.is_active and deals_in(earlier).filter(state=Stage.OPEN).exists():
        refuse(_("Open deals are in this stage; remove it instead and say where they go."), "is_active")
    stage.save()
    if earlier and stage.state == Stage.OPEN:
        for name in ("probability", "category"):
            rows = deals_in(stage).filter(state=Stage.OPEN, **{f"{name}_by_hand": False})
            write_many(rows.exclude(**{name: getattr(stage, name)}), {name: getattr(stage, name)}, by=by)
    return stage


@operation
def remove_stage(stage, replacement, *, by):
    """Take a stage away; its deals go to the replacement, which means the same (open, won or lost).

    Returns how many deals moved. A stage that the deals' history speaks of is retired instead: nobody sees it among
    the stages any more, the past keeps its name. Raises Refused when deals are in it and no replacement is given.
    """
    check_administrator(by)
    current = Stage.objects.select_for_update().get(pk=stage.pk)
    rows = deals_in(current)
    moved = move_all(current, replacement, rows, by) if rows.exists() else 0
    others = Stage.objects.filter(pipeline=current.pipeline_id, state=current.state, is_active=True)
    if not others.exclude(pk=current.pk).exists():
        refuse(_("A pipeline needs at least one stage of each meaning."))
    try:
        current.delete()
    except ProtectedError:
        Stage.objects.filter(pk=current.pk).update(is_active=False)
    return moved


def move_all(stage, replacement, rows, by):
    """Put all deals of a stage into another one by one statement; returns how many."""
    if replacement is None or replacement.pk == stage.pk:
        refuse(_("Deals are in this stage: choose the stage that they go to."), "replacement")
    if replacement.state != stage.state or not replacement.is_active:
        refuse(_("The replacement has to be in use and mean the same: open, won or lost."), "replacement")
    values = {"stage": replacement, "pipeline": replacement.pipeline, "stage_since": timezone.now()}
    follows = Q(probability_by_hand=False) & ~Q(probability=replacement.probability)
    moved = write_many(rows, values, by=by)
    placed = deals_in(replacement).filter(state=Stage.OPEN)
    write_many(placed.filter(follows), {"probability": replacement.probability}, by=by)
    follows = Q(category_by_hand=False) & ~Q(category=replacement.category)
    write_many(placed.filter(follows), {"category": replacement.category}, by=by)
    return moved


@operation
def save_pipeline(pipeline, *, by):
    """Save a pipeline; the one for new deals is the only one of its kind."""
    check_administrator(by)
    if pipeline.is_default:
        Pipeline.objects.filter(is_default=True).exclude(pk=pipeline.pk).update(is_default=False)
    pipeline.save()
    return pipeline
