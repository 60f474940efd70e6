"""Activities: calls, e-mails, text messages, meetings, notes and tasks; and what other apps put on the timeline."""

import pgtrigger
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Fold, Record, alive, given, link, list_indexes, rule
from crm_site.core.tracking import track


def on_top():
    """The condition that a row stands above a timeline: it is pinned, or still to be done."""
    return models.Q(is_pinned=True) | models.Q(status="open")


# What stands on the timelines of further records goes there by the activity's own time.
LINKS_FOLLOW = """
    UPDATE customers_activitylink SET kind = NEW.kind, at = NEW.at, on_top = NEW.is_pinned OR NEW.status = 'open'
    WHERE activity_id = NEW.id;
    RETURN NULL;
"""


@track("followed_owner", "followed_team", "reminded_at")
class Activity(Record):
    """One interaction or task; the one table behind every timeline.

    `at` is when it happened, or for what is still to be done when it is due: every sort goes by it. It belongs to one
    record (`regarding_type`, `regarding_id`), and counts for a contact, an account and a customer, whose timelines are
    read by those keys. `followed_owner` and `followed_team` are the owner and the team of the record it belongs to:
    who may see that may read this, unless it is private.
    """

    CALL, EMAIL, SMS, MEETING = "call", "email", "sms", "meeting"
    NOTE, TASK, EVENT = "note", "task", "event"
    KINDS = {
        CALL: _("Call"), EMAIL: _("E-mail"), SMS: _("SMS"), MEETING: _("Meeting"), NOTE: _("Note"), TASK: _("Task"),
        EVENT: _("Event"),
    }  # fmt: skip
    IN, OUT = "in", "out"
    DIRECTIONS = {"": "—", IN: _("Inbound"), OUT: _("Outbound")}
    OPEN, DONE, CANCELLED = "open", "done", "cancelled"
    STATUSES = {OPEN: _("Open"), DONE: _("Done"), CANCELLED: _("Cancelled")}
    PRIORITIES = {1: _("High"), 2: _("Normal"), 3: _("Low")}
    REPEATS = {
        "": _("Never"),
        "daily": _("Every day"),
        "weekly": _("Every week"),
        "monthly": _("Every month"),
        "yearly": _("Every year"),
    }

    NUMBER_PREFIX = "T"
    LABEL_FIELDS = ("subject",)
    OWNER_FIELDS = ("owner", "followed_owner")
    TEAM_FIELDS = ("team", "followed_team")
    PRIVATE_FIELD = "is_private"

    kind = models.CharField(_("kind"), max_length=10, choices=KINDS)
    direction = models.CharField(_("direction"), max_length=3, choices=DIRECTIONS, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default=DONE)
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("notes"), blank=True)
    at = models.DateTimeField(_("when"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    duration = models.PositiveIntegerField(_("minutes"), null=True, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=100, blank=True)
    place = models.CharField(_("place"), max_length=200, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=PRIORITIES, default=2)
    repeats = models.CharField(_("repeats"), max_length=10, choices=REPEATS, blank=True)
    repeats_by_date = models.BooleanField(_("comes again on its day, done or not"), default=False, db_default=False)
    remind_at = models.DateTimeField(_("remind me"), null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, editable=False)
    is_private = models.BooleanField(_("private"), default=False)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    regarding_type = link(ContentType, back="+", db_index=False)
    regarding_id = models.BigIntegerField(null=True, blank=True)
    contact = link("customers.Contact", _("contact"), "activities", models.SET_NULL, db_index=False)
    account = link("customers.Account", _("account"), "activities", models.SET_NULL, db_index=False)
    customer = link("customers.Customer", _("customer"), "activities", models.SET_NULL, db_index=False)
    followed_owner = models.ForeignKey(
        "core.User", models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )
    followed_team = models.ForeignKey(
        "core.Team", models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )
    search_text = models.GeneratedField(
        expression=Fold(Concat("subject", models.Value(" "), "outcome", output_field=models.TextField())),
        output_field=models.TextField(db_collation="C"), db_persist=True,
    )  # fmt: skip

    class Meta(Record.Meta):
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        constraints = [
            rule("activity_subject_given", given("subject")),
            rule(
                "activity_kind_known", models.Q(kind__in=["call", "email", "sms", "meeting", "note", "task", "event"])
            ),
            rule("activity_status_known", models.Q(status__in=["open", "done", "cancelled"])),
            rule(
                "activity_regarding_whole",
                models.Q(regarding_type__isnull=True, regarding_id__isnull=True)
                | models.Q(regarding_type__isnull=False, regarding_id__isnull=False),
            ),
        ]
        indexes = [
            *list_indexes("activity", "-at"),
            models.Index(fields=["followed_owner", "-at", "-id"], name="activity_fowner_ix", condition=alive()),
            models.Index(fields=["followed_team", "-at", "-id"], name="activity_fteam_ix", condition=alive()),
            models.Index(fields=["customer", "-at", "-id", "kind"], name="activity_customer_ix"),
            models.Index(fields=["account", "-at", "-id", "kind"], name="activity_account_ix"),
            models.Index(fields=["contact", "-at", "-id", "kind"], name="activity_contact_ix"),
            models.Index(fields=["regarding_type", "regarding_id", "-at", "-id"], name="activity_regarding_ix"),
            # Few are open; each way to see one finds them in their order.
            *(
                models.Index(fields=[who, "at", "id"], name=name, condition=alive() & models.Q(status="open"))
                for who, name in {"owner": "activity_todo_ix", "team": "activity_team_todo_ix",
                                  "followed_owner": "activity_fowner_todo_ix",
                                  "followed_team": "activity_fteam_todo_ix"}.items()
            ),
            models.Index(
                fields=["remind_at"], name="activity_remind_ix",
                condition=models.Q(remind_at__isnull=False, reminded_at__isnull=True, status="open"),
            ),
            models.Index(
                fields=["at"], name="activity_again_ix",
                condition=alive() & models.Q(status="open", repeats_by_date=True) & ~models.Q(repeats=""),
            ),
            GinIndex(fields=["search_text"], name="activity_search_ix", opclasses=["gin_trgm_ops"], condition=alive()),
            # What stands above a timeline: few rows, found without walking along all the others.
            *(
                models.Index(fields=[key, "at", "id"], name=f"activity_{key}_top_ix", condition=on_top())
                for key in ("customer", "account", "contact")
            ),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Trigger(
                name="links_follow", when=pgtrigger.After, func=LINKS_FOLLOW,
                operation=pgtrigger.UpdateOf("kind", "at", "status", "is_pinned"),
                condition=pgtrigger.AnyChange("kind", "at", "status", "is_pinned"),
            )
        ]  # fmt: skip

    def __str__(self):
        return self.subject

    @property
    def regarding(self):
        """The record that it belongs to, as [(kind, id)]."""
        model = self.regarding_id and ContentType.objects.get_for_id(self.regarding_type_id).model_class()
        return [(model._meta.label_lower, self.regarding_id)] if model else []

    @property
    def seconds(self):
        """The duration in seconds, as other systems count it; None when it is not known."""
        return None if self.duration is None else self.duration * 60


@track("kind", "at", "on_top", found_by="activity")
class ActivityLink(models.Model):
    """A further record that an activity is about, beside the one it belongs to; it stands on that one's timeline, too.

    `kind`, `at` and `on_top` are the activity's, and a trigger keeps them so: a timeline is a walk along one index of
    this table, however many activities are about a record.
    """

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="links")
    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+", db_index=False)
    object_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, editable=False)
    at = models.DateTimeField(editable=False)
    on_top = models.BooleanField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["content_type", "object_id", "activity"], name="activity_link_once")
        ]
        indexes = [
            models.Index(
                fields=["content_type", "object_id", "on_top", "-at", "-activity", "kind"],
                name="activity_link_order_ix",
            )
        ]

    def __str__(self):
        return f"{self.content_type.model}:{self.object_id}"


