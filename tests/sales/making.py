"""Deals and products for tests, past the operations."""

from datetime import date
from decimal import Decimal

from sales.models import Opportunity, OpportunityLine, Pipeline, Price, Product, Stage
from sales.operations.totals import line_values


def stage(state="open", probability=50, category="pipeline"):
    """A stage of the default pipeline; both are made when a flush took them away."""
    pipeline, _made = Pipeline.objects.get_or_create(is_default=True, defaults={"name": "Sales"})
    found = pipeline.stages.filter(state=state).first()
    kind = {"won": (100, "closed"), "lost": (0, "lost")}.get(state, (probability, category))
    return found or Stage.objects.create(
        pipeline=pipeline, name=state, order=1, state=state, probability=kind[0], category=kind[1]
    )


def deal_of(owner, lines=(), **values):
    """An open deal of the owner with these lines: (description, quantity, price) or dicts."""
    at = stage()
    values = {"name": "A deal", "currency": "EUR", "close_date": date(2026, 6, 30)} | values
    deal = Opportunity.objects.create(
        owner=owner, team=owner.team, created_by=owner, changed_by=owner, pipeline=at.pipeline, stage=at,
        probability=at.probability, category=at.category, **values,
    )  # fmt: skip
    for position, line in enumerate(lines):
        row = (
            line if isinstance(line, dict) else dict(zip(("description", "quantity", "unit_price"), line, strict=True))
        )
        row = {k: Decimal(v) if k not in ("description", "product") else v for k, v in row.items()}
        OpportunityLine.objects.create(
            opportunity=deal, position=position, **row, **line_values(row, values["currency"])
        )
    return deal


def product(name="Widget", price="10", currency="EUR", **values):
    """A product with a standard price."""
    made = Product.objects.create(name=name, **values)
    Price.objects.create(product=made, currency=currency, amount=Decimal(price))
    return made
