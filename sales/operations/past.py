"""Deals that were closed before they came here: made with the past that is known of them."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from crm_site.core.loading import fresh
from crm_site.core.money import rounded
from crm_site.core.operations import operation
from sales.models import Opportunity, Stage
from sales.models.opportunity import WATCHED
from sales.operations.opportunities import create_opportunities, end_of_quarter
from sales.operations.worth import base_amounts

SAME = ("currency", "owner_id", "team_id")
FIRST = {
    "stage_id": "bigint", "state": "text", "category": "text", "probability": "int", "amount": "numeric",
    "amount_base": "numeric", "close_date": "date",
}  # fmt: skip
_FROM = ", ".join(f"from_{name}" for name in WATCHED)
_TO = ", ".join(f"to_{name}" for name in WATCHED)
_BEGUN = ", ".join(f"c.to_{name}" if name in SAME else f"n.{name}" for name in WATCHED)
_ENDED = ", ".join(f"c.to_{name}" for name in WATCHED)
# Of each deal the trigger has told that it was closed. That row becomes the beginning, and one after it tells the end.
TELL = f"""
    WITH n AS MATERIALIZED (
        SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], {", ".join(f"%s::{kind}[]" for kind in FIRST.values())})
            n(id, at, {", ".join(FIRST)})
    ), ended AS (
        INSERT INTO sales_opportunitychange
            (opportunity_id, at, by_id, why, from_alive, to_alive, seconds, rolled_up, {_FROM}, {_TO})
        SELECT c.opportunity_id, c.at, c.by_id, c.why, true, c.to_alive, extract(epoch FROM c.at - n.at)::bigint, false,
            {_BEGUN}, {_ENDED}
        FROM n JOIN sales_opportunitychange c ON c.opportunity_id = n.id
    )
    UPDATE sales_opportunitychange c SET at = n.at, {", ".join(f"to_{name} = n.{name}" for name in FIRST)}
    FROM n WHERE c.opportunity_id = n.id
"""  # noqa: S608 - made of the names above


@operation
def create_past_opportunities(rows, *, by):
    """As create_opportunities; of a closed deal that began before it was closed its changes tell both.

    So they say when it began and when it was closed (`created_at`, `closed_at` of the row). It began in the last open
    stage before the closing one that the row names as `stage_before`, by default its pipeline's first. What was
    expected at first is `expected_amount` (default: the amount) and `expected_close` (default: the end of the quarter
    in which it began). Two statements more than create_opportunities, however many rows.
    """
    before = stages_before({row["stage"].pipeline_id for row in rows if row.get("stage")})
    made, begun = [], {}
    for n, row in enumerate(map(dict, rows)):
        first = row.pop("stage_before", None) or (row.get("stage") and before.get(row["stage"].pipeline_id))
        amount, day = row.pop("expected_amount", None), row.pop("expected_close", None)
        if row.get("closed_at"):
            row |= {"changed_at": row["closed_at"]}
            row["close_date"] = row.get("close_date") or timezone.localdate(row["closed_at"])
        if row.get("stage") and row["stage"].state != Stage.OPEN and began_before(row) and first:
            begun[n] = first, row.get("amount") if amount is None else amount, day
        made.append(row)
    deals = create_opportunities(made, by=by)
    tell_beginnings([(deals[n], beginning(deals[n], *how)) for n, how in begun.items()])
    return deals


def stages_before(pipelines):
    """{pipeline id: its first open stage}."""
    rows = Stage.objects.filter(pipeline__in=pipelines, state=Stage.OPEN).order_by("is_active", "-order", "-id")
    return {stage.pipeline_id: stage for stage in rows}


def began_before(row):
    """Whether it is known that a row's deal was made before it was closed."""
    return bool(row.get("created_at") and row.get("closed_at") and row["created_at"] < row["closed_at"])


def beginning(deal, stage, amount, day):
    """A closed deal as it was when it began, unsaved."""
    return fresh(
        Opportunity, stage_id=stage.pk, state=stage.state, category=stage.category, probability=stage.probability,
        amount=None if amount is None else rounded(amount, deal.currency), currency=deal.currency,
        close_date=day or end_of_quarter(timezone.localdate(deal.created_at)),
    )  # fmt: skip


def tell_beginnings(pairs):
    """Write into the changes of new, closed deals how they began: pairs of a deal and its `beginning`."""
    if not pairs:
        return
    base_amounts([first for _deal, first in pairs])
    rows = [(deal.pk, deal.created_at, *(getattr(first, name) for name in FIRST)) for deal, first in pairs]
    with connection.cursor() as cursor:
        cursor.execute(TELL, [list(column) for column in zip(*rows, strict=True)])


def noon_after(day, moment):
    """Noon of a day, but never before a moment nor in the future."""
    at = timezone.make_aware(timezone.datetime.combine(day, timezone.datetime.min.time())) + timedelta(hours=12)
    return min(max(at, moment + timedelta(seconds=1)) if moment else at, timezone.now())
