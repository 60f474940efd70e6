"""Pipelines and their stages, and why deals are lost: what an administrator arranges."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import given, rule

OMITTED, PIPELINE, BEST, COMMIT, CLOSED, LOST = "omitted", "pipeline", "best", "commit", "closed", "lost"
# Forecast categories, from the least to the most certain; lost deals stand outside.
CATEGORIES = {
    OMITTED: _("Omitted"), PIPELINE: _("Pipeline"), BEST: _("Best case"), COMMIT: _("Commit"), CLOSED: _("Closed"),
    LOST: _("Lost"),
}  # fmt: skip


class Pipeline(models.Model):
    """A way that deals go, from the first stage to won or lost."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    is_default = models.BooleanField(_("used for new deals"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="pipeline_one_default"
            )
        ]

    def __str__(self):
        return self.name


class Stage(models.Model):
    """A step of a pipeline. Won stages have a probability of 100 and lost ones of 0, whatever else is set.

    `required` names fields of an opportunity that must be filled to enter; `expected_days` is how long a deal stays
    before it counts as stuck. A stage that deals were in once is not removed but retired (`is_active`).
    """

    OPEN, WON, LOST = "open", "won", "lost"
    STATES = {OPEN: _("Open"), WON: _("Won"), LOST: _("Lost")}
    COLOURS = {
        "grey": _("Grey"), "blue": _("Blue"), "azure": _("Azure"), "green": _("Green"), "yellow": _("Yellow"),
        "orange": _("Orange"), "red": _("Red"),
    }  # fmt: skip

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages", verbose_name=_("pipeline"))
    name = models.CharField(_("name"), max_length=100)
    order = models.PositiveSmallIntegerField(_("order"))
    state = models.CharField(_("means"), max_length=4, choices=STATES, default=OPEN)
    probability = models.PositiveSmallIntegerField(_("probability, %"), default=0)
    category = models.CharField(_("forecast category"), max_length=10, choices=CATEGORIES, default=PIPELINE)
    expected_days = models.PositiveSmallIntegerField(_("expected days"), null=True, blank=True)
    required = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, verbose_name=_("fields needed to enter")
    )
    guidance = models.TextField(_("guidance"), blank=True)
    colour = models.CharField(_("colour"), max_length=10, choices=COLOURS, default="blue")
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["pipeline", "order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="stage_name_once"),
            rule("stage_name_given", given("name")),
            rule(
                "stage_state_fixes_probability",
                models.Q(state="open", probability__lte=100,
                                   category__in=["omitted", "pipeline", "best", "commit"])
                | models.Q(state="won", probability=100, category="closed")
                | models.Q(state="lost", probability=0, category="lost"),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name


class LossReason(models.Model):
    """Why deals are lost, as a list to choose from; some need a note."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    needs_note = models.BooleanField(_("needs a note"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("loss reason")
        verbose_name_plural = _("loss reasons")
        ordering = ["order", "name"]

    def __str__(self):
        return self.name
