"""Cases: what customers ask of us, the messages about it, and who follows it."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import (
    Record,
    alive,
    folded,
    given,
    known,
    link,
    list_indexes,
    rule,
    search_index,
    seldom_given,
)
from crm_site.core.tracking import track
from support.models.common import NEVER
from support.models.queue import Status

# A case that went into another one is read-only until the merge is taken back.
MERGED_CASE = """
    IF OLD.merged_into_id IS NOT NULL AND NEW.merged_into_id IS NOT NULL AND (
        NEW.subject, NEW.contact_id, NEW.customer_id, NEW.status_id, NEW.priority, NEW.queue_id
    ) IS DISTINCT FROM (
        OLD.subject, OLD.contact_id, OLD.customer_id, OLD.status_id, OLD.priority, OLD.queue_id
    ) AND coalesce(current_setting('kith.erasing', true), '') = '' THEN
        RAISE EXCEPTION 'a merged case is read-only'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_merged_is_read_only';
    END IF;
    RETURN NEW;
"""


SELDOM = ("product", "installed", "entitlement", "sale", "partner", "parent", "follows", "merged_into", "issue",
          "policy")  # fmt: skip


@track(
    "due_at",
    "due_metric",
    "warn_at",
    "breached",
    "waiting_since",
    "last_message_at",
    "last_customer_at",
    "last_agent_at",
    "message_count",
    "policy_why",
)
class Case(Record):
    """Something a customer asked of us. `owner` is the agent who has it, `team` follows the queue.

    `category` is the status's own, kept beside it. `due_at` is the earliest moment at which a running clock falls due,
    of the metric `due_metric`; NEVER when none runs, then the metric is that of one that stands still. `waiting_since`
    is the oldest message of the customer that nobody has answered. `closes_at` is when a resolved one closes itself.
    """

    QUESTION, PROBLEM, INCIDENT, REQUEST, COMPLAINT = "question", "problem", "incident", "request", "complaint"
    TYPES = {
        QUESTION: _("Question"), PROBLEM: _("Problem"), INCIDENT: _("Incident"), REQUEST: _("Request"),
        COMPLAINT: _("Complaint"),
    }  # fmt: skip
    URGENT, HIGH, NORMAL, LOW = 1, 2, 3, 4
    PRIORITIES = {URGENT: _("Urgent"), HIGH: _("High"), NORMAL: _("Normal"), LOW: _("Low")}
    PORTAL, EMAIL, PHONE, WEB = "portal", "email", "phone", "web"
    CHANNELS = {PORTAL: _("Portal"), EMAIL: _("E-mail"), PHONE: _("Phone"), WEB: _("Web")}
    NUMBER_PREFIX = "K"
    PARTNER_FIELDS = ("partner",)
    LABEL_FIELDS = ("subject",)
    PRIVATE_FIELD = "is_private"

    subject = models.CharField(_("subject"), max_length=255)
    description = models.TextField(_("description"), blank=True)
    customer = link("customers.Customer", _("customer"), "cases", db_index=False)
    account = link("customers.Account", _("account"), "cases", db_index=False)
    contact = link("customers.Contact", _("reporter"), "cases", db_index=False)
    type = models.CharField(_("type"), max_length=10, choices=TYPES, default=QUESTION)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=PRIORITIES, default=NORMAL)
    status = models.ForeignKey(Status, models.PROTECT, related_name="cases", verbose_name=_("status"))
    category = models.CharField(_("state"), max_length=8, choices=Status.CATEGORIES, default=Status.NEW, editable=False)
    channel = models.CharField(_("channel"), max_length=6, choices=CHANNELS, default=PHONE)
    queue = link("support.Queue", _("queue"), "cases")
    product = link("sales.Product", _("product"), "cases", db_index=False)
    installed = link("support.InstalledProduct", _("installed product"), "cases", models.SET_NULL, db_index=False)
    entitlement = link("support.Entitlement", _("entitlement"), "cases", models.SET_NULL, db_index=False)
    sale = link("sales.Sale", _("sale"), "cases", models.SET_NULL, db_index=False)
    partner = link("customers.Account", _("partner"), "partner_cases", db_index=False)
    parent = link("self", _("part of"), "children", db_index=False)
    follows = link("self", _("follows"), "followers", models.SET_NULL, editable=False, db_index=False)
    merged_into = link("self", _("merged into"), "merged", editable=False, db_index=False)
    issue = link("support.KnownIssue", _("known issue"), "cases", models.SET_NULL, db_index=False)
    policy = link("support.Policy", _("service level"), "+", help_text=_("Empty: chosen by the rules"), db_index=False)
    details = models.JSONField(_("what was asked"), default=dict, db_default={}, blank=True, editable=False)
    resolution = models.TextField(_("resolution"), blank=True)
    close_reason = models.CharField(_("why closed"), max_length=200, blank=True)
    is_spam = models.BooleanField(_("spam"), default=False, db_default=False)
    is_hidden = models.BooleanField(_("not shown in the portal"), default=False, db_default=False)
    is_private = models.BooleanField(_("only for its agent"), default=False, db_default=False)
    due_at = models.DateTimeField(_("due"), default=NEVER, db_default=NEVER, editable=False)
    due_metric = models.CharField(_("what is due"), max_length=10, blank=True, editable=False)
    warn_at = models.DateTimeField(null=True, editable=False)
    breached = models.BooleanField(_("promise broken"), default=False, db_default=False, editable=False)
    policy_why = models.CharField(max_length=300, blank=True, editable=False)
    waiting_since = models.DateTimeField(_("customer waits since"), null=True, editable=False)
    last_message_at = models.DateTimeField(_("last message"), default=timezone.now, db_default=models.functions.Now(),
                                           editable=False)  # fmt: skip
    last_customer_at = models.DateTimeField(_("customer wrote"), null=True, editable=False)
    last_agent_at = models.DateTimeField(_("we wrote"), null=True, editable=False)
    message_count = models.PositiveIntegerField(_("messages"), default=0, db_default=0, editable=False)
    first_replied_at = models.DateTimeField(_("first answered"), null=True, editable=False)
    resolved_at = models.DateTimeField(_("resolved"), null=True, editable=False)
    first_resolved_at = models.DateTimeField(_("first resolved"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    closes_at = models.DateTimeField(_("closes by itself"), null=True, editable=False)
    reopened = models.PositiveSmallIntegerField(_("times reopened"), default=0, db_default=0, editable=False)
    name_sort = folded("subject")
    search_text = folded("subject")

    class Meta(Record.Meta):
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            rule("case_subject_given", given("subject")),
            rule("case_category_known", known("category", ("new", "open", "waiting", "resolved", "closed"))),
            rule("case_priority_known", models.Q(priority__range=(1, 4))),
            rule("case_type_known", known("type", ("question", "problem", "incident", "request", "complaint"))),
            rule("case_channel_known", known("channel", ("portal", "email", "phone", "web"))),
            rule("case_own_parent", models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id"))),
            rule("case_merged_into_itself", models.Q(merged_into__isnull=True) | ~models.Q(merged_into=models.F("id"))),
            rule(
                "case_closed_when",
                models.Q(category="closed", closed_at__isnull=False)
                | (~models.Q(category="closed") & models.Q(closed_at__isnull=True)),
            ),
            rule("case_resolved_when", ~models.Q(category="resolved") | models.Q(resolved_at__isnull=False)),
        ]  # fmt: skip
        indexes = [
            *list_indexes("case", "due_at", "-id", "-changed_at", "-last_message_at"),
            models.Index(fields=["category", "due_at", "id"], name="case_state_due_ix", condition=alive()),
            models.Index(fields=["category", "-id"], name="case_state_ix", condition=alive()),
            models.Index(fields=["name_sort"], name="case_name_ix", condition=alive()),
            models.Index(
                fields=["queue", "due_at", "priority", "id"], name="case_next_ix",
                condition=alive() & models.Q(owner__isnull=True, category__in=["new", "open"]),
            ),
            models.Index(
                fields=["owner", "due_at", "id"], name="case_mine_ix",
                condition=alive() & models.Q(category__in=["new", "open", "waiting"]),
            ),
            models.Index(
                fields=["queue", "due_at", "id"], name="case_queue_ix",
                condition=alive() & models.Q(category__in=["new", "open", "waiting"]),
            ),
            models.Index(fields=["queue", "-id"], name="case_queue_all_ix", condition=alive()),
            models.Index(fields=["priority", "-id"], name="case_priority_ix", condition=alive()),
            models.Index(fields=["channel", "due_at", "id"], name="case_channel_ix", condition=alive()),
            models.Index(
                fields=["due_at", "id"], name="case_broken_ix", condition=alive() & models.Q(breached=True)
            ),
            models.Index(fields=["due_at", "id"], name="case_spam_ix", condition=alive() & models.Q(is_spam=True)),
            models.Index(fields=["customer", "-id"], name="case_customer_ix"),
            models.Index(fields=["account", "-id"], name="case_account_ix"),
            models.Index(fields=["contact", "-id"], name="case_contact_ix"),
            models.Index(
                fields=["closes_at"], name="case_closes_ix", condition=models.Q(closes_at__isnull=False)
            ),
            GinIndex(
                fields=["details"], name="case_details_ix", opclasses=["jsonb_path_ops"],
                condition=alive() & ~models.Q(details={}),
            ),
            *seldom_given("case", *SELDOM),
            search_index("case_search_ix"),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Trigger(name="merged", when=pgtrigger.Before, operation=pgtrigger.Update, func=MERGED_CASE)
        ]

    def __str__(self):
        return self.subject


class Message(models.Model):
    """What was said on a case: a public reply, an internal note, or an event such as a change of status.

    Read only through the case. `direction` is "in" from the customer, "out" from us. `message_id` is that of the mail,
    without brackets. `body` is what was written, `quoted` what the mail repeated of earlier ones, `html` the safe
    markup of the mail where it says more than the text. `origin` is the case that it came from by a merge or a split.
    """

    PUBLIC, NOTE, EVENT = "public", "note", "event"
    KINDS = {PUBLIC: _("Reply"), NOTE: _("Internal note"), EVENT: _("Event")}
    IN, OUT = "in", "out"
    DIRECTIONS = {"": "—", IN: _("From the customer"), OUT: _("From us")}

    case = models.ForeignKey(Case, models.CASCADE, related_name="messages", db_index=False)
    kind = models.CharField(_("kind"), max_length=6, choices=KINDS)
    direction = models.CharField(_("direction"), max_length=3, choices=DIRECTIONS, blank=True)
    channel = models.CharField(_("channel"), max_length=6, choices=Case.CHANNELS, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)
    user = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    contact = models.ForeignKey(
        "customers.Contact", models.SET_NULL, null=True, related_name="case_messages", db_index=False
    )
    author_name = models.CharField(max_length=200, blank=True)
    author_email = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField(_("text"), blank=True)
    quoted = models.TextField(blank=True)
    html = models.TextField(blank=True)
    to = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    cc = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    message_id = models.CharField(max_length=255, blank=True)
    is_automatic = models.BooleanField(default=False, db_default=False)
    is_verified = models.BooleanField(default=True, db_default=True)
    mentions = ArrayField(models.BigIntegerField(), default=list, blank=True)
    origin = models.ForeignKey(Case, models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            rule("message_kind_known", known("kind", ("public", "note", "event"))),
            rule("message_public_has_direction", ~models.Q(kind="public") | ~models.Q(direction="")),
            models.UniqueConstraint(fields=["message_id"], condition=~models.Q(message_id=""), name="message_id_once"),
        ]
        indexes = [
            models.Index(fields=["case", "-at", "-id"], name="message_case_ix"),
        ]

    def __str__(self):
        return self.body[:60]


class MessageFile(models.Model):
    """An attachment of a message, found among those of its case; `cid` is what the mail's markup calls it."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="files")
    attachment = models.ForeignKey("core.Attachment", models.CASCADE, related_name="+")
    cid = models.CharField(max_length=255, blank=True)
    is_inline = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "attachment"], name="message_file_once")]


