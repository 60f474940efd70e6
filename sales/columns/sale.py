"""The columns of sales and invoices."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns
from sales.columns.papers import NUMBER, parties, sums
from sales.models import Invoice, Sale

SALE_TONES = {"active": "green", "cancelled": "red"}
INVOICE_TONES = {"created": "grey", "approved": "azure", "delivered": "blue", "paid": "green", "cancelled": "red"}
SALE_COLUMNS = (
    Column("name", _("Subject"), "self", sort="name"),
    NUMBER,
    Column("document", _("Order number"), aliases=("so number", "sales order number", "order no")),
    Column("status", _("Status"), "choice", choices=Sale.STATUSES, tones=SALE_TONES, imports=False),
    Column("progress", _("Progress"), "choice", choices=Sale.PROGRESS, edit=True, shown=False, aliases=("status",)),
    Column("sold_on", _("Sold on"), "date", sort="sold", aliases=("order date", "date")),
    *sums(),
    Column("due_on", _("Due on"), "date", edit=True, shown=False, aliases=("due date",)),
    Column("opportunity", _("Opportunity"), "link", kind="sales.opportunity", shown=False, aliases=("deal name",)),
    Column("quote", _("Quote"), "link", kind="sales.quote", shown=False, aliases=("quote name",)),
    *parties(),
    Column("cancelled_at", _("Cancelled"), "datetime", shown=False, imports=False),
    Column("cancel_reason", _("Why cancelled"), shown=False, imports=False),
    Column("description", _("Description"), "longtext", shown=False, edit=True),
    *record_columns(),
)
INVOICE_COLUMNS = (
    Column("name", _("Subject"), "self", sort="name"),
    NUMBER,
    Column("document", _("Invoice number"), edit=True, aliases=("invoice number", "invoice no")),
    Column("status", _("Status"), "choice", choices=Invoice.STATUSES, tones=INVOICE_TONES, edit=True),
    Column("issued_on", _("Issued on"), "date", edit=True, aliases=("invoice date",)),
    *sums(),
    Column("sale", _("Sale"), "link", kind="sales.sale", aliases=("sales order",)),
    *parties(),
    *record_columns(),
)
