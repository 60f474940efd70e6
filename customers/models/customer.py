"""Customers: the commercial relationship with an account or a person."""

from django.db import models
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Fold, Record, alive, folded, given, link, list_indexes, rule, search_index, tags_fit
from crm_site.core.tracking import track


@track("email", "phone", "city", "country")
class Customer(Record):
    """The relationship that opportunities, sales, cases and activities hang on.

    A business customer stands for an account, an individual one for its primary contact. `name` is the account's or
    the contact's, kept by their operations, so that a list sorts and searches it.
    """

    BUSINESS, INDIVIDUAL = "business", "individual"
    KINDS = {BUSINESS: _("Business"), INDIVIDUAL: _("Individual")}
    PROSPECT, ACTIVE, INACTIVE, FORMER = "prospect", "active", "inactive", "former"
    TIERS = {"": _("Standard"), "silver": _("Silver"), "gold": _("Gold"), "platinum": _("Platinum")}
    STATUSES = {PROSPECT: _("Prospect"), ACTIVE: _("Active"), INACTIVE: _("Inactive"), FORMER: _("Former")}
    NUMBER_PREFIX = "C"

    kind = models.CharField(_("kind"), max_length=10, choices=KINDS)
    name = models.CharField(_("name"), max_length=310)
    account = link("customers.Account", _("account"), "customers")
    contact = link("customers.Contact", _("primary contact"), "customers")
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default=PROSPECT, db_default=PROSPECT)
    tier = models.CharField(_("service tier"), max_length=10, choices=TIERS, blank=True)
    since = models.DateField(_("customer since"), null=True, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True, editable=False)
    phone = models.CharField(_("phone"), max_length=60, blank=True, editable=False)
    city = models.CharField(_("city"), max_length=100, blank=True, editable=False)
    country = models.CharField(_("country"), max_length=2, blank=True, editable=False)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = models.GeneratedField(
        expression=Fold(
            Concat("name", models.Value(" "), "email", models.Value(" "), "phone", models.Value(" "), "city",
                                    output_field=models.TextField())
        ),
        output_field=models.TextField(db_collation="C"), db_persist=True,
    )  # fmt: skip

    class Meta(Record.Meta):
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            tags_fit("customer_tags_fit"),
            rule(
                "customer_has_its_party",
                models.Q(kind="business", account__isnull=False) | models.Q(kind="individual", contact__isnull=False),
            ),
            rule("customer_status_known", models.Q(status__in=["prospect", "active", "inactive", "former"])),
            rule("customer_name_given", given("name")),
            models.UniqueConstraint(
                fields=["account"], condition=alive() & models.Q(kind="business"), name="customer_account_once"
            ),
            models.UniqueConstraint(
                fields=["contact"], condition=alive() & models.Q(kind="individual"), name="customer_person_once"
            ),
        ]
        indexes = [
            *list_indexes("customer", "name_sort", "-id", "-changed_at", tagged=("status", "kind")),
            models.Index(fields=["status", "name_sort", "id"], name="customer_status_ix", condition=alive()),
            models.Index(fields=["kind", "name_sort", "id"], name="customer_kind_ix", condition=alive()),
            models.Index(fields=["country", "name_sort", "id"], name="customer_country_ix", condition=alive()),
            models.Index(fields=["since"], name="customer_since_ix", condition=alive()),
            search_index("customer_search_ix"),
        ]

    def __str__(self):
        return self.name


class CustomerStatusChange(models.Model):
    """When and why a customer's status changed; the first row is its beginning."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="status_changes")
    from_status = models.CharField(_("from"), max_length=10, choices=Customer.STATUSES, blank=True)
    to_status = models.CharField(_("to"), max_length=10, choices=Customer.STATUSES)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))

    class Meta:
        indexes = [models.Index(fields=["customer", "-at"], name="customer_status_change_ix")]
