"""How the rows of a file become lines of sales: of the sale that a row names, else of the one whose sum they make."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.links import content_type
from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets
from crm_site.core.models import ExternalId
from crm_site.core.operations import operation
from sales.imports.common import book_targets, kept, word
from sales.imports.tying import tie
from sales.models import Sale, SaleLine
from sales.operations.sale_lines import add_sale_lines
from sales.operations.totals import line_values

SUMS = ("unit_price", "discount_amount", "net", "tax", "line_total")
NAMES = ("order", "sales order", "sale", "order number", "sales order number", "so number", "invoice", "parent")


def line_targets():
    """Where a column of a file of lines may go."""
    return [
        external_id("inventoryrelid", "line id", "lineid", "line item id", "row id"),
        *link_targets("sale", gettext_lazy("Sale"), "sales.sale", NAMES),
        *link_targets("product", gettext_lazy("Product"), "sales.product", ("product name", "item", "item name")),
        *book_targets(),
        Target("description", gettext_lazy("Description"), aliases=("line description",), limit=300),
        Target("quantity", gettext_lazy("Quantity"), "decimal", ("qty",)),
        Target("unit_price", gettext_lazy("Unit price"), "money", ("list price", "price", "rate")),
        Target("discount_amount", gettext_lazy("Discount"), "money", ("discount amount",)),
        Target("net", gettext_lazy("Net"), "money", ("total after discount", "net amount")),
        Target("tax", gettext_lazy("Tax"), "money", ("tax amount",)),
        Target("line_total", gettext_lazy("Line total"), "money", ("net total", "total", "amount")),
    ]  # fmt: skip


def gather_lines(drafts, run):
    """Lines that came before stay with their sale."""
    keys = [draft.key for draft in drafts]
    rows = ExternalId.objects.filter(system=run.plan.system, content_type=content_type(SaleLine),
                                     external_id__any_of=keys)  # fmt: skip
    known = dict(rows.values_list("external_id", "object_id"))
    lines = visible_lines(run.user, "view").select_related("sale").in_bulk(set(known.values()))
    for draft in drafts:
        if not draft.values.get("sale") and (line := lines.get(known.get(draft.key))):
            draft.values["sale"] = line.sale


def prepare_line(draft, run):
    """What was sold at what price, and the sale; a line that names none and makes no sum of one is skipped."""
    values = draft.values
    if not values.get("sale"):
        values["sale"] = kept(run, "tied", lambda: tied(run)).get(draft.line)
    if not values["sale"]:
        draft.skip("", _("The line names no order, and the sums do not tell which one it belongs to."))
        return
    for name in SUMS:
        if isinstance(values.get(name), tuple):
            values[name] = values[name][0]
    if (total := values.pop("line_total", None)) is not None:
        values["total"] = total
    product = values.get("product")
    values["description"] = values.get("description") or word(draft, run, "product") or (product and product.name)
    if not values["description"]:
        draft.fail("", _("The line says not what was sold."))
    elif values.get("quantity", Decimal(1)) <= 0:
        draft.fail(run.plan.header_of["quantity"], _("The quantity has to be more than 0."))
    else:
        complete(values)


def complete(values):
    """Net, tax and total that belong together: the total and the tax as the file gives them, else computed."""
    if values.get("total") is not None:
        values["tax"] = values.get("tax") or Decimal(0)
        values["net"] = values["total"] - values["tax"]
        if values.get("unit_price") is None:
            values["unit_price"] = values["net"] / values.get("quantity", Decimal(1))
    else:
        values["unit_price"] = values.get("unit_price") or Decimal(0)
        values |= line_values(values, values["sale"].currency)
    values["discount_amount"] = values.get("discount_amount") or Decimal(0)


def tied(run):
    """{line of the file: sale} where the file names no orders but its lines make their sums."""
    reading = next(((n, read) for n, _h, target, read, _s in run.plan.columns if target.name == "line_total"), None)
    if reading is None or any(target.field == "sale" for _n, _h, target, _r, _s in run.plan.columns):
        return {}
    lines, amounts = [], []
    for row in run.table.rows():
        try:
            amounts.append((reading[1](row.cells[reading[0]]) or (Decimal(0),))[0])
        except ValidationError:
            return {}
        lines.append(row.line)
    sales = open_sales(run)
    found = tie(amounts, {pk: sale.net for pk, sale in sales.items()})
    return {lines[n]: sales[pk] for n, pk in found.items()}


def open_sales(run):
    """{id: sale} of the sales that came from the same system, may be changed, and lack lines of their own."""
    known = ExternalId.objects.filter(system=run.plan.system, content_type=content_type(Sale), object_id=OuterRef("pk"))
    lined = SaleLine.objects.exclude(product=None).values("sale")
    rows = Sale.objects.visible_to(run.user, "change").filter(Exists(known)).exclude(pk__in=lined)
    return {sale.pk: sale for sale in rows}


def visible_lines(user, action):
    """The lines of the sales on which the user may do the action."""
    return SaleLine.objects.filter(sale__in=Sale.objects.visible_to(user, "change" if action == "delete" else action))


@operation
def change_line(line, values, *, by):
    """Change one line of a sale as a file says, and return it."""
    for name, value in values.items():
        setattr(line, name, value)
    line.save(update_fields=list(values))
    return line


@operation
def remove_lines(ids, *, by):
    """Take imported lines away again; returns how many."""
    return visible_lines(by, "delete").filter(pk__in=ids).delete()[0]


LINE_IMPORT = register(
    Importer(
        name="sale_lines", label=gettext_lazy("Lines of sales"), model=SaleLine, targets=line_targets, order=42,
        icon="list", create=add_sale_lines, update=lambda record, values, by: change_line(record, values, by=by),
        prepare=prepare_line, gather=gather_lines, delete=remove_lines, within=visible_lines, gate=Sale, makes=False,
    )
)  # fmt: skip