class Watcher(models.Model):
    """Somebody who is told what happens on a case: a colleague, a contact, or an address that was in copy."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="watchers")
    user = link("core.User", back="+", on_delete=models.CASCADE)
    contact = link("customers.Contact", back="+", on_delete=models.CASCADE)
    email = models.CharField(max_length=320, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "user", "contact", "email"], nulls_distinct=False, name="watcher_once"
            ),
            rule(
                "watcher_is_somebody",
                models.Q(user__isnull=False) | models.Q(contact__isnull=False) | ~models.Q(email=""),
            ),
        ]


class CaseMerge(models.Model):
    """What a merge moved, so that it can be taken back: ids of messages, watchers and children, tags, states before."""

    source = models.ForeignKey(Case, models.CASCADE, related_name="merges_out")
    survivor = models.ForeignKey(Case, models.CASCADE, related_name="merges_in")
    moved = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(undone_at__isnull=True), name="case_merged_once"
            )
        ]


class Survey(models.Model):
    """The question how satisfied the customer was with one resolution; only a hash of its link is kept.

    `asked_at` is the outbox's; the answer may be changed for a day, the link ends at `expires_at`.
    """

    case = models.ForeignKey(Case, models.CASCADE, related_name="surveys")
    contact = models.ForeignKey("customers.Contact", models.CASCADE, null=True, related_name="+")
    agent = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    resolved_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    score = models.PositiveSmallIntegerField(_("score"), null=True)
    comment = models.TextField(_("comment"), blank=True)
    answered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("satisfaction survey")
        verbose_name_plural = _("satisfaction surveys")
        constraints = [
            models.UniqueConstraint(fields=["case", "resolved_at"], name="survey_once"),
            rule(
                "survey_score_known",
                models.Q(score__isnull=True, answered_at__isnull=True)
                | models.Q(score__range=(1, 5), answered_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "-created_at"], name="survey_contact_ix"),
            models.Index(
                fields=["answered_at"], name="survey_answered_ix", condition=models.Q(answered_at__isnull=False)
            ),
        ]
