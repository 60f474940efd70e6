"""The roll-up: sums of all deals by owner, team, month, stage and category, kept up to date by what changed.

Each change of a deal says what the deal was before and after. A sweep takes the before away from its cell and adds the
after to its own, so one changed deal touches two cells however many deals there are. What the sweep has not seen yet
is added by the reader: `sums` is exact at every moment. Amounts are in the company's currency.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q

BATCH = 20_000
KEY = "owner_id, team_id, month, stage_id, category"
SUMS = "deals, unrated, amount, weighted"
# One side of some changes: what their deals counted for before ("from", taken away) or after ("to", added).
SIDE = """
    SELECT {side}_owner_id AS owner_id, {side}_team_id AS team_id,
        date_trunc('month', {side}_close_date::timestamp)::date AS month, {side}_stage_id AS stage_id,
        {side}_category AS category, {sign}1 AS deals,
        {sign}({side}_amount IS NOT NULL AND {side}_amount_base IS NULL)::int AS unrated,
        {sign}coalesce({side}_amount_base, 0) AS amount,
        {sign}round(coalesce({side}_amount_base, 0) * {side}_probability / 100, 2) AS weighted
    FROM {rows} WHERE {side}_alive
"""
ADDED = "sum(deals)::bigint AS deals, sum(unrated)::bigint AS unrated, sum(amount) AS amount, sum(weighted) AS weighted"


def sides(rows):
    """Both sides of the changes in a table or an expression's name."""
    before, after = (SIDE.format(side=side, sign=sign, rows=rows) for side, sign in (("from", "-"), ("to", "")))
    return f"{before} UNION ALL {after}"


ROLL_UP = f"""
    WITH due AS MATERIALIZED (
        SELECT * FROM sales_opportunitychange WHERE NOT rolled_up ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    ), marked AS (
        UPDATE sales_opportunitychange c SET rolled_up = true FROM due WHERE c.id = due.id RETURNING c.id
    ), put AS (
        INSERT INTO sales_forecastcell ({KEY}, {SUMS})
        SELECT {KEY}, {ADDED} FROM ({sides("due")}) AS parts GROUP BY {KEY}
        HAVING (sum(deals), sum(unrated), sum(amount), sum(weighted)) <> (0, 0, 0, 0)
        ORDER BY {KEY}
        ON CONFLICT ON CONSTRAINT forecast_cell_once DO UPDATE SET
            deals = sales_forecastcell.deals + excluded.deals,
            unrated = sales_forecastcell.unrated + excluded.unrated,
            amount = sales_forecastcell.amount + excluded.amount,
            weighted = sales_forecastcell.weighted + excluded.weighted
        RETURNING id
    ) SELECT (SELECT count(*) FROM marked), (SELECT array_agg(id) FROM put),
        (SELECT array_agg(DISTINCT opportunity_id) FROM due),
        (SELECT array_agg(DISTINCT o) FROM due, unnest(ARRAY[from_owner_id, to_owner_id]) AS o)
"""  # noqa: S608 - made of the names above
DROP_EMPTY = """
    DELETE FROM sales_forecastcell
    WHERE id = ANY(%s) AND deals = 0 AND unrated = 0 AND amount = 0 AND weighted = 0
"""
DEALS = """
    SELECT owner_id, team_id, date_trunc('month', close_date::timestamp)::date AS month, stage_id, category,
        1 AS deals, (amount IS NOT NULL AND amount_base IS NULL)::int AS unrated,
        coalesce(amount_base, 0) AS amount, weighted_base AS weighted
    FROM sales_opportunity WHERE deleted_at IS NULL
"""
REBUILD = f"""
    WITH marked AS (UPDATE sales_opportunitychange SET rolled_up = true WHERE NOT rolled_up)
    INSERT INTO sales_forecastcell ({KEY}, {SUMS})
    SELECT {KEY}, {ADDED} FROM ({DEALS}) AS deals GROUP BY {KEY}
"""  # noqa: S608 - as above
DIFFERENT = f"""
    SELECT count(*) FROM (
        SELECT {KEY}, {ADDED} FROM (
            SELECT {KEY}, {SUMS} FROM sales_forecastcell
            UNION ALL {sides("(SELECT * FROM sales_opportunitychange WHERE NOT rolled_up) AS due")}
            UNION ALL SELECT {KEY}, -deals, -unrated, -amount, -weighted FROM ({DEALS}) AS deals
        ) AS parts GROUP BY {KEY}
        HAVING (sum(deals), sum(unrated), sum(amount), sum(weighted)) <> (0, 0, 0, 0)
    ) AS differences
"""  # noqa: S608 - as above


@dataclass(frozen=True)
class Rolled:
    """What one roll-up did: how many changes it took in, how many cells it touched, of which deals and owners."""

    changes: int
    cells: int
    deals: list
    owners: list


def roll_up(limit=BATCH):
    """Take in up to `limit` changes, all or none of them; changes that another worker holds are left to it."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Waits for a rebuild, which would otherwise wait for this one's changes.
        cursor.execute("LOCK TABLE sales_forecastcell IN ROW EXCLUSIVE MODE")
        cursor.execute(ROLL_UP, [limit])
        changes, cells, deals, owners = cursor.fetchone()
        if cells:
            cursor.execute(DROP_EMPTY, [cells])
    return Rolled(changes, len(cells or ()), deals or [], owners or [])


def rebuild():
    """Make all cells anew from the deals; whoever reads meanwhile sees the old ones. Returns how many there are."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE sales_forecastcell IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM sales_forecastcell")
        # One statement, so that deals and changes are of the same moment.
        cursor.execute(REBUILD)
        return cursor.rowcount


