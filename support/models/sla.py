"""Service levels: which policy holds for a case, its versions, and the clocks that run by them."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import given, known, link, rule

METRIC_NAMES = {"first": _("First response"), "next": _("Next response"), "resolution": _("Resolution")}


class Policy(models.Model):
    """A service level: for which cases it holds, in the order in which the policies are asked.

    `conditions` is a list of {"field", "op", "value"} as assignment rules have it; all must hold, none holds always.
    What it promises stands in its versions; `current` is the one that new clocks go by.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    conditions = models.JSONField(_("conditions"), default=list, blank=True)
    is_default = models.BooleanField(_("used where no other holds"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)
    current = link("support.PolicyVersion", back="+", editable=False)

    class Meta:
        verbose_name = _("service level")
        verbose_name_plural = _("service levels")
        ordering = ["order", "id"]
        constraints = [
            rule("policy_name_given", given("name")),
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="policy_one_default"
            ),
        ]

    def __str__(self):
        return self.name


class PolicyVersion(models.Model):
    """What a policy promised from one day on; it never changes.

    `targets` is {metric: {priority as text: minutes}}, a missing one means no clock. `hours` are the working hours as
    they were: {"zone", "week": {"mon": [["09:00", "17:00"]]}, "days": {"2026-12-25": []}}, empty for clock time.
    `steps` is a list of {"key", "metric", "minutes", "business", "do", "value"}: what happens so many minutes before
    (negative) or after a clock falls due. Reopened within `reopen_days`, a resolution clock goes on, with at least
    `grace_minutes` left.
    """

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    calendar = link("core.Calendar", back="+")
    hours = models.JSONField(default=dict, blank=True)
    targets = models.JSONField(default=dict)
    steps = models.JSONField(default=list, blank=True)
    warn_percent = models.PositiveSmallIntegerField(_("warn at percent of the time"), default=75)
    reopen_days = models.PositiveSmallIntegerField(_("reopened within days, the clock goes on"), default=7)
    grace_minutes = models.PositiveIntegerField(_("minutes left at least when reopened"), default=60)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("version of a service level")
        verbose_name_plural = _("versions of service levels")
        ordering = ["policy", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_once"),
            rule("policy_warns_before_it_is_due", models.Q(warn_percent__range=(1, 100))),
        ]

    def __str__(self):
        return f"{self.policy} v{self.number}"


class Clock(models.Model):
    """One promise on one case: a metric of a version, its target in working seconds, and where it stands.

    `due_at` is empty while it is paused; `used_seconds` are those of the running segments that have ended, and
    remaining = target - used. `breached_at` is the true moment at which it broke, and stays. `over_seconds` are the
    working seconds by which it ended late. The sweep reads running clocks by `next_fire_at`, the next warning, breach
    or step. `replaces` is the clock that a change of priority or policy cancelled.
    """

    RUNNING, PAUSED, MET, BREACHED, CANCELLED = "running", "paused", "met", "breached", "cancelled"
    STATES = {
        RUNNING: _("Running"), PAUSED: _("Paused"), MET: _("Met"), BREACHED: _("Breached"), CANCELLED: _("Cancelled"),
    }  # fmt: skip

    case = models.ForeignKey("support.Case", models.CASCADE, related_name="clocks", db_index=False)
    metric = models.CharField(_("metric"), max_length=10, choices=METRIC_NAMES)
    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    priority = models.PositiveSmallIntegerField()
    state = models.CharField(_("state"), max_length=9, choices=STATES, default=RUNNING)
    target_seconds = models.PositiveIntegerField()
    used_seconds = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)
    next_fire_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    over_seconds = models.PositiveIntegerField(default=0)
    replaces = models.ForeignKey("self", models.SET_NULL, null=True, related_name="replaced_by")
    reason = models.CharField(max_length=200, blank=True)
    queue = models.ForeignKey("support.Queue", models.SET_NULL, null=True, related_name="+", db_index=False)
    team = models.ForeignKey("core.Team", models.SET_NULL, null=True, related_name="+", db_index=False)
    owner = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            rule("clock_metric_known", known("metric", METRIC_NAMES)),
            rule(
                "clock_state_whole",
                models.Q(state="running", due_at__isnull=False, stopped_at__isnull=True)
                | models.Q(state="paused", due_at__isnull=True, paused_at__isnull=False, stopped_at__isnull=True)
                | models.Q(state__in=["met", "breached", "cancelled"], stopped_at__isnull=False),
            ),
            rule("clock_target_positive", models.Q(target_seconds__gt=0)),
            models.UniqueConstraint(
                fields=["case", "metric"], condition=models.Q(state__in=["running", "paused"]), name="clock_one_live"
            ),
        ]
        indexes = [
            models.Index(fields=["case", "metric", "id"], name="clock_case_ix"),
            models.Index(fields=["next_fire_at"], name="clock_fire_ix", condition=models.Q(state="running")),
            models.Index(
                fields=["stopped_at"], name="clock_ended_ix", condition=models.Q(state__in=["met", "breached"])
            ),
        ]

    def __str__(self):
        return f"{self.get_metric_display()} · {self.case_id}"


class ClockSegment(models.Model):
    """A stretch of a clock's life: running or paused, from when to when, and why it began. Together they are whole."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="segments", db_index=False)
    state = models.CharField(max_length=7, choices={"running": _("Running"), "paused": _("Paused")})
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clock"], condition=models.Q(ended_at__isnull=True), name="clock_segment_one_open"
            ),
            rule(
                "clock_segment_in_order",
                models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("started_at")),
            ),
        ]
        indexes = [models.Index(fields=["clock", "started_at", "id"], name="clock_segment_ix")]


class ClockEvent(models.Model):
    """A warning, a breach or an escalation step of a clock, once each: when it was true, and when it was noticed."""

    WARNING, BREACH, STEP = "warning", "breach", "step"
    KINDS = {WARNING: _("Warning"), BREACH: _("Breach"), STEP: _("Escalation")}

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=7, choices=KINDS)
    step = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    noted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clock", "kind", "step"], name="clock_event_once")]
        indexes = [models.Index(fields=["-noted_at"], name="clock_event_noted_ix")]
