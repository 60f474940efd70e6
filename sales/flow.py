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
# What a change says of a deal before (s) or after it (e), and whether the deal counted there.
SIDE = """
    {name}_stage_id IS NULL AS {s}_unborn, {name}_alive AS {s}_alive, {name}_state AS {s}_state,
    {name}_category AS {s}_category, {name}_amount AS {s}_amount, {name}_currency AS {s}_currency,
    coalesce({name}_amount_base, 0) AS {s}_base, {name}_close_date AS {s}_day,
    coalesce({{{name}_scope}}, false) AS {s}_scope,
    coalesce({name}_alive AND {name}_close_date BETWEEN %(first)s AND %(last)s
        AND {name}_category = ANY(%(categories)s) AND {{{name}_scope}}, false) AS {s}_in
"""
SAID = ("unborn", "alive", "state", "category", "amount", "currency", "base", "day", "scope", "in")
START, END = (", ".join(f"{side}_{name}" for name in SAID) for side in "se")
SEEN = f"""
    SELECT opportunity_id, at, id, {SIDE.format(name="from", s="s")}, {SIDE.format(name="to", s="e")}
    FROM sales_opportunitychange WHERE at > %(start)s AND at <= %(end)s
"""  # noqa: S608 - names of this module
# Only the deals that counted before or after one of their changes are put into order.
FLOW = f"""
    WITH concerned AS MATERIALIZED (
        SELECT DISTINCT opportunity_id FROM ({SEEN}) AS each WHERE s_in OR e_in
    ), changed AS MATERIALIZED (
        SELECT * FROM ({SEEN}) AS each WHERE opportunity_id IN (SELECT opportunity_id FROM concerned)
    ), both_sides AS (
        SELECT opportunity_id, {START}, {END} FROM (
            SELECT DISTINCT ON (opportunity_id) opportunity_id, {START} FROM changed ORDER BY opportunity_id, at, id
        ) AS first JOIN (
            SELECT DISTINCT ON (opportunity_id) opportunity_id, {END} FROM changed
            ORDER BY opportunity_id, at DESC, id DESC
        ) AS last USING (opportunity_id) WHERE s_in OR e_in
    ), classed AS (
        SELECT *, CASE
            WHEN e_in AND e_state = 'won' AND coalesce(s_state, 'open') <> 'won' THEN 'won'
            WHEN e_in AND NOT s_in AND s_unborn THEN 'new'
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
        FROM both_sides
    ), told AS MATERIALIZED (
        SELECT opportunity_id AS deal, class, CASE WHEN s_in THEN s_category END AS origin,
            CASE WHEN s_in THEN -s_base END AS gone, CASE WHEN e_in THEN e_category END AS target,
            CASE WHEN class = 'moved' AND s_in AND e_in THEN s_base WHEN e_in THEN e_base END AS come
        FROM classed WHERE class IS NOT NULL
        UNION ALL
        SELECT opportunity_id, by_amount, NULL, NULL, e_category, e_base - s_base
        FROM classed WHERE s_in AND e_in AND (class IS NULL OR class = 'moved') AND e_base <> s_base
    )
    SELECT class, origin, sum(gone), target, sum(come), count(*), NULL AS deal FROM told GROUP BY class, origin, target
    UNION ALL (
        SELECT class, origin, gone, target, come, 1, deal FROM told
        ORDER BY greatest(abs(gone), abs(come)) DESC, deal LIMIT %(limit)s
    )
"""  # noqa: S608 - names of this module
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

    def add(self, deals, *amounts):
        """Count deals, with what they added to categories: (category or None, amount)."""
        self.deals += deals
        for category, amount in amounts:
            if category:
                self.by_category[category] = self.by_category.get(category, Decimal(0)) + amount

    @property
    def total(self):
        """What the class did to all categories together."""
        return sum(self.by_category.values(), Decimal(0))


def parameters(period, scope):
    """What the statements need of the period and the scope: (condition, named parameters)."""
    named = {"first": period.starts_on, "last": period.ends_on, "categories": list(CATEGORIES)}
    return scope.named(), named | scope.parameters()


def statement(text, condition):
    """The statement with the scope's condition before and after a change, and for a past moment."""
    of = {f"{side}_scope": condition.format(side=f"{side}_") for side in ("from", "to")}
    return text.format(**of, scope=condition.format(side="d."))


def changes(start, end, period, scope, limit=200):
    """What happened to a period's forecast after `start` and up to `end`; one statement.

    ([Line] of the classes that occurred, [(class, id of the deal, amount, categories)] with the largest first). A deal
    that went from one category to another has both and what it brings to the second, others the difference.
    """
    condition, named = parameters(period, scope)
    found, moved = {key: Line(key, label) for key, label in CLASSES.items()}, []
    with connection.cursor() as cursor:
        cursor.execute(statement(FLOW, condition), named | {"start": start, "end": end, "limit": limit})
        for key, origin, gone, target, come, count, deal in cursor.fetchall():
            if deal is None:
                found[key].add(count, (origin, gone), (target, come))
            else:
                path = [name for name in (origin, target) if name]
                moved.append((key, deal, gone if come is None else come, path))
    moved.sort(key=lambda row: (-abs(row[2]), row[1]))
    return [line for line in found.values() if line.deals], moved


def classes(start, end, period, scope):
    """[Line] of what happened to a period's forecast after `start` and up to `end`; the classes that occurred."""
    return changes(start, end, period, scope, limit=0)[0]


def before(after, lines):
    """{category: amount} at the start of what lines tell, given {category: amount} at its end."""
    return {category: after[category] - sum(line.by_category.get(category, 0) for line in lines) for category in after}


def as_of(moment, period, scope):
    """{category: amount} of a period of whole months as it stood at a moment; every past moment can be asked for."""
    condition, named = parameters(period, scope)
    with connection.cursor() as cursor:
        cursor.execute(statement(AS_OF, condition), named | {"moment": moment})
        found = dict(cursor.fetchall())
    return {category: found.get(category, Decimal(0)) for category in CATEGORIES}
