"""Mailboxes, the mails that came, and those that are to go."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import given, known, link, rule


def readable_by(user):
    """The condition that a mail is of no mailbox that is private to somebody else."""
    return models.Q(mailbox__private_to__isnull=True) | models.Q(mailbox__private_to=user)


class Mailbox(models.Model):
    """An address that customers write to: read by IMAP or fed by a provider, answered by SMTP as that address.

    The password is in the environment variable that `secret` names, never in the database. `key_hash` is that of the
    key with which a provider posts mails. After a failure the next try waits until `next_try_at`. Mails up to
    `start_uid` were there before the mailbox was ours, those up to `last_uid` are read. Of the `backlog` that lay there
    when it was first read, `behind` are still to come. Since `refused_at` the server refuses the password.
    What comes by a mailbox that is `private_to` somebody is seen by nobody else.
    """

    name = models.CharField(_("name"), max_length=100)
    address = models.EmailField(_("address"), unique=True)
    from_name = models.CharField(_("sender's name"), max_length=100, blank=True)
    signature = models.TextField(_("signature"), blank=True)
    queue = models.ForeignKey("support.Queue", models.PROTECT, related_name="mailboxes", verbose_name=_("queue"))
    host = models.CharField(_("IMAP server"), max_length=200, blank=True)
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(
        _("encryption"), max_length=8, default="ssl",
        choices={"ssl": "SSL/TLS", "starttls": "STARTTLS", "none": _("None (only on this machine)")},
    )  # fmt: skip
    username = models.CharField(_("user name"), max_length=200, blank=True)
    secret = models.CharField(_("environment variable with the password"), max_length=100, blank=True)
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    done_folder = models.CharField(_("move read mails to"), max_length=200, blank=True)
    exclude = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, verbose_name=_("domains whose mail is not taken")
    )
    leaves_internal = models.BooleanField(
        _("leave internal mail aside"), default=False, db_default=False,
        help_text=_("What is from and to the mailbox's own domain only."),
    )  # fmt: skip
    private_to = link(
        "core.User", _("private to"), "+", help_text=_("Cases that begin with its mails are seen by this user only.")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    backfill_days = models.PositiveSmallIntegerField(
        _("also take mails of so many days before"), default=0, help_text=_("Counts when the mailbox is first read.")
    )
    plus_addresses = models.BooleanField(
        _("answers go to address+mark"),
        default=False,
        db_default=False,
        help_text=_("Only where the mail server delivers support+anything@… to support@…"),
    )
    sends_receipt = models.BooleanField(_("confirm new cases by mail"), default=True)
    key_hash = models.CharField(max_length=64, blank=True, editable=False)
    uid_validity = models.BigIntegerField(null=True, editable=False)
    start_uid = models.BigIntegerField(default=0, db_default=0, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False)
    backlog = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    behind = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    fails = models.PositiveSmallIntegerField(default=0, editable=False)
    refused_at = models.DateTimeField(null=True, editable=False)
    next_try_at = models.DateTimeField(null=True, editable=False)
    last_ok_at = models.DateTimeField(_("last read"), null=True, editable=False)
    error = models.CharField(_("last trouble"), max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["name"]
        constraints = [rule("mailbox_name_given", given("name"))]

    def __str__(self):
        return f"{self.name} <{self.address}>"


class InboundMail(models.Model):
    """A mail as it came, kept raw before anything is done with it, and what became of it.

    `key` is its Message-ID, or a digest of its bytes where it has none. A mail that cannot be read is parked with the
    reason and shown to the administrators; nothing is thrown away.
    """

    WAITING, CASE, IGNORED, BOUNCE, PARKED = "waiting", "case", "ignored", "bounce", "parked"
    STATES = {
        WAITING: _("Waiting"), CASE: _("On a case"), IGNORED: _("Ignored"), BOUNCE: _("Bounce"), PARKED: _("Parked"),
    }  # fmt: skip

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="mails", db_index=False)
    key = models.CharField(max_length=255)
    uid = models.BigIntegerField(null=True)
    folder = models.CharField(max_length=200, blank=True)
    raw = models.FileField(upload_to="mail/%Y/%m/", max_length=200)
    size = models.PositiveBigIntegerField()
    sender = models.CharField(_("from"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=STATES, default=WAITING)
    why = models.CharField(_("why"), max_length=300, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField(null=True, default=timezone.now)
    case = models.ForeignKey("support.Case", models.SET_NULL, null=True, related_name="mails")
    message = models.ForeignKey("support.Message", models.SET_NULL, null=True, related_name="mails")
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        verbose_name = _("incoming mail")
        verbose_name_plural = _("incoming mails")
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "key"], name="inbound_mail_once"),
            rule("inbound_mail_state_known", known("state", ("waiting", "case", "ignored", "bounce", "parked"))),
        ]
        indexes = [
            models.Index(fields=["due"], name="inbound_mail_due_ix", condition=models.Q(due__isnull=False)),
            models.Index(fields=["state", "-id"], name="inbound_mail_state_ix"),
            models.Index(fields=["sender", "-received_at"], name="inbound_mail_sender_ix"),
        ]

    def __str__(self):
        return self.subject or self.key


class OutgoingMail(models.Model):
    """A mail about a case that is to go: made with what it tells of, sent by a sweep, kept with its failure.

    `due` lies some seconds ahead, so that sending can be undone; `message` is the reply that it carries; `source` is
    the server that caused an automatic one; `states` are those of the case before and after the reply, if they differ.
    The same `key` is never sent twice.
    """

    REPLY, RECEIPT, SURVEY, LINK, NOTICE = "reply", "receipt", "survey", "link", "notice"
    KINDS = {
        REPLY: _("Reply"), RECEIPT: _("Receipt"), SURVEY: _("Satisfaction"),
        LINK: _("Sign-in link"), NOTICE: _("Notice"),
    }  # fmt: skip

    kind = models.CharField(max_length=7, choices=KINDS)
    case = models.ForeignKey("support.Case", models.CASCADE, null=True, related_name="outgoing")
    message = models.ForeignKey("support.Message", models.CASCADE, null=True, related_name="outgoing")
    mailbox = models.ForeignKey(Mailbox, models.SET_NULL, null=True, related_name="+")
    to = models.CharField(_("to"), max_length=320)
    cc = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    key = models.CharField(max_length=100, blank=True)
    is_automatic = models.BooleanField(default=False)
    source = models.CharField(max_length=45, blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=timezone.now)
    due = models.DateTimeField(null=True, default=timezone.now)
    mailed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    states = models.JSONField(null=True)

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mails")
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=~models.Q(key=""), name="outgoing_mail_once"),
        ]
        indexes = [
            models.Index(fields=["due"], name="outgoing_mail_due_ix", condition=models.Q(due__isnull=False)),
            models.Index(
                fields=["to", "-created_at"], name="outgoing_mail_auto_ix", condition=models.Q(is_automatic=True)
            ),
            models.Index(
                fields=["source", "-created_at"],
                name="outgoing_mail_source_ix",
                condition=models.Q(is_automatic=True) & ~models.Q(source=""),
            ),
        ]

    def __str__(self):
        return self.to


class Reconciliation(models.Model):
    """A count of a mailbox's folder against what is stored: how many lie there and here, and which are missing."""

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="reconciliations")
    folder = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    there = models.PositiveIntegerField()
    here = models.PositiveIntegerField()
    missing = models.JSONField(default=list)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        indexes = [models.Index(fields=["mailbox", "-at"], name="reconciliation_ix")]
