"""Flow: what became of the forecast between two moments, each deal's difference in one class, exact to the cent.

The state of a deal at the start is what its first change after it found, that at the end what its last change left.
What a deal added to a category less what it had added before is split over classes so that per category

    end = start + the sum over all classes

holds whatever happened in between. Amounts are in the company's currency, as they were computed at the time.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext_lazy as _

from sales.rollup import sides

CATEGORIES = ("closed", "commit", "best", "pipeline")
CLASSES = {
    "new": _("New"), "won": _("Won"), "lost": _("Lost"), "reopened": _("Re-opened"),
    "pulled_in": _("Pulled in from a later period"), "pushed_in": _("Pushed in from an earlier period"),
    "pushed_out": _("Pushed out to a later period"), "pulled_out": _("Pulled out to an earlier period"),
    "increased": _("Increased"), "decreased": _("Decreased"), "moved": _("Moved to another category"),
    "gained": _("Gained from another owner"), "given": _("Given to another owner"), "deleted": _("Deleted"),
    "restored": _("Restored"), "currency": _("Exchange rate or currency"),
}  # fmt: skip
# A deal's state on both sides, whether it counted there (s_in, e_in), and the class of the whole difference.
FLOW = """
    WITH seen AS (
        SELECT * FROM sales_opportunitychange WHERE at > %(start)s AND at <= %(end)s
    ), first AS (
        SELECT DISTINCT ON (opportunity_id) opportunity_id, from_alive AS alive, from_state AS state,
            from_category AS category, from_amount AS amount, from_currency AS currency,
            coalesce(from_amount_base, 0) AS base, from_close_date AS day, from_owner_id AS owner_id,
            from_team_id AS team_id, from_stage_id IS NULL AS unborn
        FROM seen ORDER BY opportunity_id, at, id
    ), last AS (
        SELECT DISTINCT ON (opportunity_id) opportunity_id, to_alive AS alive, to_state AS state,
            to_category AS category, to_amount AS amount, to_currency AS currency,
            coalesce(to_amount_base, 0) AS base, to_close_date AS day, to_owner_id AS owner_id, to_team_id AS team_id
        FROM seen ORDER BY opportunity_id, at DESC, id DESC
    ), both_sides AS (
        SELECT s.opportunity_id, s.unborn, s.alive AS s_alive, s.state AS s_state, s.category AS s_category,
            s.base AS s_base, s.day AS s_day, s.amount AS s_amount, s.currency AS s_currency,
            e.alive AS e_alive, e.state AS e_state, e.category AS e_category, e.base AS e_base, e.day AS e_day,
            e.amount AS e_amount, e.currency AS e_currency,
            coalesce({s_scope}, false) AS s_scope, coalesce({e_scope}, false) AS e_scope,
            s.day BETWEEN %(first)s AND %(last)s AS s_period, e.day BETWEEN %(first)s AND %(last)s AS e_period
        FROM first s JOIN last e USING (opportunity_id)
    ), counted AS (
        SELECT *, coalesce(s_alive AND s_scope AND s_period AND s_category = ANY(%(categories)s), false) AS s_in,
            coalesce(e_alive AND e_scope AND e_period AND e_category = ANY(%(categories)s), false) AS e_in
        FROM both_sides
    ), classed AS (
        SELECT *, CASE
            WHEN e_in AND e_state = 'won' AND coalesce(s_state, 'open') <> 'won' THEN 'won'
            WHEN e_in AND NOT s_in AND unborn THEN 'new'
            WHEN e_in AND NOT s_in AND NOT s_alive THEN 'restored'
            WHEN e_in AND e_state = 'open' AND s_state <> 'open' THEN 'reopened'
            WHEN e_in AND NOT s_in AND NOT s_scope THEN 'gained'
            WHEN e_in AND NOT s_in AND s_day > %(last)s THEN 'pulled_in'
            WHEN e_in AND NOT s_in AND s_day < %(first)s THEN 'pushed_in'
            WHEN s_in AND NOT e_in AND NOT e_alive THEN 'deleted'
            WHEN s_in AND NOT e_in AND e_state = 'lost' THEN 'lost'
            WHEN s_in AND NOT e_in AND NOT e_scope THEN 'given'
            WHEN s_in AND NOT e_in AND e_day > %(last)s THEN 'pushed_out'
            WHEN s_in AND NOT e_in AND e_day < %(first)s THEN 'pulled_out'
            WHEN s_in <> e_in OR s_category <> e_category THEN 'moved'
        END AS class,
        CASE
            WHEN s_currency <> e_currency OR s_amount IS NOT DISTINCT FROM e_amount THEN 'currency'
            WHEN e_base >= s_base THEN 'increased' ELSE 'decreased'
        END AS by_amount
        FROM counted WHERE s_in OR e_in
    ), parts AS (
        SELECT opportunity_id, class, s_category AS category, -s_base AS delta FROM classed
        WHERE s_in AND class IS NOT NULL
        UNION ALL
        SELECT opportunity_id, class, e_category, CASE WHEN class = 'moved' AND s_in THEN s_base ELSE e_base END
        FROM classed WHERE e_in AND class IS NOT NULL
        UNION ALL
        SELECT opportunity_id, by_amount, e_category, e_base - s_base
        FROM classed WHERE s_in AND e_in AND (class IS NULL OR class = 'moved') AND e_base <> s_base
    )