def repair():
    """Compare the cells with the deals and make them anew where they differ; returns how many differed."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENT)
        (found,) = cursor.fetchone()
    if found:
        rebuild()
    return found


@dataclass(frozen=True)
class Scope:
    """Whose deals are meant: `everybody`, or those of some teams (ids) and those of one owner (id)."""

    everybody: bool = False
    teams: tuple = ()
    owner: int | None = None

    def named(self):
        """The condition on owner_id and team_id, each after {side}; its parameters are named owner and teams."""
        if self.everybody:
            return "true"
        if not self.teams:
            return "{side}owner_id = %(owner)s"
        if self.owner is None:
            return "{side}team_id = ANY(%(teams)s)"
        return "({side}team_id = ANY(%(teams)s) OR {side}owner_id = %(owner)s)"

    def parameters(self):
        """The values of the condition."""
        return {"owner": self.owner, "teams": list(self.teams)}

    def of(self, rows, owner="owner"):
        """The rows of a table with an owner and a team that are meant."""
        if self.everybody:
            return rows
        own = Q() if self.owner is None else Q(**{owner: self.owner})
        return rows.filter(Q(team__in=self.teams) | own if self.teams else own)


class Sum(NamedTuple):
    """The deals of one owner in one team and category."""

    owner_id: int | None
    team_id: int | None
    category: str
    deals: int
    unrated: int
    amount: Decimal
    weighted: Decimal


def sums(period, scope):
    """[Sum] of a period, of whole months, exact to the last change; one statement."""
    rows = f"month BETWEEN %(first)s AND %(last)s AND {scope.named().format(side='')}"
    due = sides("(SELECT * FROM sales_opportunitychange WHERE NOT rolled_up) AS due")
    statement = f"""
        SELECT owner_id, team_id, category, {ADDED} FROM (
            SELECT {KEY}, {SUMS} FROM sales_forecastcell WHERE {rows}
            UNION ALL SELECT {KEY}, {SUMS} FROM ({due}) AS late WHERE {rows}
        ) AS parts
        GROUP BY owner_id, team_id, category HAVING sum(deals) <> 0
        ORDER BY owner_id, team_id, category
    """  # noqa: S608 - names of this module; what comes from outside are parameters
    with connection.cursor() as cursor:
        cursor.execute(statement, scope.parameters() | {"first": period.starts_on, "last": period.ends_on})
        return [Sum._make(row) for row in cursor.fetchall()]


def open_weights(period, scope):
    """[(owner id, team id, weighted amount)] of what a period's forecast counts of open deals; one statement."""
    rows = "month BETWEEN %(first)s AND %(last)s AND category IN ('pipeline', 'best', 'commit')"
    rows += f" AND {scope.named().format(side='')}"
    due = sides("(SELECT * FROM sales_opportunitychange WHERE NOT rolled_up) AS due")
    statement = f"""
        SELECT owner_id, team_id, sum(weighted) FROM (
            SELECT owner_id, team_id, weighted FROM sales_forecastcell WHERE {rows}
            UNION ALL SELECT owner_id, team_id, weighted FROM ({due}) AS late WHERE {rows}
        ) AS parts GROUP BY owner_id, team_id
    """  # noqa: S608 - as above
    with connection.cursor() as cursor:
        cursor.execute(statement, scope.parameters() | {"first": period.starts_on, "last": period.ends_on})
        return cursor.fetchall()


def stage_sums(scope, *, pipeline=None, period=None):
    """{stage id: {"count", "amount", "weighted"}} of open deals, exact to the last change; one statement.

    Of a pipeline (its id), or of what a period's forecast counts.
    """
    stages = "SELECT id FROM sales_stage WHERE state = 'open'"
    rows = f"stage_id IN ({stages}{' AND pipeline_id = %(pipeline)s' if period is None else ''})"
    if period:
        rows += " AND month BETWEEN %(first)s AND %(last)s AND category <> 'omitted'"
    rows += f" AND {scope.named().format(side='')}"
    due = sides("(SELECT * FROM sales_opportunitychange WHERE NOT rolled_up) AS due")
    statement = f"""
        SELECT stage_id, sum(deals)::bigint, sum(amount), sum(weighted) FROM (
            SELECT {KEY}, {SUMS} FROM sales_forecastcell WHERE {rows}
            UNION ALL SELECT {KEY}, {SUMS} FROM ({due}) AS late WHERE {rows}
        ) AS parts GROUP BY stage_id HAVING sum(deals) <> 0
    """  # noqa: S608 - as above
    with connection.cursor() as cursor:
        span = {"first": period.starts_on, "last": period.ends_on} if period else {"pipeline": pipeline}
        cursor.execute(statement, scope.parameters() | span)
        return {
            stage: dict(zip(("count", "amount", "weighted"), found, strict=True)) for stage, *found in cursor.fetchall()
        }
