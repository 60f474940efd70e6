"""Operations on sales: what a won deal becomes, once."""

from collections import defaultdict
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import fresh, insert_many, read_many
from crm_site.core.money import Rates, rounded
from crm_site.core.operations import (
    Refused,
    delete_record,
    lock,
    new_rows,
    operation,
    refuse,
    require,
    restore_record,
    write,
    write_many,
)
from customers.models import Customer
from customers.operations.customers import put_statuses
from sales.models import Opportunity, OpportunityLine, Sale, SaleLine
from sales.operations.credits import reverse_credits, write_credits
from sales.operations.numbers import documents
from sales.operations.totals import line_values, totals

COPIED = (
    "position", "product_id", "description", "quantity", "unit_price", "discount_percent", "discount_amount",
    "tax_rate", "net", "tax", "total",
)  # fmt: skip
FROM_DEAL = ("name", "customer_id", "account_id", "contact_id", "owner_id", "team_id", "currency")
GIVEN = ("net", "discount", "tax", "adjustment", "total")
SERIES = "SO"


def sell(deal, *, by, amount=None, sold_on=None, quote=None):
    """The sale of a deal: its only active one, made now unless it is there already. For use inside an operation.

    Lines and prices are copied from the quote, else from the deal; without any there is one line, "name / amount".
    `amount` is what was agreed before tax, where that differs from the lines; the difference becomes the adjustment.
    The customer becomes active and credit is written. Repeated and simultaneous calls return the same sale.
    """
    require(by, Sale, "add")
    deal = locked([deal]).get()
    if found := standing([deal]).first():
        return found
    lines = copied_lines(quote or deal, SaleLine) or [plain_line(deal.name, amount or deal.amount, deal.currency)]
    values = agreed(lines, amount, quote) | {"quote": quote, "sold_on": sold_on or timezone.localdate()}
    return sold([(deal, lines, values)], by)[0]


@operation
def sell_many(deals, *, by):
    """The sales of many deals that were won elsewhere, on their close dates and at their amounts; see sell.

    Those that have an active sale or no amount are left out. The number of statements grows with the years and with
    the days on which customers became active, not with the deals.
    """
    require(by, Sale, "add")
    there = set(standing(deals).values_list("opportunity", flat=True))
    lines = defaultdict(list)
    rows = OpportunityLine.objects.filter(opportunity__pk__any_of={deal.pk for deal in deals}).order_by(
        "position", "id"
    )
    for row in rows.values("opportunity_id", *COPIED):
        lines[row.pop("opportunity_id")].append(fresh(SaleLine, **row))
    made = []
    for deal in read_many(locked(deals)):
        if deal.pk not in there and deal.amount is not None:
            own = lines[deal.pk] or [plain_line(deal.name, deal.amount, deal.currency)]
            made.append((deal, own, agreed(own, deal.amount, None) | {"sold_on": deal.close_date}))
    return sold(made, by)


def locked(deals):
    """These deals, locked one after the other."""
    rows = Opportunity.objects.unscoped("who may win the deals was asked by who calls")
    return rows.select_for_update().filter(pk__any_of={deal.pk for deal in deals}).order_by("pk")


def standing(deals):
    """The active sales of deals."""
    rows = Sale.objects.unscoped("there is one whoever sees it")
    return rows.filter(opportunity__pk__any_of={deal.pk for deal in deals}, status=Sale.ACTIVE)


def sold(rows, by):
    """Insert sales with all that follows: [(locked deal, unsaved lines, sums and day)] -> sales in order."""
    rates = Rates({deal.currency for deal, _lines, _values in rows})
    numbers = documents(SERIES, [values["sold_on"].year for _deal, _lines, values in rows])
    sales = insert_many(Sale, [
        fresh(
            Sale, **{name: getattr(deal, name) for name in FROM_DEAL}, opportunity=deal, created_by=by, changed_by=by,
            total_base=rates.base(values["total"], deal.currency, values["sold_on"]), document=number, **values,
        ) for (deal, _lines, values), number in zip(rows, numbers, strict=True)
    ])  # fmt: skip
    keep_lines(zip(sales, (lines for _deal, lines, _values in rows), strict=True))
    write_credits(sales)
    activate_customers(sales, by)
    return sales


def copied_lines(source, model, extra=()):
    """The lines of a deal or quote as unsaved lines of another model."""
    rows = source.lines.order_by("position", "id").values(*COPIED, *extra)
    return [fresh(model, **row) for row in rows]


def plain_line(name, amount, currency):
    """The one line of something that has no lines."""
    row = {"unit_price": Decimal(amount or 0)}
    return fresh(SaleLine, description=name[:300], **row, **line_values(row, currency))


def agreed(lines, amount, quote):
    """The sums of a sale: the lines' and, as the adjustment, what the agreed amount differs by from their net."""
    adjustment = quote.adjustment if quote else Decimal(0)
    if amount is not None:
        net = sum((line.net for line in lines), Decimal(0))
        adjustment = rounded_difference(amount, net)
    return totals([{"net": line.net, "tax": line.tax} for line in lines], adjustment)


def rounded_difference(amount, net):
    """What an agreed amount differs by; a part of the smallest coin is no difference."""
    difference = Decimal(amount) - net
    return Decimal(0) if abs(difference) < Decimal("0.001") else difference