@track("invite_due", "invited_at", found_by="activity")
class Participant(models.Model):
    """Who took part in an activity: a contact or a user, and their answer to an invitation.

    `invite_due` is the outbox of invitations: a sweep sends those whose time has come and notes `invited_at`.
    """

    ANSWERS = {"": "—", "accepted": _("Accepted"), "declined": _("Declined"), "tentative": _("Maybe")}

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="participants")
    contact = link("customers.Contact", back="participations", on_delete=models.CASCADE)
    user = link("core.User", back="+", on_delete=models.CASCADE)
    answer = models.CharField(_("answer"), max_length=10, choices=ANSWERS, blank=True)
    answered_at = models.DateTimeField(null=True, editable=False)
    invite_due = models.DateTimeField(null=True, editable=False)
    invited_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["invite_due"], name="participant_due_ix", condition=models.Q(invite_due__isnull=False)
            ),
        ]
        constraints = [
            rule(
                "participant_contact_or_user",
                models.Q(contact__isnull=False, user__isnull=True) | models.Q(contact__isnull=True, user__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["activity", "contact", "user"], nulls_distinct=False, name="participant_once"
            ),
        ]

    def __str__(self):
        return str(self.contact or self.user)


class CalendarFeed(models.Model):
    """The secret address under which a user's calendar program reads their meetings; only its hash is kept."""

    user = models.OneToOneField("core.User", models.CASCADE, related_name="calendar_feed")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return str(self.user)
