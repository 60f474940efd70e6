"""Deals that were closed before they came here: made with the past that is known of them."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from crm_site.core.money import rounded
from crm_site.core.operations import operation
from sales.models import Opportunity, Stage
from sales.operations.opportunities import create_opportunities, end_of_quarter
from sales.operations.worth import base_amounts

CLOSE = """
    UPDATE sales_opportunity d SET stage_id = n.stage, state = n.state, probability = n.probability,
        category = n.category, probability_by_hand = false, category_by_hand = false, amount = n.amount,
        amount_base = n.base, close_date = n.day, closed_at = n.at, stage_since = n.at, changed_at = n.at,
        version = d.version + 1
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::int[], %s::text[], %s::numeric[], %s::numeric[],
        %s::date[], %s::timestamptz[]) n(id, stage, state, probability, category, amount, base, day, at)
    WHERE d.id = n.id
"""
FIRSTS = ("expected_amount", "expected_close")


@operation
def create_past_opportunities(rows, *, by):
    """As create_opportunities; a closed deal that began before it was closed is made open first and closed then.

    So its changes tell when it began and when it was closed (`created_at`, `closed_at` of the row). It begins in the
    last open stage before the closing one that the row names as `stage_before`, by default its pipeline's first. What
    was expected at first is `expected_amount` (default: the amount) and `expected_close` (default: the end of the
    quarter in which it began). Two statements more than create_opportunities, however many rows.
    """
    before = stages_before({row["stage"].pipeline_id for row in rows if row.get("stage")})
    made, later = [], {}
    for n, row in enumerate(map(dict, rows)):
        first = row.pop("stage_before", None) or (row.get("stage") and before.get(row["stage"].pipeline_id))
        firsts = {name: row.pop(name, None) for name in FIRSTS}
        if row.get("stage") and row["stage"].state != Stage.OPEN and began_before(row) and first:
            later[n] = row
            made.append(begun(row, first, firsts))
        else:
            made.append(row | ({"changed_at": row["closed_at"]} if row.get("closed_at") else {}))
    deals = create_opportunities(made, by=by)
    close_many([(deals[n], row) for n, row in later.items()])
    return deals


def stages_before(pipelines):
    """{pipeline id: its first open stage}."""
    rows = Stage.objects.filter(pipeline__in=pipelines, state=Stage.OPEN).order_by("is_active", "-order", "-id")
    return {stage.pipeline_id: stage for stage in rows}


def began_before(row):
    """Whether it is known that a row's deal was made before it was closed."""
    return bool(row.get("created_at") and row.get("closed_at") and row["created_at"] < row["closed_at"])


def begun(row, first, firsts):
    """The row of a closed deal as it was when it began."""
    day = timezone.localdate(row["created_at"])
    closing = {"closed_at", "probability", "category", "loss_reason", "loss_note"}
    return {name: value for name, value in row.items() if name not in closing} | {
        "stage": first, "changed_at": row["created_at"],
        "amount": row.get("amount") if firsts["expected_amount"] is None else firsts["expected_amount"],
        "close_date": firsts["expected_close"] or end_of_quarter(day),
    }  # fmt: skip


def close_many(pairs):
    """Close deals as their rows say, by one statement; the objects follow."""
    for deal, row in pairs:
        stage = row["stage"]
        amount = row.get("amount")
        deal.stage, deal.state, deal.probability, deal.category = stage, stage.state, stage.probability, stage.category
        deal.probability_by_hand = deal.category_by_hand = False
        deal.amount = None if amount is None else rounded(amount, deal.currency)
        deal.close_date = row.get("close_date") or timezone.localdate(row["closed_at"])
        deal.closed_at = deal.stage_since = deal.changed_at = row["closed_at"]
        deal.version += 1
    deals = base_amounts([deal for deal, _row in pairs])
    if not deals:
        return
    columns = zip(*((d.pk, d.stage_id, d.state, d.probability, d.category, d.amount, d.amount_base, d.close_date,
                     d.closed_at) for d in deals), strict=True)  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, [list(column) for column in columns])
    keep_losses(pairs)


def keep_losses(pairs):
    """Store why deals were lost, as far as their rows say."""
    lost = [(deal, row) for deal, row in pairs if row.get("loss_reason") or row.get("loss_note")]
    for deal, row in lost:
        deal.loss_reason, deal.loss_note = row.get("loss_reason"), row.get("loss_note") or ""
    Opportunity.objects.unscoped("made just now").bulk_update(
        [deal for deal, _row in lost], ["loss_reason", "loss_note"], batch_size=500
    )


def noon_after(day, moment):
    """Noon of a day, but never before a moment nor in the future."""
    at = timezone.make_aware(timezone.datetime.combine(day, timezone.datetime.min.time())) + timedelta(hours=12)
    return min(max(at, moment + timedelta(seconds=1)) if moment else at, timezone.now())
