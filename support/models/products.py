"""What customers have of ours: installed products, what they are entitled to, and what is known to be wrong."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Record, folded, given, known, link, list_indexes, rule, search_index
from crm_site.core.tracking import track


@track()
class InstalledProduct(Record):
    """One product at one customer: its serial number, where it came from, until when warranty and support run."""

    NUMBER_PREFIX = "IP"
    LABEL_FIELDS, LABEL_IN_BRACKETS = ("name", "serial"), "serial"

    name = models.CharField(_("name"), max_length=200)
    product = models.ForeignKey("sales.Product", models.PROTECT, related_name="installed", verbose_name=_("product"))
    serial = models.CharField(_("serial number"), max_length=100, blank=True)
    version_name = models.CharField(_("version"), max_length=50, blank=True)
    customer = link("customers.Customer", _("customer"), "installed")
    account = link("customers.Account", _("account"), "installed")
    contact = link("customers.Contact", _("contact"), "installed")
    sale = link("sales.Sale", _("sale"), "installed", models.SET_NULL)
    bought_on = models.DateField(_("bought on"), null=True, blank=True)
    warranty_until = models.DateField(_("warranty until"), null=True, blank=True)
    support_until = models.DateField(_("support until"), null=True, blank=True)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = folded("name", "serial")

    class Meta(Record.Meta):
        verbose_name = _("installed product")
        verbose_name_plural = _("installed products")
        constraints = [
            rule("installed_name_given", given("name")),
            models.UniqueConstraint(
                fields=["product", "serial"], condition=models.Q(deleted_at__isnull=True) & ~models.Q(serial=""),
                name="installed_serial_once",
            ),
        ]  # fmt: skip
        indexes = [*list_indexes("installed", "name_sort", "-id", "-changed_at"), search_index("installed_search_ix")]

    def __str__(self):
        return f"{self.name} ({self.serial})" if self.serial else self.name


@track("cases_used", "minutes_used")
class Entitlement(Record):
    """A support contract: for whom, from when to when, how many cases or hours, and by which service level."""

    NUMBER_PREFIX = "E"

    name = models.CharField(_("name"), max_length=200)
    customer = link("customers.Customer", _("customer"), "entitlements")
    account = link("customers.Account", _("account"), "entitlements")
    product = link("sales.Product", _("only for the product"), "entitlements")
    policy = link("support.Policy", _("service level"), "entitlements")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    cases_total = models.PositiveIntegerField(_("cases"), null=True, blank=True, help_text=_("Empty: without limit"))
    cases_used = models.PositiveIntegerField(_("cases used"), default=0, editable=False)
    minutes_total = models.PositiveIntegerField(_("minutes of work"), null=True, blank=True)
    minutes_used = models.PositiveIntegerField(_("minutes used"), default=0, editable=False)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = folded("name")

    class Meta(Record.Meta):
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        constraints = [
            rule("entitlement_name_given", given("name")),
            rule("entitlement_of_somebody", models.Q(customer__isnull=False) | models.Q(account__isnull=False)),
            rule(
                "entitlement_dates_in_order",
                models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
            ),
        ]
        indexes = [*list_indexes("entitle", "name_sort", "-id", "-changed_at"), search_index("entitle_search_ix")]

    def __str__(self):
        return self.name


@track()
class KnownIssue(Record):
    """Something known to be wrong with a product: what to do meanwhile, and when it was mended."""

    OPEN, FIXED, WONT = "open", "fixed", "wont"
    STATES = {OPEN: _("Open"), FIXED: _("Fixed"), WONT: _("Stays as it is")}
    NUMBER_PREFIX = "KI"

    name = models.CharField(_("title"), max_length=200)
    product = link("sales.Product", _("product"), "known_issues")
    versions = models.CharField(_("versions"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=5, choices=STATES, default=OPEN)
    workaround = models.TextField(_("workaround"), blank=True)
    description = models.TextField(_("description"), blank=True)
    fixed_in = models.CharField(_("fixed in version"), max_length=50, blank=True)
    fixed_at = models.DateTimeField(_("fixed"), null=True, editable=False)
    name_sort = folded("name")
    search_text = folded("name", "versions")

    class Meta(Record.Meta):
        verbose_name = _("known issue")
        verbose_name_plural = _("known issues")
        constraints = [
            rule("known_issue_name_given", given("name")),
            rule("known_issue_state_known", known("state", ("open", "fixed", "wont"))),
        ]
        indexes = [*list_indexes("issue", "name_sort", "-id", "-changed_at"), search_index("issue_search_ix")]

    def __str__(self):
        return self.name


@track()
class DealRegistration(Record):
    """A prospect that a partner brings: once approved nobody else's until `protected_until`."""

    PENDING, APPROVED, REJECTED, EXPIRED = "pending", "approved", "rejected", "expired"
    STATES = {
        PENDING: _("Pending"), APPROVED: _("Approved"), REJECTED: _("Rejected"), EXPIRED: _("Expired"),
    }  # fmt: skip
    NUMBER_PREFIX = "DR"
    PARTNER_FIELDS = ("partner",)

    name = models.CharField(_("prospect"), max_length=200)
    partner = models.ForeignKey(
        "customers.Account", models.PROTECT, related_name="registrations", verbose_name=_("partner")
    )
    account = link("customers.Account", _("the prospect's account"), "+")
    opportunity = link("sales.Opportunity", _("opportunity"), "registrations", models.SET_NULL)
    domain = models.CharField(_("the prospect's domain"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=STATES, default=PENDING, editable=False)
    protected_until = models.DateField(_("protected until"), null=True, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    decision_note = models.CharField(_("note on the decision"), max_length=300, blank=True, editable=False)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = folded("name", "domain")

    class Meta(Record.Meta):
        verbose_name = _("deal registration")
        verbose_name_plural = _("deal registrations")
        constraints = [
            rule("registration_name_given", given("name")),
            rule("registration_state_known", known("state", ("pending", "approved", "rejected", "expired"))),
        ]
        indexes = [
            *list_indexes("dealreg", "name_sort", "-id", "-changed_at"), search_index("dealreg_search_ix"),
            models.Index(
                fields=["protected_until"], name="dealreg_until_ix", condition=models.Q(state="approved")
            ),
            models.Index(
                fields=["protected_until"], name="dealreg_protect_ix", condition=models.Q(protected_until__isnull=False)
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name


class IssueNotice(models.Model):
    """That a case's requester was told of a fix; once."""

    issue = models.ForeignKey(KnownIssue, models.CASCADE, related_name="notices")
    case = models.ForeignKey("support.Case", models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "case"], name="issue_notice_once")]


class EntitlementUse(models.Model):
    """That a case was counted against an entitlement, once, and the minutes of work that it took."""

    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="uses")
    case = models.OneToOneField("support.Case", models.CASCADE, related_name="use")
    minutes = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)


class Certification(models.Model):
    """That a partner is certified for a product, perhaps only until a day."""

    partner = models.ForeignKey("customers.Account", models.CASCADE, related_name="certifications")
    product = models.ForeignKey("sales.Product", models.PROTECT, related_name="certifications")
    until = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("certification")
        verbose_name_plural = _("certifications")
        constraints = [models.UniqueConstraint(fields=["partner", "product"], name="certification_once")]

    def __str__(self):
        return str(self.product)