"""
# The classes, and the deals behind them: both from one look at the changes.
BOTH = """
    SELECT class, category, sum(delta), count(DISTINCT opportunity_id), NULL AS deal FROM parts GROUP BY GROUPING SETS (
        (class, category), (class)
    )
    UNION ALL (
        SELECT class, string_agg(category, ' ' ORDER BY delta), CASE WHEN count(*) > 1 THEN max(delta)
            ELSE sum(delta) END, 1, opportunity_id FROM parts
        GROUP BY class, opportunity_id ORDER BY max(abs(delta)) DESC, opportunity_id LIMIT %(limit)s
    )
"""
# How it stands now, less what changed since: what is read grows with the changes since then, not with all deals.
AS_OF = f"""
    SELECT category, sum(amount) FROM (
        SELECT owner_id, team_id, month, category, amount FROM sales_forecastcell
        UNION ALL
        SELECT owner_id, team_id, month, category, amount
        FROM ({sides("(SELECT * FROM sales_opportunitychange WHERE NOT rolled_up) AS late")}) AS added
        UNION ALL
        SELECT owner_id, team_id, month, category, -amount
        FROM ({sides("(SELECT * FROM sales_opportunitychange WHERE at > %(moment)s) AS since")}) AS undone
    ) AS d
    WHERE month BETWEEN %(first)s AND %(last)s AND category = ANY(%(categories)s) AND {{scope}}
    GROUP BY category
"""  # noqa: S608 - names of the roll-up


@dataclass
class Line:
    """One class: how many deals, and what they did to each category."""

    key: str
    label: str
    deals: int = 0
    by_category: dict = field(default_factory=dict)

    @property
    def total(self):
        """What the class did to all categories together."""
        return sum(self.by_category.values(), Decimal(0))


def parameters(period, scope):
    """What the statements need of the period and the scope: (condition, named parameters)."""
    named = {"first": period.starts_on, "last": period.ends_on, "categories": list(CATEGORIES)}
    return scope.named(), named | scope.parameters()


def statement(text, condition):
    """The statement with the scope's condition for the start (s), the end (e) and a past moment (d)."""
    of = {f"{side}_scope": condition.format(side=f"{side}.") for side in "se"}
    return text.format(**of, scope=condition.format(side="d."))


def changes(start, end, period, scope, limit=200):
    """What happened to a period's forecast after `start` and up to `end`; one statement.

    ([Line] of the classes that occurred, [(class, id of the deal, amount, categories)] with the largest first). A deal
    that went from one category to another has both and what it brings to the second, others the difference.
    """
    condition, named = parameters(period, scope)
    found, moved = {key: Line(key, label) for key, label in CLASSES.items()}, []
    with connection.cursor() as cursor:
        cursor.execute(statement(FLOW, condition) + BOTH, named | {"start": start, "end": end, "limit": limit})
        for key, category, delta, count, deal in cursor.fetchall():
            if deal is not None:
                moved.append((key, deal, delta, category.split()))
            elif category is None:
                found[key].deals = count
            else:
                found[key].by_category[category] = delta
    moved.sort(key=lambda row: (-abs(row[2]), row[1]))
    return [line for line in found.values() if line.deals], moved


def classes(start, end, period, scope):
    """[Line] of what happened to a period's forecast after `start` and up to `end`; the classes that occurred."""
    return changes(start, end, period, scope, limit=0)[0]


def as_of(moment, period, scope):
    """{category: amount} of a period of whole months as it stood at a moment; every past moment can be asked for."""
    condition, named = parameters(period, scope)
    with connection.cursor() as cursor:
        cursor.execute(statement(AS_OF, condition), named | {"moment": moment})
        found = dict(cursor.fetchall())
    return {category: found.get(category, Decimal(0)) for category in CATEGORIES}