def keep_lines(pairs):
    """Insert the lines of new sales: [(sale, unsaved lines)]; one statement however many."""
    made = []
    for sale, lines in pairs:
        for position, line in enumerate(lines):
            line.sale, line.position = sale, position
            made.append(line)
    return insert_many(SaleLine, made)


def activate_customers(sales, by):
    """Who bought something is an active customer, at least since that day."""
    firsts = {sale.customer_id: sale for sale in sorted(sales, key=lambda sale: sale.sold_on, reverse=True)}
    rows = Customer.objects.unscoped("buying makes a customer active whoever may change it").order_by("pk")
    waiting = list(rows.select_for_update(of=("self",)).filter(pk__in=firsts).exclude(status=Customer.ACTIVE))
    if not waiting:
        return
    ids = [customer.pk for customer in waiting]
    mine = set(Customer.objects.changeable_by(by).filter(pk__in=ids).values_list("pk", flat=True)) if by else set()
    put_statuses([
        (customer, _("Sale %(number)s") % {"number": sale.document}, sale.sold_on, by if customer.pk in mine else None)
        for customer in waiting if (sale := firsts[customer.pk])
    ], Customer.ACTIVE)  # fmt: skip


@operation
def create_sales(rows, *, by):
    """Make many sales that no deal was won for here, such as another system's; returns them in order.

    A row holds fields of Sale and perhaps `lines`, dicts of line fields, of which the sums are made; without lines
    there is one, "name / net", with the row's tax, and a row that gives its total keeps its sums as they are: other
    systems take off discounts in their own ways. `document` is its number, else the next of our own series is
    taken. Credit is written. The number of statements does not grow with the rows.
    """
    rates = Rates({row["currency"] for row in rows})
    made, lines = [], []
    for row in rows:
        values = dict(row)
        own = values.pop("lines", None)
        values, found = with_sums(values, own)
        values["total_base"] = rates.base(values["total"], values["currency"], values["sold_on"])
        made.append(values)
        lines.append(found)
    unnumbered = [values for values in made if not values.get("document")]
    for values, number in zip(unnumbered, documents(SERIES, [v["sold_on"].year for v in unnumbered]), strict=True):
        values["document"] = number
    sales = new_rows(Sale, made, by=by)
    keep_lines(zip(sales, lines, strict=True))
    write_credits(sales)
    return sales


def with_sums(values, own):
    """(field values of a sale with its sums, its unsaved lines)."""
    currency = values["currency"]
    if own:
        lines = [fresh(SaleLine, **row, **line_values(row, currency)) for row in own]
    else:
        line = plain_line(values["name"], values.get("net"), currency)
        line.tax = rounded(values.get("tax") or 0, currency)
        line.total = line.net + line.tax
        lines = [line]
    if not own and values.get("total") is not None:
        return values | {name: values.get(name) or Decimal(0) for name in GIVEN}, lines
    sums = totals([{"net": line.net, "tax": line.tax} for line in lines], values.get("adjustment"))
    return values | sums, lines


def create_sale(values, *, by):
    """Make one sale and return it; see create_sales."""
    return create_sales([values], by=by)[0]


@operation
def update_sale(sale, values, *, by, version=None):
    """Change what a sale says beside its amounts, which stay as they were sold. Returns it; raises Stale."""
    fixed = {"net", "tax", "discount", "adjustment", "total", "currency", "sold_on", "opportunity", "quote", "status"}
    return write(sale, {k: v for k, v in values.items() if k not in fixed}, by=by, version=version)[0]


@operation
def delete_sale(sale, *, by):
    """Put a sale into the bin and return it; raises Refused for the active sale of a deal, which is to be cancelled.

    The credit of an active one is taken back.
    """
    current = lock(sale, by, "delete")
    if current.status == Sale.ACTIVE and current.opportunity_id:
        raise Refused(_("This sale belongs to a won deal. Cancel it first."))
    if current.status == Sale.ACTIVE:
        reverse_credits(current)
    return delete_record(current, by=by)


@operation
def delete_sales(ids, *, by):
    """Put imported sales into the bin, those of won deals too, and take their credit back; returns how many."""
    found = list(Sale.objects.visible_to(by, "delete").filter(pk__in=ids))
    reverse_credits(*found)
    rows = Sale.objects.unscoped("these came through the gate").filter(pk__in=[sale.pk for sale in found])
    return write_many(rows, {"deleted_at": timezone.now(), "deleted_by": by}, by=by)


@operation
def restore_sale(sale, *, by):
    """Take a sale out of the bin and return it; an active one gets its credit again."""
    current = restore_record(sale, by=by)
    if not current.credits.filter(reverses__isnull=True, reversed_by__isnull=True).exists():
        write_credits([current])
    return current


@operation
def void_sale(sale, reason, *, by):
    """Mark a sale as cancelled with the reason and take its credit back today; returns it, also when it is already.

    What becomes of the deal is another matter: see cancel_sale. Raises Refused without a reason.
    """
    if not (reason or "").strip():
        refuse(_("Say why the sale is cancelled."), "reason")
    current = lock(sale, by)
    if current.status == Sale.CANCELLED:
        return current
    values = {"status": Sale.CANCELLED, "cancelled_at": timezone.now(), "cancel_reason": reason.strip()[:300]}
    current = write(current, values, by=by)[0]
    reverse_credits(current)
    return current
