"""Sales: the orders that won opportunities became, and the invoices that other systems wrote for them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Record, alive, amount, folded, given, link, list_indexes, rule, search_index
from crm_site.core.tracking import track
from sales.models.lines import Line, line_rules


class NumberSeries(models.Model):
    """The last number given in a series, such as "sale-2026"; taken under a lock, so none is missing or given twice."""

    key = models.CharField(max_length=30, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)


@track()
class Sale(Record):
    """An order. Its lines and prices are copies: what a price list says later does not change it.

    At most one active sale per opportunity; a cancelled one stays as a document. total = net + tax + adjustment.
    """

    ACTIVE, CANCELLED = "active", "cancelled"
    STATUSES = {ACTIVE: _("Active"), CANCELLED: _("Cancelled")}
    PROGRESS = {"created": _("Created"), "approved": _("Approved"), "delivered": _("Delivered")}
    NUMBER_PREFIX = "S"
    LABEL_FIELDS = ("document", "name")

    document = models.CharField(_("order number"), max_length=40, unique=True, editable=False)
    name = models.CharField(_("subject"), max_length=255)
    opportunity = link("sales.Opportunity", _("opportunity"), "sales")
    quote = link("sales.Quote", _("quote"), "sales")
    customer = link("customers.Customer", _("customer"), "sales")
    account = link("customers.Account", _("account"), "sales")
    contact = link("customers.Contact", _("contact"), "sales")
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default=ACTIVE, editable=False)
    progress = models.CharField(_("progress"), max_length=10, choices=PROGRESS, default="created")
    sold_on = models.DateField(_("sold on"))
    due_on = models.DateField(_("due on"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    net = amount(_("net"), default=0)
    discount = amount(_("discount"), default=0)
    tax = amount(_("tax"), default=0)
    adjustment = amount(_("adjustment"), default=0)
    total = amount(_("total"), default=0)
    total_base = models.DecimalField(
        _("total in the company's currency"), max_digits=18, decimal_places=2, null=True, editable=False
    )
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, editable=False)
    cancel_reason = models.CharField(_("why cancelled"), max_length=300, blank=True, editable=False)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = folded("document", "name")

    class Meta(Record.Meta):
        verbose_name = _("sale")
        verbose_name_plural = _("sales")
        constraints = [
            rule("sale_name_given", given("name")),
            rule(
                "sale_status_whole",
                models.Q(status="active", cancelled_at__isnull=True)
                | models.Q(status="cancelled", cancelled_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["opportunity"], condition=models.Q(status="active"), name="sale_opportunity_once"
            ),
        ]
        indexes = [
            *list_indexes("sale", "-id", "name_sort", "-sold_on", "-changed_at"),
            models.Index(fields=["status", "-id"], name="sale_status_ix", condition=alive()),
            search_index("sale_search_ix"),
        ]

    def __str__(self):
        return f"{self.document} {self.name}"


class SaleLine(Line):
    """A line of a sale, copied from the quote or the opportunity."""

    sale = models.ForeignKey(Sale, models.CASCADE, related_name="lines")
    price_book = link("sales.PriceBook", _("price book"), "+", db_index=False)

    class Meta(Line.Meta):
        constraints = line_rules("sale_line")


@track()
class Invoice(Record):
    """An invoice written by an accounting system, kept here to be read beside its sale."""

    STATUSES = {
        "created": _("Created"), "approved": _("Approved"), "delivered": _("Delivered"), "paid": _("Paid"),
        "cancelled": _("Cancelled"),
    }  # fmt: skip
    NUMBER_PREFIX = "I"
    LABEL_FIELDS = ("document", "name")

    name = models.CharField(_("subject"), max_length=255)
    document = models.CharField(_("invoice number"), max_length=60, blank=True)
    sale = link(Sale, _("sale"), "invoices")
    customer = link("customers.Customer", _("customer"), "invoices")
    account = link("customers.Account", _("account"), "invoices")
    contact = link("customers.Contact", _("contact"), "invoices")
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default="created")
    issued_on = models.DateField(_("issued on"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    net = amount(_("net"), default=0)
    discount = amount(_("discount"), default=0)
    tax = amount(_("tax"), default=0)
    adjustment = amount(_("adjustment"), default=0)
    total = amount(_("total"), default=0)
    name_sort = folded("name")
    search_text = folded("document", "name")

    class Meta(Record.Meta):
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [rule("invoice_name_given", given("name"))]
        indexes = [
            *list_indexes("invoice", "-id", "name_sort", "-changed_at"),
            models.Index(fields=["status", "-id"], name="invoice_status_ix", condition=alive()),
            search_index("invoice_search_ix"),
        ]

    def __str__(self):
        return f"{self.document} {self.name}".strip()
