"""What the forecast costs behind the pages: its sums made anew and kept up to date, the odds of the night.

`python -m tests.benchmarks.forecasting` runs in the database of DATABASE_URL and prints one JSON object.
"""

import json
import statistics
import sys
import time

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 - Django must be set up first

from crm_site.core.models import User  # noqa: E402
from sales import odds, rollup  # noqa: E402
from sales.models import Opportunity, OpportunityChange, Stage  # noqa: E402
from sales.operations.opportunities import move_opportunity  # noqa: E402

# All deals by owner and month, weighted: what a forecast has to read when nothing is kept.
RAW = """
    SELECT owner_id, date_trunc('month', close_date), category, sum(amount_base), sum(weighted_base)
    FROM sales_opportunity WHERE deleted_at IS NULL GROUP BY 1, 2, 3
"""


class TakeBack(Exception):
    """Ends a transaction whose changes are not wanted."""


def seconds(do):
    """How long it takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def ask(statement):
    """Run a statement and read all of it."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def change_one(deal, stages, user):
    """Move a deal there and roll up: (seconds of the roll-up, cells that it touched)."""
    stage = next(s for s in stages if s.pk != deal.stage_id)
    move_opportunity(deal, stage, by=user)
    began = time.perf_counter()
    rolled = rollup.roll_up()
    return time.perf_counter() - began, rolled.cells


def change_some(rounds=15):
    """One changed deal, several times, and all of it taken back: (median seconds, most cells)."""
    user = User.objects.get(email="volume-0001@example.test")
    stages = list(Stage.objects.filter(state=Stage.OPEN, is_active=True).order_by("order")[:2])
    found = []
    try:
        with transaction.atomic():
            rollup.roll_up()
            deals = Opportunity.objects.visible_to(user).filter(state="open", deleted_at=None).order_by("-pk")[:rounds]
            found = [change_one(deal, stages, user) for deal in deals]
            raise TakeBack
    except TakeBack:
        return statistics.median(took for took, _cells in found), max(cells for _took, cells in found)


def main():
    """All of it."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    ask(RAW)
    raw = statistics.median(seconds(lambda: ask(RAW)) for _round in range(3))
    whole = statistics.median(seconds(rollup.rebuild) for _round in range(3))
    one, cells = change_some()
    night = seconds(odds.learn), seconds(odds.apply)
    sys.stdout.write(json.dumps({
        "deals": Opportunity.objects.unscoped("counted").count(), "changes": OpportunityChange.objects.count(),
        "raw s": raw, "whole s": whole, "one s": one, "cells": cells, "learn s": night[0], "apply s": night[1],
    }) + "\n")  # fmt: skip


if __name__ == "__main__":
    main()
