"""Contact mechanisms: the ways to reach an account or a contact."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.imports.values import parse_url
from crm_site.core.models import given, link, rule
from crm_site.core.tracking import track


@track()
class ContactMechanism(models.Model):
    """One way to reach an account or a contact.

    `value` is what people typed, `normalised` what is compared: an e-mail in lower case, a phone as E.164 when its
    country is known and as digits otherwise, a web address without its scheme. Postal addresses fill the columns of
    their own and keep a one-line `value`.
    """

    EMAIL, PHONE, MOBILE, POSTAL, WEB, SOCIAL = "email", "phone", "mobile", "postal", "web", "social"
    TYPES = {
        EMAIL: _("E-mail"), PHONE: _("Phone"), MOBILE: _("Mobile"), POSTAL: _("Postal address"), WEB: _("Web"),
        SOCIAL: _("Social"),
    }  # fmt: skip
    PURPOSES = {
        "": _("Any"), "work": _("Work"), "home": _("Home"), "billing": _("Billing"), "shipping": _("Shipping"),
        "support": _("Support"),
    }  # fmt: skip
    STATUSES = {"ok": _("OK"), "bounced": _("Bounced"), "invalid": _("Invalid")}

    account = link("customers.Account", back="mechanisms", on_delete=models.CASCADE)
    contact = link("customers.Contact", back="mechanisms", on_delete=models.CASCADE)
    type = models.CharField(_("type"), max_length=10, choices=TYPES)
    purpose = models.CharField(_("purpose"), max_length=10, choices=PURPOSES, blank=True)
    value = models.CharField(_("value"), max_length=500)
    normalised = models.CharField(max_length=500, blank=True, editable=False)
    is_primary = models.BooleanField(_("primary"), default=False)
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default="ok")
    do_not_use = models.BooleanField(_("do not use"), default=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_to = models.DateField(_("to"), null=True, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("contact mechanism")
        verbose_name_plural = _("contact mechanisms")
        constraints = [
            rule(
                "mechanism_one_owner",
                models.Q(account__isnull=False, contact__isnull=True)
                | models.Q(account__isnull=True, contact__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["account", "type"], condition=models.Q(is_primary=True), name="mechanism_account_primary"
            ),
            models.UniqueConstraint(
                fields=["contact", "type"], condition=models.Q(is_primary=True), name="mechanism_contact_primary"
            ),
            rule("mechanism_type_known", models.Q(type__in=["email", "phone", "mobile", "postal", "web", "social"])),
            rule("mechanism_value_given", given("value")),
            rule(
                "mechanism_dates_in_order",
                models.Q(valid_to__isnull=True) | models.Q(valid_from__isnull=True)
                | models.Q(valid_to__gte=models.F("valid_from")),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["normalised", "type"], name="mechanism_value_ix")]

    def __str__(self):
        return self.value

    @property
    def web_address(self):
        """Where a web page or a profile is, in the letters it was typed in; empty for what is no address."""
        try:
            return parse_url(self.value) or "" if self.type in (self.WEB, self.SOCIAL) else ""
        except ValidationError:
            return ""
