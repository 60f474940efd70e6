"""Who gets a lead: ordered rules, their members, and each decision with its reasons."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import link, rule
from crm_site.core.tracking import track


@track("cursor")
class AssignmentRule(models.Model):
    """A rule of the list: the first active one whose conditions all hold decides.

    `conditions` is a list of {"field", "op", "value"}; no conditions hold always. `cursor` is the place of the member
    who got the last lead; it is read and written under a lock.
    """

    name = models.CharField(_("name"), max_length=100)
    order = models.PositiveSmallIntegerField(_("order"))
    is_active = models.BooleanField(_("in use"), default=True)
    conditions = models.JSONField(_("conditions"), default=list, blank=True)
    team = link("core.Team", _("queue when nobody is free"), "+", models.SET_NULL)
    respond_minutes = models.PositiveIntegerField(_("first answer within working minutes"), null=True, blank=True)
    escalate_minutes = models.PositiveIntegerField(_("escalate after working minutes"), null=True, blank=True)
    escalate_to = link("core.User", _("escalate to"), "+", models.SET_NULL)
    cursor = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("assignment rule")
        verbose_name_plural = _("assignment rules")
        ordering = ["order", "id"]

    def __str__(self):
        return self.name


@track()
class RuleMember(models.Model):
    """Somebody to whom a rule gives leads, in turn. Hours are in the user's own zone, on working days."""

    rule = models.ForeignKey(AssignmentRule, models.CASCADE, related_name="members")
    user = models.ForeignKey("core.User", models.CASCADE, related_name="+", verbose_name=_("user"))
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    capacity = models.PositiveIntegerField(_("open leads at most"), null=True, blank=True)
    away_until = models.DateField(_("away until"), null=True, blank=True)
    hours_from = models.TimeField(_("works from"), null=True, blank=True)
    hours_to = models.TimeField(_("works until"), null=True, blank=True)

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "user"], name="rule_member_once"),
            rule(
                "rule_member_hours_in_order",
                models.Q(hours_from__isnull=True, hours_to__isnull=True)
                | models.Q(hours_from__lt=models.F("hours_to")),
            ),
        ]


class AssignmentDecision(models.Model):
    """How a lead came to its owner: the rule that fitted, the rules that did not, the members who were passed over."""

    lead = models.ForeignKey("sales.Lead", models.CASCADE, related_name="decisions")
    rule = models.ForeignKey(AssignmentRule, models.SET_NULL, null=True, related_name="+")
    rule_name = models.CharField(max_length=100, blank=True)
    owner = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")
    why = models.CharField(max_length=500, blank=True)
    rejected = models.JSONField(default=list)
    skipped = models.JSONField(default=list)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["lead", "-id"], name="decision_lead_ix"),
            models.Index(fields=["-at"], name="decision_at_ix"),
        ]
