"""Quotes: what was offered, version by version."""

import pgtrigger
from django.db import models
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Record, alive, amount, folded, given, link, list_indexes, rule, search_index
from crm_site.core.tracking import track
from sales.models.lines import Line, line_rules

_SENT = (
    "subject", "currency", "net", "tax", "adjustment", "total", "valid_until", "terms", "account_id", "contact_id",
    "customer_id", "opportunity_id", "root_id", "edition",
)  # fmt: skip
# What left the house stays as it left: only its status moves on, and never back; erasing alone may touch it.
_NOW, _THEN = (", ".join(f"{row}.{name}" for name in _SENT) for row in ("NEW", "OLD"))
FROZEN = f"""
    IF OLD.status <> 'draft' AND (NEW.status = 'draft' OR ({_NOW}) IS DISTINCT FROM ({_THEN}))
    AND coalesce(current_setting('kith.erasing', true), '') = '' THEN
        RAISE EXCEPTION 'a sent quote does not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'quote_sent_is_frozen';
    END IF;
    RETURN NEW;
"""


@track("token_hash")
class Quote(Record):
    """An offer. `root` is the first version of its family, `edition` the version's number, from 1.

    net and tax are the sums of the lines; total = net + tax + adjustment. `discount` is only told by other systems'
    quotes that have no lines.
    """

    DRAFT, SENT, ACCEPTED, REJECTED, EXPIRED, SUPERSEDED = (
        "draft", "sent", "accepted", "rejected", "expired", "superseded",
    )  # fmt: skip
    STATUSES = {
        DRAFT: _("Draft"), SENT: _("Sent"), ACCEPTED: _("Accepted"), REJECTED: _("Rejected"), EXPIRED: _("Expired"),
        SUPERSEDED: _("Superseded"),
    }  # fmt: skip
    NUMBER_PREFIX = "Q"
    LABEL_FIELDS = ("subject", "edition")

    subject = models.CharField(_("subject"), max_length=255)
    opportunity = link("sales.Opportunity", _("opportunity"), "quotes")
    root = models.ForeignKey("self", models.PROTECT, null=True, editable=False, related_name="editions")
    edition = models.PositiveSmallIntegerField(_("version"), default=1, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default=DRAFT, editable=False)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    customer = link("customers.Customer", _("customer"), "quotes")
    account = link("customers.Account", _("account"), "quotes")
    contact = link("customers.Contact", _("contact"), "quotes")
    currency = models.CharField(_("currency"), max_length=3)
    price_book = link("sales.PriceBook", _("price book"), "+", db_index=False)
    net = amount(_("net"), default=0, editable=False)
    discount = amount(_("discount"), default=0, editable=False)
    tax = amount(_("tax"), default=0, editable=False)
    adjustment = amount(_("adjustment"), default=0, blank=True)
    total = amount(_("total"), default=0, editable=False)
    terms = models.TextField(_("terms"), blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, editable=False)
    answered_at = models.DateTimeField(_("answered"), null=True, editable=False)
    answered_by = models.CharField(_("answered by"), max_length=200, blank=True, editable=False)
    token_hash = models.CharField(max_length=64, blank=True, editable=False)
    name_sort = folded("subject")
    search_text = folded("subject")

    class Meta(Record.Meta):
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        constraints = [
            rule("quote_subject_given", given("subject")),
            rule(
                "quote_status_known",
                models.Q(status__in=["draft", "sent", "accepted", "rejected", "expired", "superseded"]),
            ),
            models.UniqueConstraint(
                fields=["opportunity"], condition=models.Q(status="accepted") & alive(), name="quote_accepted_once"
            ),
            models.UniqueConstraint(fields=["root", "edition"], name="quote_edition_once"),
        ]
        indexes = [
            *list_indexes("quote", "-id", "name_sort", "-changed_at"),
            models.Index(fields=["status", "-id"], name="quote_status_ix", condition=alive()),
            models.Index(fields=["valid_until"], name="quote_valid_ix", condition=alive() & models.Q(status="sent")),
            models.Index(fields=["token_hash"], name="quote_token_ix", condition=~models.Q(token_hash="")),
            search_index("quote_search_ix"),
        ]
        triggers = [pgtrigger.Trigger(name="frozen", when=pgtrigger.Before, operation=pgtrigger.Update, func=FROZEN)]

    def __str__(self):
        return f"{self.subject} (v{self.edition})" if self.edition > 1 else self.subject

    @classmethod
    def label(cls):
        """What str() says of a quote, as an expression."""
        text = models.TextField()
        edition = Concat("subject", models.Value(" (v"), Cast("edition", text), models.Value(")"), output_field=text)
        return models.Case(models.When(edition__gt=1, then=edition), default="subject", output_field=text)


FROZEN_LINE = """
    IF EXISTS (SELECT 1 FROM sales_quote WHERE id = coalesce(NEW.quote_id, OLD.quote_id) AND status <> 'draft')
    AND coalesce(current_setting('kith.erasing', true), '') = '' THEN
        RAISE EXCEPTION 'a sent quote does not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'quote_sent_is_frozen';
    END IF;
    RETURN coalesce(NEW, OLD);
"""


class QuoteLine(Line):
    """A line of a quote."""

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="lines")

    class Meta(Line.Meta):
        constraints = line_rules("quote_line")
        triggers = [
            pgtrigger.Trigger(
                name="frozen", when=pgtrigger.Before, func=FROZEN_LINE,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            )
        ]  # fmt: skip


class QuoteMail(models.Model):
    """A mail with a quote: made when it is sent, mailed by a sweep. The secret address is made anew for it."""

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="mails")
    to = models.EmailField(_("to"), max_length=320)
    message = models.TextField(_("message"), blank=True)
    by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    due = models.DateTimeField(null=True, default=timezone.now)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("mail with a quote")
        verbose_name_plural = _("mails with quotes")
        indexes = [models.Index(fields=["due"], name="quote_mail_due_ix", condition=models.Q(due__isnull=False))]

    def __str__(self):
        return self.to
