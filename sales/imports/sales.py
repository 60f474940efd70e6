"""How the rows of a file become sales, with the sums that the file gives."""

from collections import defaultdict
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.apply import state
from crm_site.core.imports.links import content_type
from crm_site.core.imports.plan import CHECK
from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets
from crm_site.core.loading import fresh, insert_many
from crm_site.core.models import ExternalId, ImportChange
from customers.imports.common import find_by
from customers.operations.linking import LINKS
from sales.imports.common import MADE, SUMS, day_of, party_targets, record_targets, settle_sums, sum_targets
from sales.models import Sale, SaleLine
from sales.operations.amending import amend_sale, withdraw_sales
from sales.operations.linking import link_parties
from sales.operations.sales import COPIED, create_sales, delete_sales, standing, with_sums

PARTIES = [f"{name}_id" for name in LINKS]

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
    if values.get("total") is not None:
        values |= {name: values.get(name) or Decimal(0) for name in SUMS}
    began = values.get("created_at")
    values["sold_on"] = values.get("sold_on") or day_of(began) or values.get("due_on") or timezone.localdate()
    if values.get("progress") == Sale.CANCELLED:
        values |= {
            "progress": "created", "status": Sale.CANCELLED, "cancel_reason": _("Cancelled in the other system"),
            "cancelled_at": values.get("changed_at") or began or timezone.now(),
        }  # fmt: skip


def sales_of_deals(drafts, run):
    """{id(draft): sale} of orders whose deal is a sale that no order stands for yet; see `stands` of an importer.

    Of several orders of a deal one is its sale, a cancelled one last; the others come in without the deal.
    """
    there, found, by_deal = standing_for(drafts, run), {}, defaultdict(list)
    for draft in drafts:
        if deal := draft.values.get("opportunity"):
            by_deal[deal.pk].append(draft)
    for deal, orders in by_deal.items():
        sold, sale = there.get(deal, (False, None))
        orders.sort(key=is_cancelled)
        if sale:
            found[id(orders[0])] = sale
        for draft in orders[1:] if sale or not sold else orders:
            if not is_cancelled(draft):
                draft.values["opportunity"] = None
                text = _("Another order stands for its deal; it comes in without one.")
                draft.warn(run.plan.header_of.get("opportunity", ""), text, kept=True)
    return found


def is_cancelled(draft):
    """Whether a row is an order that was cancelled."""
    return draft.values.get("status") == Sale.CANCELLED


def standing_for(drafts, run):
    """{deal id: (True, its active sale, None where another order is that or it is out of the user's sight)}."""
    deals = [deal for draft in drafts if (deal := draft.values.get("opportunity"))]
    sales = dict(standing(deals).values_list("pk", "opportunity"))
    rows = ExternalId.objects.filter(content_type=content_type(Sale), object_id__in=sales)
    taken = set(rows.exclude(external_id__startswith=MADE).values_list("object_id", flat=True))
    seen = Sale.objects.visible_to(run.user).in_bulk(sales.keys() - taken)
    return {deal: (True, seen.get(pk)) for pk, deal in sales.items()}


def make_sales(rows, *, by):
    """Make sales, whose parties are their deal's or follow from each other."""
    rows = [{name: value for name, value in row.items() if name not in SUMS or value is not None} for row in rows]
    link_parties(rows, by)
    for row in rows:
        if deal := row.get("opportunity"):
            row.update(parties_of(deal, row))
    return create_sales(rows, by=by)


def parties_of(deal, given):
    """{id of a party: the deal's} for those that are not given."""
    return {name: getattr(deal, name) for name in PARTIES if not given.get(name)}


def change_sale(sale, values, by):
    """What a file says of a sale that is here, such as the one that its deal became; lines of a file of lines stay."""
    values = dict(values)
    lines = values.pop("lines", None)
    if lines is not None:
        lines = [read_line(line) for line in lines]
    elif SUMS.keys() & values.keys() and not own_lines(sale):
        given = ("name", "currency", *SUMS)
        lines = with_sums({name: values.get(name, getattr(sale, name)) for name in given}, None)[1]
    return amend_sale(sale, values, by=by, lines=lines)


def own_lines(sale):
    """Whether lines of a file are a sale's."""
    rows = ExternalId.objects.filter(content_type=content_type(SaleLine), object_id__in=sale.lines.values("pk"))
    return rows.exists()


def keep_sale_lines(sale):
    """The lines of a sale as JSON, for the way back."""
    rows = sale.lines.order_by("position", "id").values(*COPIED, "price_book_id")
    return {"lines": [{k: v if v is None or isinstance(v, int | str) else str(v) for k, v in row.items()}
                      for row in rows]}  # fmt: skip


def read_line(kept):
    """An unsaved line as keep_sale_lines kept it."""
    return fresh(SaleLine, **{name: SaleLine._meta.get_field(name).to_python(v) for name, v in kept.items()})


def withdraw_deals_sales(run):
    """Sales that deals of the same system became "unless its sales are imported" end now that these are here."""
    known = ExternalId.objects.filter(content_type=content_type(Sale), system=run.plan.system)
    made = known.filter(external_id__startswith=MADE, job__options__importer="opportunities")
    made = made.exclude(job__options__constants__become="sales").values("object_id")
    orders = known.exclude(external_id__startswith=MADE)
    rows = Sale.objects.visible_to(run.user, "change").filter(pk__in=made).exclude(pk__in=orders.values("object_id"))
    if run.phase == CHECK:
        return {"withdrawn": rows.filter(status=Sale.ACTIVE).count()}
    found = withdraw_sales(rows, timezone.now(), by=run.user) if orders.exists() else []
    insert_many(ImportChange, [change_of(run, sale) for sale in found])
    return {"withdrawn": len(found)}


def change_of(run, sale):
    """What undoing the import needs to let a withdrawn sale stand again."""
    now = state(Sale.objects.unscoped("withdrawn just now").get(pk=sale.pk), SALE_IMPORT)
    before = {"status": Sale.ACTIVE, "cancelled_at": None, "cancel_reason": ""}
    return ImportChange(job_id=run.job.pk, object_id=sale.pk, before=before, after={name: now[name] for name in before})


def find_sales(texts, user):
    """{folded number of the order or subject: sales that the user sees}."""
    rows, wanted = Sale.objects.visible_to(user), {text.strip() for text in texts if text}
    found = {sale.document.lower(): [sale] for sale in rows.filter(document__in=wanted)}
    return find_by(rows, texts, "name_sort", lambda sale: sale.name) | found


def link_sale(field, pairs, *, by):
    """Set the deal, the quote or a party of sales that came before it; a deal brings its parties."""
    for sale, record in pairs.items():
        parties = parties_of(record, {name: getattr(sale, name) for name in PARTIES}) if field == "opportunity" else {}
        amend_sale(sale, {field: record} | parties, by=by)


SALE_IMPORT = register(
    Importer(
        name="sales", label=gettext_lazy("Sales"), model=Sale, targets=sale_targets, order=41, icon="coin",
        create=make_sales, update=change_sale, prepare=prepare_sale, find=find_sales, link=link_sale, makes=False,
        delete=delete_sales, stands=sales_of_deals, parts=keep_sale_lines, done=withdraw_deals_sales,
        constants=("currency",),
    )
)  # fmt: skip
