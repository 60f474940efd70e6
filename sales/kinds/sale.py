"""Sales and invoices as kinds of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Dependent, Kind, Panel, Sort, add_dependent, add_panel, register
from crm_site.core.operations import delete_record, restore_record
from crm_site.core.pages import RULES
from crm_site.core.parts import rights
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from customers.kinds.parties import button, may_add
from sales.columns.sale import INVOICE_COLUMNS, SALE_COLUMNS
from sales.filters.papers import InvoiceFilters, SaleFilters
from sales.forms.papers import InvoiceForm, SaleForm
from sales.models import Invoice, Sale
from sales.operations.invoices import create_invoice, update_invoice
from sales.operations.sales import create_sale, delete_sale, restore_sale, update_sale

RULES.update({
    "sale_name_given": _("A sale needs a subject."),
    "sale_opportunity_once": _("This deal is a sale already."),
    "sale_status_whole": _("A sale is cancelled by its own button."),
    "sales_sale_document_key": _("Another sale has this order number."),
    "invoice_name_given": _("An invoice needs a subject."),
})  # fmt: skip
RECORD = (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at"))
FOR = (_("For"), ("customer", "account", "contact"))
SUMS = ("net", "discount", "tax", "adjustment", "total")


def hanging(model, key):
    """How many such records of another one the user sees."""
    return lambda record, user: model.objects.visible_to(user).filter(**{key: record}).count()


def actions(sale, user):
    """What can be done with a sale."""
    found = []
    if sale.status != Sale.ACTIVE:
        return found
    if may_add(user, Invoice):
        found.append(button(_("New invoice"), f"/invoices/new/?sale={sale.pk}&name={sale.document}", "receipt"))
    if "change" in rights(user, sale):
        found.append(button(_("Cancel the sale"), f"/sales/{sale.pk}/cancel/", "x", "modal"))
    return found


SALES = register(
    Kind(
        model=Sale, slug="sales", menu=70, icon="coin", label=_("Sale"), label_plural=_("Sales"),
        purpose=_("The orders that won deals became; a won deal makes one by itself."),
        columns=SALE_COLUMNS, default_sort="new",
        sorts={"new": NEWEST, "sold": Sort(_("Sold on"), ("-sold_on", "-id")), "name": BY_NAME, "changed": CHANGED},
        form=SaleForm, filters=SaleFilters, create=create_sale, update=update_sale,
        delete=delete_sale, restore=restore_sale, subtitle=lambda sale: sale.get_progress_display(),
        quick=("name", "sold_on", "currency", "net", "tax", "customer", "account"),
        highlights=("status", "total", "sold_on", "customer", "opportunity", "owner"),
        groups=(
            (_("About"), ("number", "document", "progress", "sold_on", "due_on", "opportunity", "quote", *SUMS,
                          "description", "cancelled_at", "cancel_reason")),
            FOR, RECORD,
        ),
        actions=actions, bulk_fields=("progress", "due_on"),
        dependents=(Dependent(_("Invoices"), hanging(Invoice, "sale")),),
    )
)  # fmt: skip
INVOICES = register(
    Kind(
        model=Invoice, slug="invoices", menu=84, icon="receipt", label=_("Invoice"), label_plural=_("Invoices"),
        purpose=_("What your accounting system invoiced, kept here to be read beside the sale."),
        columns=INVOICE_COLUMNS, sorts={"new": NEWEST, "name": BY_NAME, "changed": CHANGED}, default_sort="new",
        form=InvoiceForm, filters=InvoiceFilters, create=create_invoice, update=update_invoice,
        delete=delete_record, restore=restore_record, subtitle=lambda invoice: invoice.document,
        quick=("name", "document", "sale", "issued_on", "currency", "net", "tax"),
        highlights=("status", "total", "issued_on", "sale", "customer", "owner"),
        groups=((_("About"), ("number", "document", "sale", "status", "issued_on", *SUMS)), FOR, RECORD),
        bulk_fields=("status", "issued_on"),
    )
)  # fmt: skip

for key in ("customer", "account", "contact"):
    for word, model, title in (("sales", Sale, _("Sales")), ("invoices", Invoice, _("Invoices"))):
        add_panel(f"customers.{key}", Panel(title, f"sales:{key}_{word}", model=model, fold=True))
        add_dependent(f"customers.{key}", Dependent(title, hanging(model, key)))
add_panel("sales.opportunity", Panel(_("Sales"), "sales:opportunity_sales", model=Sale, order=30))
add_panel("sales.sale", Panel(_("Lines"), "sales:sale_lines", side=False))
add_panel("sales.sale", Panel(_("Invoices"), "sales:sale_invoices", model=Invoice))
add_panel("sales.sale", Panel(_("Credit"), "sales:sale_credits"))
