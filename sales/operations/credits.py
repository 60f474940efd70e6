"""The ledger of credit: who sold how much on which day, shared out to the cent; nothing in it is ever changed."""

from collections import defaultdict
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from crm_site.core.loading import fresh, insert_many
from crm_site.core.models import User
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
    made = []
    for sale, *shared in with_shares(active):
        worth = rates.base(sale.net - sale.discount + sale.adjustment, sale.currency, sale.sold_on) or Decimal(0)
        made += credits_of(sale, worth, *shared)
    return insert_many(Credit, made)


def with_shares(sales):
    """[(sale, those who share it, {family: weight})] as `credits_of` takes them; three statements."""
    splits, families = splits_of(sales), families_of(sales)
    owners = {sale.owner_id for sale in sales if sale.owner_id}
    teams = dict(User.objects.filter(pk__in=owners).values_list("pk", "team_id"))
    found = []
    for sale in sales:
        shares = splits.get(sale.opportunity_id, ())
        if sale.owner_id and not any(kind == "revenue" for *_rest, kind in shares):
            shares = [(sale.owner_id, teams[sale.owner_id], Decimal(100), "revenue"), *shares]
        found.append((sale, shares, families.get(sale.pk) or {"": Decimal(1)}))
    return found


def splits_of(sales):
    """{opportunity id: [(user id, team id, percent, kind)]} of the splits of the sales' deals."""
    found = defaultdict(list)
    ids = {sale.opportunity_id for sale in sales if sale.opportunity_id}
    rows = Split.objects.filter(opportunity__pk__any_of=ids).order_by("id") if ids else Split.objects.none()
    for deal, *split in rows.values_list("opportunity_id", "user_id", "user__team_id", "percent", "kind"):
        found[deal].append(split)
    return found


def families_of(sales):
    """{sale id: {product family: net of its lines}}."""
    found = defaultdict(lambda: defaultdict(Decimal))
    rows = SaleLine.objects.filter(sale__pk__any_of={sale.pk for sale in sales}).order_by("position", "id")
    for sale, family, net in rows.values_list("sale", "product__family", "net"):
        found[sale][family or ""] += net
    return found


def credits_of(sale, worth, shares, families):
    """The unsaved credits of one sale: revenue shares add up to its worth and to one sale, overlay comes on top."""
    revenue = [share for share in shares if share[3] == "revenue"]
    percents = [percent for _user, _team, percent, _kind in revenue]
    amounts = zip(shared_out(worth, percents, settings.BASE_CURRENCY), portions(1, percents, SHARE), strict=True)
    made = [(user, team, kind, *parts) for (user, team, _p, kind), parts in zip(revenue, amounts, strict=True)]
    for user, team, percent, kind in shares:
        if kind == "overlay":
            rest = [percent, 100 - percent]
            amount = shared_out(worth, rest, settings.BASE_CURRENCY)[0]
            made.append((user, team, kind, amount, portions(1, rest, SHARE)[0]))
    return [credit for one in made for credit in by_family(sale, families, *one)]


def by_family(sale, families, user, team, kind, amount, count):
    """One user's credit, divided by the families of products."""
    weights = list(families.values())
    if any(weight < 0 for weight in weights):
        weights = [max(weight, Decimal(0)) for weight in weights]
    amounts = shared_out(amount, weights, settings.BASE_CURRENCY)
    return [
        fresh(Credit, sale_id=sale.pk, user_id=user, team_id=team, kind=kind, family=family, day=sale.sold_on,
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
