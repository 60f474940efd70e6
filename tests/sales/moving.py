"""Deals that move for tests of the forecast: made and changed past the operations, at moments of one's choice."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from sales.models import Opportunity, Pipeline, Stage

ZONE = ZoneInfo(settings.TIME_ZONE)
STAGES = (
    ("Qualification", "open", 10, "pipeline"), ("Proposal", "open", 50, "best"), ("Negotiation", "open", 75, "commit"),
    ("Won", "won", 100, "closed"), ("Lost", "lost", 0, "lost"),
)  # fmt: skip


def stages():
    """{name: stage} of the default pipeline, made when a flush took them away."""
    pipeline, _made = Pipeline.objects.get_or_create(is_default=True, defaults={"name": "Sales"})
    found = {}
    for order, (name, state, probability, category) in enumerate(STAGES, 1):
        found[name], _made = Stage.objects.get_or_create(
            pipeline=pipeline, name=name,
            defaults={"order": order, "state": state, "probability": probability, "category": category},
        )  # fmt: skip
    return found


def at(day, hour=12):
    """The hour of a day, in the company's zone."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)


def deal(owner, amount=100, *, stage="Proposal", close=date(2026, 11, 30), when=None, **values):
    """A deal of the owner as it was made at a moment; `amount` is in the company's currency."""
    found, when = stages()[stage], when or timezone.now()
    values = {"team": owner.team if owner else None} | values
    return Opportunity.objects.create(
        name=values.pop("name", "A deal"), owner=owner, pipeline=found.pipeline, currency=values.pop("currency", "EUR"),
        close_date=close, amount=amount, amount_base=values.pop("amount_base", amount), created_at=when, changed_at=when,
        created_by=owner, changed_by=owner, **staged(found, when), **values,
    )  # fmt: skip


def staged(stage, when):
    """What follows from a stage."""
    return {
        "stage": stage, "state": stage.state, "probability": stage.probability, "category": stage.category,
        "closed_at": None if stage.state == "open" else when, "stage_since": when,
    }  # fmt: skip


def change(found, when=None, **values):
    """Change a deal at a moment, as an import or a raw statement would; `stage` is a name."""
    when = when or timezone.now()
    if "stage" in values:
        values = staged(stages()[values.pop("stage")], when) | values
    if "amount" in values:
        values.setdefault("amount_base", values["amount"])
    Opportunity.objects.unscoped("set up").filter(pk=found.pk).update(changed_at=when, **values)


def one_of_many(chance, owners, deals, when):
    """Do one thing chosen by chance to the deals: make one, or change, move, hand over, delete or restore one."""
    names = [name for name, *_rest in STAGES]
    money = Decimal(chance.randrange(0, 9_000_000)) / 100
    day = date(2026, 1, 1) + timedelta(days=chance.randrange(0, 500))
    what = chance.choice(("make", "make", "amount", "date", "stage", "owner", "delete", "restore", "rate", "all"))
    if what == "make" or not deals:
        amount = None if chance.random() < 0.1 else money
        deals.append(deal(chance.choice(owners), amount, stage=chance.choice(names), close=day, when=when))
        return
    found, owner = chance.choice(deals), chance.choice(owners)
    values = {
        "amount": {"amount": money}, "date": {"close_date": day}, "stage": {"stage": chance.choice(names)},
        "owner": {"owner": owner, "team": owner and owner.team}, "delete": {"deleted_at": when},
        "restore": {"deleted_at": None}, "rate": {"amount": money, "amount_base": None, "currency": "USD"},
        "all": {"amount": money, "close_date": day, "owner": owner, "stage": chance.choice(names)},
    }[what]  # fmt: skip
    change(found, when, **values)


def upheaval(seed, owners, times, start, step=timedelta(hours=5)):
    """Some hundred random changes after each other, the same for the same seed; returns (the deals, the last moment)."""
    chance, deals, when = random.Random(seed), [], start
    for _turn in range(times):
        when += step
        one_of_many(chance, owners, deals, when)
    return deals, when
