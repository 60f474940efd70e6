"""What is stored beside what it follows from, all made anew from nothing: `drift()` says where the two differ."""

from collections import defaultdict
from decimal import Decimal

from crm_site.core.money import Rates
from customers.models import Activity, Customer
from sales import rollup
from sales.models import Credit, CreditCell, ForecastCell, Opportunity, Quote, Sale


def drift():
    """Sentences about every stored value that is not what it would be if it were made anew."""
    while rollup.roll_up().changes:
        pass
    return [*deals(), *cells(), *papers(Quote), *papers(Sale), *credits_(), *credit_cells(), *customers(), *reaches()]


def rows(model):
    """All rows that are not in the bin."""
    return model.objects.unscoped("all are made anew").filter(deleted_at__isnull=True)


def differs(record, name, stored, wanted):
    """The sentence about one value, if it is wrong."""
    if stored != wanted:
        yield f"{record._meta.label_lower} {record.pk} {name}: {stored} is stored, {wanted} would be right"


def deals():
    """Amounts in the company's currency, amounts from lines, and what the stage decides."""
    found = list(rows(Opportunity).select_related("stage").prefetch_related("lines"))
    rates = Rates({deal.currency for deal in found})
    for deal in found:
        day = deal.close_date.replace(day=1) if deal.state == "open" else deal.close_date
        base = None if deal.amount is None else rates.base(deal.amount, deal.currency, day)
        yield from differs(deal, "amount_base", deal.amount_base, base)
        yield from differs(deal, "state", deal.state, deal.stage.state)
        yield from differs(deal, "pipeline", deal.pipeline_id, deal.stage.pipeline_id)
        if not deal.probability_by_hand:
            yield from differs(deal, "probability", deal.probability, deal.stage.probability)
        if deal.amount_from_lines:
            yield from differs(deal, "amount", deal.amount, sum((line.net for line in deal.lines.all()), Decimal(0)))
        sales = Sale.objects.unscoped("its own").filter(opportunity=deal, status=Sale.ACTIVE).count()
        yield from differs(deal, "sales", sales, 1 if deal.state == "won" else 0)


def cells():
    """The forecast's sums by owner, team, month, stage and category."""
    wanted, stored = defaultdict(lambda: [0, Decimal(0)]), {}
    for deal in rows(Opportunity):
        key = (deal.owner_id, deal.team_id, deal.close_date.replace(day=1), deal.stage_id, deal.category)
        wanted[key][0] += 1
        wanted[key][1] += deal.amount_base or 0
    for cell in ForecastCell.objects.all():
        stored[cell.owner_id, cell.team_id, cell.month, cell.stage_id, cell.category] = [cell.deals, cell.amount]
    for key in {*wanted, *stored}:
        if stored.get(key) != wanted.get(key):
            yield f"forecast cell {key}: {stored.get(key)} is stored, {wanted.get(key)} would be right"


def papers(model):
    """Sums of the lines, and totals."""
    for paper in rows(model).prefetch_related("lines"):
        lines = list(paper.lines.all())
        for name in ("net", "tax"):
            yield from differs(paper, name, getattr(paper, name), sum((getattr(x, name) for x in lines), Decimal(0)))
        for line in lines:
            yield from differs(line, "total", line.total, line.net + line.tax)
        total = paper.net - paper.discount + paper.tax + paper.adjustment
        yield from differs(paper, "total", paper.total, total)


def credits_():
    """What is credited for each sale: its worth before tax while it stands, nothing once it is cancelled."""
    given = defaultdict(Decimal)
    for sale, amount in Credit.objects.filter(kind="revenue").values_list("sale", "amount_base"):
        given[sale] += amount
    sales = list(rows(Sale))
    rates = Rates({sale.currency for sale in sales})
    for sale in sales:
        worth = rates.base(sale.net - sale.discount + sale.adjustment, sale.currency, sale.sold_on) or Decimal(0)
        yield from differs(sale, "credit", given[sale.pk], worth if sale.status == Sale.ACTIVE else Decimal(0))
        yield from differs(
            sale, "total_base", sale.total_base, rates.base(sale.total, sale.currency, sale.sold_on)
        )  # fmt: skip


def credit_cells():
    """The sums of credit by user, team, month and kind."""
    wanted, stored = defaultdict(Decimal), defaultdict(Decimal)
    for row in Credit.objects.all():
        wanted[row.user_id, row.team_id, row.day.replace(day=1), row.kind] += row.amount_base
    for cell in CreditCell.objects.all():
        stored[cell.user_id, cell.team_id, cell.month, cell.kind] = cell.amount
    for key in {*wanted, *stored}:
        if stored[key] != wanted[key]:
            yield f"credit cell {key}: {stored[key]} is stored, {wanted[key]} would be right"


def customers():
    """Names and reach that a customer has from its party."""
    for customer in rows(Customer).select_related("account", "contact"):
        party = customer.account or customer.contact
        for name, stored in (("name", str(party)), ("email", party.email), ("phone", party.phone)):
            yield from differs(customer, name, getattr(customer, name), stored)


def reaches():
    """Whose the record is that an activity belongs to."""
    found = Activity.objects.unscoped("all are made anew").filter(regarding_type__isnull=False)
    for activity in found.select_related("regarding_type"):
        model = activity.regarding_type.model_class()
        owner = model.objects.unscoped("as above").filter(pk=activity.regarding_id).values_list("owner", flat=True)
        yield from differs(activity, "followed_owner", [activity.followed_owner_id], list(owner))
