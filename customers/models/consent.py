"""Consents: what we may do with whose data, as a ledger that is only added to."""

import pgtrigger
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import rule
from crm_site.core.tracking import track

# A row tells for ever what was said; only the mail that asks has a state of its own, and erasing alone may touch it.
ONLY_ADDED = """
    IF coalesce(current_setting('kith.erasing', true), '') = '' AND (TG_OP = 'DELETE' OR
    to_jsonb(NEW) - 'mail_due' - 'mailed_at' IS DISTINCT FROM to_jsonb(OLD) - 'mail_due' - 'mailed_at') THEN
        RAISE EXCEPTION 'the ledger of consents is only added to'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_only_added';
    END IF;
    RETURN coalesce(NEW, OLD);
"""


@track()
class Purpose(models.Model):
    """What we might do with somebody's data, in the words that they are shown; administrators edit them.

    Where consent is needed nothing is done without it; the others are done until somebody objects.
    """

    SERVICE, SURVEY = "service", "survey"

    code = models.SlugField(
        _("code"), max_length=50, unique=True, help_text=_("Never changes: the programs ask by it.")
    )
    name = models.CharField(_("name"), max_length=100)
    text = models.TextField(_("what people agree to"), help_text=_("Each consent keeps the text as it was then."))
    needs_consent = models.BooleanField(_("only with consent"), default=True)
    in_portal = models.BooleanField(_("customers decide in the portal"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=50)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")
        ordering = ["order", "id"]

    def __str__(self):
        return self.name


class Consent(models.Model):
    """One entry: what a contact said about a purpose, from when, until when, and how that can be proved.

    Of the entries in effect the one that began last decides. `channel` narrows an entry, `address` is the one that it
    was given for; `by` entered it. An entry that asks (pending) keeps the hash of its mailed secret.
    """

    GRANTED, DENIED, WITHDRAWN, PENDING, UNASKED = "granted", "denied", "withdrawn", "pending", "unasked"
    STATUSES = {
        GRANTED: _("Granted"), DENIED: _("Denied"), WITHDRAWN: _("Withdrawn"), PENDING: _("Asked"),
        UNASKED: _("Not asked"),
    }  # fmt: skip
    REFUSED = (DENIED, WITHDRAWN)
    CHANNELS = {
        "": _("Any way"), "email": _("E-mail"), "phone": _("Phone"), "mobile": _("Text message"),
        "postal": _("Letter"),
    }  # fmt: skip
    CONSENT = "consent"
    BASES = {
        CONSENT: _("Consent"), "contract": _("Contract"), "interest": _("Legitimate interest"),
        "obligation": _("Legal obligation"),
    }  # fmt: skip
    PORTAL, LINK, IMPORT, FORM = "portal", "link", "import", "form"
    SOURCES = {
        "phone": _("On the phone"), "paper": _("On paper"), "talk": _("In person"), "email": _("By e-mail"),
        FORM: _("Web form"), PORTAL: _("Customer portal"), LINK: _("Confirmed by link"), IMPORT: _("Other system"),
    }  # fmt: skip

    contact = models.ForeignKey(
        "customers.Contact", models.CASCADE, related_name="consents", verbose_name=_("contact"), db_index=False
    )
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+", verbose_name=_("purpose"), db_index=False)
    channel = models.CharField(_("channel"), max_length=10, choices=CHANNELS, blank=True)
    address = models.CharField(_("address"), max_length=254, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=STATUSES)
    basis = models.CharField(_("legal basis"), max_length=12, choices=BASES, default=CONSENT)
    source = models.CharField(_("source"), max_length=10, choices=SOURCES)
    text = models.TextField(_("text shown"), blank=True)
    proof = models.CharField(_("proof"), max_length=500, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    by = models.ForeignKey(
        "core.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"), db_index=False
    )
    created_at = models.DateTimeField(_("entered"), default=timezone.now, editable=False)
    effective_from = models.DateTimeField(_("from"), default=timezone.now)
    effective_to = models.DateTimeField(_("until"), null=True, blank=True)
    token_hash = models.CharField(max_length=64, blank=True, editable=False)
    mail_due = models.DateTimeField(null=True, editable=False)
    mailed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            rule("consent_status_known", models.Q(status__in=["granted", "denied", "withdrawn", "pending", "unasked"])),
            rule("consent_has_source_and_basis", ~models.Q(source="") & ~models.Q(basis="")),
            rule(
                "consent_dates_in_order",
                models.Q(effective_to__isnull=True) | models.Q(effective_to__gt=models.F("effective_from")),
            ),
            models.UniqueConstraint(
                fields=["token_hash"], condition=~models.Q(token_hash=""), name="consent_token_once"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["contact", "purpose", "-effective_from", "-id"], name="consent_state_ix"),
            models.Index(fields=["purpose", "status", "contact"], name="consent_purpose_ix"),
            models.Index(fields=["mail_due"], name="consent_mail_ix", condition=models.Q(mail_due__isnull=False)),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="only_added", when=pgtrigger.Before, operation=pgtrigger.Update | pgtrigger.Delete, func=ONLY_ADDED
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.purpose}: {self.get_status_display()}"
