"""The ledger of credit: who sold how much on which day, shared out to the cent; nothing in it is ever changed."""

from collections import defaultdict
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from crm_site.core.loading import insert_many
from crm_site.core.money import Rates
from sales.models import Credit, SaleLine, Split
from sales.operations.totals import portions, shared_out

SHARE = Decimal("0.00001")


def write_credits(sales):
    """Credit the active ones among new sales, as the splits of their deals say, otherwise to their owners alone.

    What counts is the amount before tax, in the company's currency at the rate of the day of the sale; each share is
    divided by the families of products sold. A sale in a currency without a rate counts by number only. Returns the
    rows; the number of statements does not grow with the sales.
    """
    active = [sale for sale in sales if sale.status == sale.ACTIVE]
    rates = Rates({sale.currency for sale in active})
    splits, families = splits_of(active), families_of(active)
    made = []
    for sale in active:
        worth = rates.base(sale.net - sale.discount + sale.adjustment, sale.currency, sale.sold_on) or Decimal(0)
        made += credits_of(sale, worth, splits.get(sale.opportunity_id), families.get(sale.pk) or {"": Decimal(1)})
    return insert_many(Credit, made)


def splits_of(sales):
    """{opportunity id: its splits with their users}."""
    found = defaultdict(list)
    ids = {sale.opportunity_id for sale in sales if sale.opportunity_id}
    for split in Split.objects.filter(opportunity__in=ids).select_related("user").order_by("id") if ids else ():
        found[split.opportunity_id].append(split)
    return found


def families_of(sales):
    """{sale id: {product family: net of its lines}}."""
    found = defaultdict(lambda: defaultdict(Decimal))
    rows = SaleLine.objects.filter(sale__in=[sale.pk for sale in sales]).order_by("position", "id")
    for sale, family, net in rows.values_list("sale", "product__family", "net"):
        found[sale][family or ""] += net
    return found


def credits_of(sale, worth, splits, families):
    """The unsaved credits of one sale: revenue shares add up to its worth and to one sale, overlay comes on top."""
    revenue = [(split.user, split.percent) for split in splits or () if split.kind == "revenue"]
    overlay = [(split.user, split.percent) for split in splits or () if split.kind == "overlay"]
    if not revenue and sale.owner_id:
        revenue = [(sale.owner, Decimal(100))]
    percents = [percent for _user, percent in revenue]
    shares = [
        (user, "revenue", amount, count)
        for (user, _percent), amount, count in zip(
            revenue, shared_out(worth, percents, settings.BASE_CURRENCY), portions(1, percents, SHARE), strict=True
        )
    ]
    for user, percent in overlay:
        rest = [percent, 100 - percent]
        amount = shared_out(worth, rest, settings.BASE_CURRENCY)[0]
        shares.append((user, "overlay", amount, portions(1, rest, SHARE)[0]))
    return [credit for share in shares for credit in by_family(sale, families, *share)]


def by_family(sale, families, user, kind, amount, count):
    """One user's credit, divided by the families of products."""
    weights = list(families.values())
    if any(weight < 0 for weight in weights):
        weights = [max(weight, Decimal(0)) for weight in weights]
    amounts = shared_out(amount, weights, settings.BASE_CURRENCY)
    return [
        Credit(sale=sale, user=user, team_id=user.team_id, kind=kind, family=family, day=sale.sold_on,
               amount_base=part, count=number)
        for family, part, number in zip(families, amounts, portions(count, weights, SHARE), strict=True)
    ]  # fmt: skip


def reverse_credits(*sales, corrected=False):
    """Take the credit of sales back: one row today for each that is not taken back yet, naming it. Returns the rows.

    What was `corrected` is taken back on its own day, as it should never have counted.
    """
    standing = Credit.objects.filter(sale__in=[sale.pk for sale in sales], reverses__isnull=True)
    today = timezone.localdate()
    return insert_many(Credit, [
        Credit(sale_id=row.sale_id, user_id=row.user_id, team_id=row.team_id, kind=row.kind, family=row.family,
               day=row.day if corrected else today, amount_base=-row.amount_base, count=-row.count, reverses=row)
        for row in standing.filter(reversed_by__isnull=True).order_by("id")
    ])  # fmt: skip
