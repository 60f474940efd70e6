"""Queues, the states a case can be in, and the words and actions that agents keep ready."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import given, known, link, rule
from support.models.common import METRICS


class Queue(models.Model):
    """Where cases wait for somebody: its team, who works in it, how cases are given out, what happens when they end.

    `team` becomes the team of its cases. A customer's reply reopens a resolved case; a closed one for `reopen_days`
    after its end, later it begins a new case that follows the old one (0: always a new one, empty: always reopened).
    """

    MANUAL, ROUND_ROBIN, LEAST_LOADED, STICKY = "manual", "round_robin", "least_loaded", "sticky"
    MODES = {
        MANUAL: _("By hand"), ROUND_ROBIN: _("In turn"), LEAST_LOADED: _("Who has least to do"),
        STICKY: _("Who helped the customer last"),
    }  # fmt: skip

    name = models.CharField(_("name"), max_length=100, unique=True)
    team = link("core.Team", _("team"), "queues")
    mode = models.CharField(_("who gets a new case"), max_length=12, choices=MODES, default=MANUAL)
    calendar = link("core.Calendar", _("working hours"), "+")
    policy = link("support.Policy", _("service level"), "+", models.SET_NULL)
    close_days = models.PositiveSmallIntegerField(
        _("close resolved cases after days"), default=7, help_text=_("0: never by itself")
    )
    reopen_days = models.PositiveSmallIntegerField(_("a reply reopens a closed case for days"), null=True, default=14)
    asks_satisfaction = models.BooleanField(_("ask how satisfied the customer was"), default=True)
    in_portal = models.BooleanField(_("customers may choose it in the portal"), default=True)
    is_default = models.BooleanField(_("used where nothing else fits"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    cursor = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["order", "name"]
        constraints = [
            rule("queue_name_given", given("name")),
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="queue_one_default"
            ),
        ]

    def __str__(self):
        return self.name


class QueueMember(models.Model):
    """An agent of a queue: what they can do, how many open cases they take, until when they are away."""

    queue = models.ForeignKey(Queue, models.CASCADE, related_name="members", verbose_name=_("queue"))
    user = models.ForeignKey("core.User", models.CASCADE, related_name="queue_places", verbose_name=_("agent"))
    skills = ArrayField(models.CharField(max_length=50), default=list, blank=True, verbose_name=_("skills"))
    capacity = models.PositiveIntegerField(_("open cases at most"), null=True, blank=True)
    away_until = models.DateField(_("away until"), null=True, blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["queue", "user"], name="queue_member_once")]

    def __str__(self):
        return f"{self.user} · {self.queue}"


class Status(models.Model):
    """A state of a case; its category is what the house goes by, its name and portal wording are the company's.

    `pauses` names the clocks that stand still in it.
    """

    NEW, OPEN, WAITING, RESOLVED, CLOSED = "new", "open", "waiting", "resolved", "closed"
    CATEGORIES = {
        NEW: _("New"), OPEN: _("Open"), WAITING: _("Waiting"), RESOLVED: _("Resolved"), CLOSED: _("Closed"),
    }  # fmt: skip
    UNRESOLVED = (NEW, OPEN, WAITING)

    name = models.CharField(_("name"), max_length=60, unique=True)
    category = models.CharField(_("category"), max_length=8, choices=CATEGORIES)
    portal_name = models.CharField(_("as customers read it"), max_length=100, blank=True)
    pauses = ArrayField(
        models.CharField(max_length=10), default=list, blank=True, verbose_name=_("clocks that stand still")
    )
    is_default = models.BooleanField(_("the one of its category used by itself"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("status of cases")
        verbose_name_plural = _("statuses of cases")
        ordering = ["order", "id"]
        constraints = [
            rule("status_category_known", known("category", ("new", "open", "waiting", "resolved", "closed"))),
            rule("status_pauses_known", models.Q(pauses__contained_by=list(METRICS))),
            models.UniqueConstraint(
                fields=["category"], condition=models.Q(is_default=True), name="status_one_default"
            ),
        ]

    def __str__(self):
        return self.name


class CannedReply(models.Model):
    """A text kept ready, with placeholders such as {contact.first_name}; `shortcut` finds it in the composer."""

    name = models.CharField(_("name"), max_length=100)
    shortcut = models.CharField(_("shortcut"), max_length=30, unique=True)
    body = models.TextField(_("text"))
    team = link("core.Team", _("only for the team"), "+", models.CASCADE)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")
        ordering = ["name"]

    def __str__(self):
        return self.name


class Macro(models.Model):
    """Several changes and perhaps a reply by one click: `actions` is a list of {"do", "value"}."""

    name = models.CharField(_("name"), max_length=100)
    actions = models.JSONField(_("actions"), default=list)
    team = link("core.Team", _("only for the team"), "+", models.CASCADE)
    is_active = models.BooleanField(_("in use"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        ordering = ["order", "name"]

    def __str__(self):
        return self.name


class CaseField(models.Model):
    """One more thing that is asked of a kind of request; its answers stand in the case's `details` under `key`."""

    TEXT, NUMBER, DATE, CHOICE, YES_NO = "text", "number", "date", "choice", "yes_no"
    KINDS = {TEXT: _("Text"), NUMBER: _("Number"), DATE: _("Day"), CHOICE: _("One of a list"), YES_NO: _("Yes or no")}

    label = models.CharField(_("question"), max_length=100)
    key = models.SlugField(_("key"), max_length=40, unique=True, help_text=_("In files and in the history; it stays."))
    type = models.CharField(_("asked of"), max_length=10, blank=True, help_text=_("Empty: every kind of request"))
    kind = models.CharField(_("kind of answer"), max_length=6, choices=KINDS, default=TEXT)
    choices = ArrayField(
        models.CharField(max_length=100), default=list, blank=True, verbose_name=_("what may be chosen"),
        help_text=_("Separated by commas."),
    )  # fmt: skip
    required = models.BooleanField(_("must be answered"), default=False)
    help = models.CharField(_("help"), max_length=200, blank=True)
    in_portal = models.BooleanField(_("customers are asked"), default=True)
    is_active = models.BooleanField(_("in use"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("field of cases")
        verbose_name_plural = _("fields of cases")
        ordering = ["order", "id"]
        constraints = [
            rule("case_field_kind_known", known("kind", ("text", "number", "date", "choice", "yes_no"))),
        ]

    def __str__(self):
        return self.label


class Draft(models.Model):
    """What an agent has begun to write on a case; kept until it is sent."""

    case = models.ForeignKey("support.Case", models.CASCADE, related_name="drafts")
    user = models.ForeignKey("core.User", models.CASCADE, related_name="+")
    body = models.TextField(blank=True)
    is_note = models.BooleanField(default=False)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="draft_once")]


class DraftFile(models.Model):
    """A file that goes with what an agent has begun to write; it becomes the case's own when that is sent."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    file = models.FileField(upload_to="drafts/%Y/%m/%d", max_length=200)


class Presence(models.Model):
    """Who has a case open now, and who is writing; a row older than a minute says nothing any more."""

    case = models.ForeignKey("support.Case", models.CASCADE, related_name="presences")
    user = models.ForeignKey("core.User", models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(default=timezone.now)
    typing_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="presence_once")]
        indexes = [models.Index(fields=["seen_at"], name="presence_seen_ix")]
