"""How the rows of a file become sales, with the sums that the file gives."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets
from customers.imports.common import find_by
from sales.imports.common import SUMS, day_of, party_targets, record_targets, settle_sums, sum_targets
from sales.models import Sale
from sales.operations.linking import link_parties
from sales.operations.sales import create_sales, delete_sales, update_sale, void_sale

STATUSES = Sale.PROGRESS | {Sale.CANCELLED: Sale.STATUSES[Sale.CANCELLED]}
STATUS_WORDS = {
    "canceled": "cancelled", "void": "cancelled", "draft": "created", "open": "created", "new": "created",
    "confirmed": "approved", "activated": "approved", "shipped": "delivered", "fulfilled": "delivered",
    "completed": "delivered", "closed": "delivered",
}  # fmt: skip


def sale_targets():
    """Where a column of a file of sales may go."""
    return [
        external_id("sales order id", "salesorderid", "order id", "orderid", "soid"),
        Target("name", gettext_lazy("Subject"), aliases=("subject", "order name", "sales order name"), limit=255),
        Target("document", gettext_lazy("Order number"), limit=40,
               aliases=("so number", "sales order number", "order no", "order number")),
        Target("progress", gettext_lazy("Progress"), "choice", ("status", "order status"), choices=STATUSES,
               value_map=STATUS_WORDS),
        Target("sold_on", gettext_lazy("Sold on"), "date", ("order date", "sales date", "sold at", "date")),
        Target("due_on", gettext_lazy("Due on"), "date", ("due date", "delivery date")),
        *sum_targets(),
        *link_targets("opportunity", gettext_lazy("Opportunity"), "sales.opportunity",
                      ("deal name", "potential name", "opportunity name", "deal", "potential")),
        *link_targets("quote", gettext_lazy("Quote"), "sales.quote", ("quote name",)),
        *party_targets(),
        Target("description", gettext_lazy("Description"), "longtext", ("notes", "comments")),
        *record_targets(),
    ]  # fmt: skip


def prepare_sale(draft, run):
    """Sums in one currency, the day of the sale, a name, and what was cancelled."""
    values = draft.values
    settle_sums(draft, run, tuple(SUMS))
    if not values.get("name"):
        values["name"] = _("Order %(id)s") % {"id": draft.key if run.plan.has_ids else draft.line}
    began = values.get("created_at")
    values["sold_on"] = values.get("sold_on") or day_of(began) or values.get("due_on") or timezone.localdate()
    if values.get("progress") == Sale.CANCELLED:
        values |= {
            "progress": "created", "status": Sale.CANCELLED, "cancel_reason": _("Cancelled in the other system"),
            "cancelled_at": values.get("changed_at") or began or timezone.now(),
        }  # fmt: skip


def make_sales(rows, *, by):
    """Make sales, whose parties follow from each other."""
    rows = [{name: value for name, value in row.items() if name not in SUMS or value is not None} for row in rows]
    link_parties(rows, by)
    return create_sales(rows, by=by)


def change_sale(sale, values, by):
    """What a file says of a sale that is here; its sums stay as they were sold."""
    values = dict(values)
    if values.pop("status", "") == Sale.CANCELLED and sale.status != Sale.CANCELLED:
        sale = void_sale(sale, values["cancel_reason"], by=by)
    for name in ("cancelled_at", "cancel_reason"):
        values.pop(name, None)
    return update_sale(sale, values, by=by)


def find_sales(texts, user):
    """{folded number of the order or subject: sales that the user sees}."""
    rows, wanted = Sale.objects.visible_to(user), {text.strip() for text in texts if text}
    found = {sale.document.lower(): [sale] for sale in rows.filter(document__in=wanted)}
    return find_by(rows, texts, "name_sort", lambda sale: sale.name) | found


def link_sale(field, pairs, *, by):
    """Set the quote or a party of sales that came before it; the deal of a sale is what it was won for."""
    for sale, record in pairs.items():
        update_sale(sale, {field: record}, by=by)


SALE_IMPORT = register(
    Importer(
        name="sales", label=gettext_lazy("Sales"), model=Sale, targets=sale_targets, order=41, icon="coin",
        create=make_sales, update=change_sale, prepare=prepare_sale, find=find_sales, link=link_sale, makes=False,
        delete=delete_sales,
    )
)  # fmt: skip
