"""Looks for whole-table scans: every statement of every list page, as the rep, the managers and the administrator.

`python -m tests.benchmarks.plans` prints one line a request whose plan reads a large table from end to end.
"""

import json
import sys

import django

django.setup()

from django.db import connection  # noqa: E402 - Django must be set up first
from django.http import QueryDict  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from crm_site.core import lists  # noqa: E402
from crm_site.core.kinds import KINDS  # noqa: E402
from crm_site.core.models import User  # noqa: E402
from tests.benchmarks.asking import PEOPLE  # noqa: E402
from tests.benchmarks.requests import FILTERS, SEARCHES  # noqa: E402

LARGE = 50_000


def nodes(plan):
    """A plan's nodes, from the top."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def scans(statement):
    """[(table, rows read)] of the whole-table scans that read more than LARGE rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    found = []
    for node in nodes(plan[0]["Plan"]):
        read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        if node["Node Type"] == "Seq Scan" and read > LARGE:
            found.append((node["Relation Name"], int(read)))
    return found


def look(kind, query, user):
    """The scans of one list page."""
    params = QueryDict(query)
    columns = lists.shown_columns(kind, params)
    with CaptureQueriesContext(connection) as caught:
        lists.page_of(kind, params, user, [field for column in columns for field in column.fields])
    return [
        scan for asked in caught.captured_queries if asked["sql"].startswith("SELECT") for scan in scans(asked["sql"])
    ]


def main():
    """All lists, sorts, filters and searches; returns how many scan a large table."""
    bad = checked = 0
    for kind in KINDS.values():
        queries = [f"sort={sign}{sort}" for sort in kind.sorts for sign in ("", "-")]
        queries += FILTERS.get(kind.slug, []) + [f"q={term}" for term in SEARCHES.values()]
        for who, number in PEOPLE.items():
            user = User.objects.get(email=f"volume-{number:04d}@example.test")
            for query in queries:
                checked += 1
                if found := look(kind, query, user):
                    bad += 1
                    sys.stdout.write(f"{kind.slug} as {who}: {query}: {found}\n")
    sys.stdout.write(f"{checked} list pages looked at, {bad} read a large table from end to end.\n")
    return bad


if __name__ == "__main__":
    main()
