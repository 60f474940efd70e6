"""How the rows of a file become invoices, each at its sale."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets
from sales.imports.common import SUMS, day_of, party_targets, record_targets, settle_sums, sum_targets
from sales.models import Invoice
from sales.operations.invoices import create_invoices, update_invoice
from sales.operations.linking import link_parties

STATUS_WORDS = {
    "draft": "created", "open": "created", "sent": "delivered", "overdue": "delivered", "closed": "paid",
    "canceled": "cancelled", "void": "cancelled",
}  # fmt: skip
ORDERS = ("sales order", "order", "sale", "order number", "sales order number")


def invoice_targets():
    """Where a column of a file of invoices may go."""
    return [
        external_id("invoice id", "invoiceid"),
        Target("name", gettext_lazy("Subject"), aliases=("subject", "invoice name"), limit=255),
        Target("document", gettext_lazy("Invoice number"), aliases=("invoice number", "invoice no"), limit=60),
        Target("status", gettext_lazy("Status"), "choice", ("invoice status",), choices=Invoice.STATUSES,
               value_map=STATUS_WORDS),
        Target("issued_on", gettext_lazy("Issued on"), "date", ("invoice date", "date", "issue date")),
        *sum_targets(),
        *link_targets("sale", gettext_lazy("Sale"), "sales.sale", ORDERS),
        *party_targets(),
        *record_targets(),
    ]  # fmt: skip


def prepare_invoice(draft, run):
    """Sums in one currency, the day, and a name for an invoice that has none."""
    values = draft.values
    settle_sums(draft, run, tuple(SUMS))
    values["issued_on"] = values.get("issued_on") or day_of(values.get("created_at"))
    if not any(values.get(name) for name in SUMS):
        draft.warn("", _("The invoice has no amounts."))
    if not values.get("name"):
        values["name"] = _("Invoice %(number)s") % {"number": values.get("document") or draft.key}
        draft.warn(run.plan.header_of.get("name", ""), _("The subject is missing; the number stands in for it."))


def make_invoices(rows, *, by):
    """Make invoices; parties that a row leaves out are its sale's, or follow from each other."""
    rows = [{name: value for name, value in row.items() if value is not None} for row in rows]
    for row in rows:
        for name in ("account_id", "contact_id", "customer_id"):
            if row.get("sale") and not row.get(name.removesuffix("_id")):
                row[name] = getattr(row["sale"], name)
    link_parties(rows, by)
    return create_invoices(rows, by=by)


def find_invoices(texts, user):
    """{number in lower case: invoices that the user sees}."""
    found = {}
    for invoice in Invoice.objects.visible_to(user).filter(document__in={text.strip() for text in texts if text}):
        found.setdefault(invoice.document.lower(), []).append(invoice)
    return found


def link_invoice(field, pairs, *, by):
    """Set the sale or a party of invoices that came before it."""
    for invoice, record in pairs.items():
        update_invoice(invoice, {field: record}, by=by)


INVOICE_IMPORT = register(
    Importer(
        name="invoices", label=gettext_lazy("Invoices"), model=Invoice, targets=invoice_targets, order=43,
        icon="receipt", create=make_invoices, prepare=prepare_invoice, find=find_invoices, link=link_invoice,
        update=lambda record, values, by: update_invoice(record, values, by=by), makes=False,
        constants=("currency",),
    )
)  # fmt: skip
