"""What PostgreSQL's planner expects of a query; by it lists choose how to find their rows, and whether to count."""

import json

from django.conf import settings

# Up to so many rows, read for as much of the planner's cost, are sorted rather than looked for along an index. Of those
# that hold a word more, in the order of names: names that hold it stand together, so that looking for them along the
# names can take a second.
SCARCE, SEARCHED = 10_000, 20_000
# A count that costs the planner more is left until somebody asks for it; far sooner where it would only tell "more".
COSTLY, COSTLY_MORE = 3_000, 100


def scarce(rows, narrowed):
    """Whether the planner expects few rows, cheaply found: sorting them then beats walking along an index.

    Left to itself it would walk: it takes the rows to lie evenly, while those named "Zimmer" all stand at the end.
    """
    plan = planned(rows.order_by().values("pk"))
    return plan is None or is_scarce(plan, narrowed)


def cheap_in_order(rows, order, plan):
    """Whether reading all of many rows along their order costs the planner half as much as finding them in any, `plan`.

    Then a walk for the first of them ends early and never takes long, wherever along the order they stand. What only
    costs a little less may be a guess: of a tag that it does not know the planner expects thousands of rows.
    """
    if plan["Plan Rows"] <= settings.COUNT_CAP:
        return False
    walk = planned(rows.order_by(*order).values("pk")[:1])
    return 2 * walk["Plans"][0]["Total Cost"] <= plan["Total Cost"]


def costly(rows, cap):
    """Whether the planner expects a long walk to count these rows, or a shorter one that ends at the cap anyway."""
    plan = planned(rows)
    return plan is not None and plan["Total Cost"] > (COSTLY_MORE if plan["Plan Rows"] > cap else COSTLY)


def planned(rows):
    """The planner's first step of a query; None where Django saw that no row can fit and did not ask."""
    try:
        told = rows.explain(format="json")
    except IndexError:
        return None
    return json.loads(told)[0]["Plan"] if told else None


def is_scarce(plan, narrowed=0):
    """Whether a plan should bring few rows, for as much of the planner's cost; `narrowed` may allow for more."""
    return max(plan["Plan Rows"], plan["Total Cost"]) <= max(narrowed, SCARCE)
