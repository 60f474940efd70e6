"""Operations on invoices, which an accounting system writes and which are kept here beside their sales."""

from django.utils.translation import gettext as _

from crm_site.core.operations import Refused, new_rows, operation, write
from sales.models import Invoice, Sale

PARTIES = ("customer_id", "account_id", "contact_id")


@operation
def create_invoices(rows, *, by):
    """Make many invoices and return them in order; parties that a row leaves out are those of its sale.

    The total is net + tax + adjustment unless given.
    """
    return new_rows(Invoice, [completed(dict(row)) for row in rows], by=by)


def create_invoice(values, *, by):
    """Make one invoice and return it."""
    return create_invoices([values], by=by)[0]


def completed(row):
    """A row with its sale's parties and its total."""
    sale = row.get("sale")
    for name in PARTIES:
        if sale and not row.get(name.removesuffix("_id")) and not row.get(name):
            row.pop(name.removesuffix("_id"), None)
            row[name] = getattr(sale, name)
    if row.get("total") is None:
        row["total"] = sum(row.get(name) or 0 for name in ("net", "tax", "adjustment"))
    return row


@operation
def update_invoice(invoice, values, *, by, version=None):
    """Change an invoice and return it; its total follows its parts. Raises Stale and Refused."""
    values, parts = dict(values), ("net", "tax", "adjustment")
    if any(name in values for name in parts) and "total" not in values:
        values["total"] = sum(values.get(name, getattr(invoice, name)) or 0 for name in parts)
    if (sale := values.get("sale")) and sale.pk != invoice.sale_id:
        need_sale(sale, by)
    return write(invoice, values, by=by, version=version)[0]


def need_sale(sale, by):
    """Refuse a sale out of reach."""
    if by and not Sale.objects.visible_to(by).filter(pk=sale.pk).exists():
        raise Refused(_("There is no such sale."))
