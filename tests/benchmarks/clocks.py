"""What the sweep of clocks costs (figure #16): nothing due, 500 due, and the same beside ten times as many open ones.

`python -m tests.benchmarks.clocks [clocks]` runs in the database of DATABASE_URL, makes what it needs in a transaction,
takes it back, and prints one JSON object. The end of the transaction itself, a flush to disk, is not in the times.
"""

import json
import statistics
import sys
import time
from datetime import timedelta

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 - Django must be set up first
from django.utils import timezone  # noqa: E402

from crm_site.core.models import Notification, User  # noqa: E402
from support.models import Clock, ClockEvent, Policy, Status  # noqa: E402
from support.sweep import due, sweep  # noqa: E402

DUE, ROUNDS, METRICS = 500, 5, 3
CASES = """
    INSERT INTO support_case (subject, description, type, priority, status_id, category, channel, resolution,
        close_reason, policy_why, due_metric, owner_id, closed_at, resolved_at)
    SELECT 'Case ' || n, '', 'question', 3, CASE WHEN n <= %(open)s THEN %(new)s ELSE %(closed)s END,
        CASE WHEN n <= %(open)s THEN 'new' ELSE 'closed' END, 'email', '', '', '', '', %(owner)s,
        CASE WHEN n > %(open)s THEN %(now)s END, CASE WHEN n > %(open)s THEN %(now)s END
    FROM generate_series(1, %(cases)s) n RETURNING id
"""
CLOCKS = """
    INSERT INTO support_clock (case_id, metric, version_id, priority, state, target_seconds, used_seconds, started_at,
        due_at, warn_at, next_fire_at, stopped_at, over_seconds, reason)
    SELECT c.id, m.metric, %(version)s, 3, CASE WHEN c.category = 'new' THEN 'running' ELSE 'met' END, 3600, 0,
        %(now)s, %(later)s, %(later)s, CASE WHEN c.category = 'new' THEN %(later)s::timestamptz + c.id * interval '1 s' END,
        CASE WHEN c.category = 'closed' THEN %(now)s::timestamptz END, 0, ''
    FROM support_case c, unnest(ARRAY['first', 'next', 'resolution']) m(metric) WHERE c.id >= %(first)s
"""
RAW = "SELECT id FROM support_clock WHERE state = 'running' AND next_fire_at < now() ORDER BY next_fire_at LIMIT 500"


class TakeBack(Exception):
    """Ends a transaction whose changes are not wanted."""


def milliseconds(do):
    """How long it takes."""
    began = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - began)


def ask(statement, values=None):
    """Run a statement and read what it answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def fill(clocks, share):
    """So many clocks, three a case; of the cases one in `share` is open."""
    now, owner = timezone.now(), User.objects.filter(is_active=True).order_by("pk").first()
    if owner is None:
        owner = User.objects.create_user("benchmark@example.test")
    cases = clocks // METRICS
    states = dict(Status.objects.filter(is_default=True).values_list("category", "pk"))
    # Neither histories nor foreign keys are what is measured.
    ask("SET LOCAL session_replication_role = replica")
    made = ask(CASES, {"open": cases // share, "cases": cases, "new": states["new"], "closed": states["closed"],
                       "owner": owner.pk, "now": now})  # fmt: skip
    version = Policy.objects.get(is_default=True).current_id
    ask(CLOCKS, {"version": version, "now": now, "later": now + timedelta(days=30), "first": made[0][0]})
    ask("SET LOCAL session_replication_role = DEFAULT")
    ask("ANALYZE support_clock")
    ask("ANALYZE support_case")


def make_due():
    """Let 500 clocks be overdue by a minute: one breach and one notification each, the warnings are told already."""
    moment = timezone.now() - timedelta(minutes=1)
    pks = list(Clock.objects.filter(state="running", metric="first", breached_at=None).order_by("pk")
               .values_list("pk", flat=True)[:DUE])  # fmt: skip
    Clock.objects.filter(pk__in=pks).update(due_at=moment, warn_at=moment, next_fire_at=moment)
    ClockEvent.objects.bulk_create([ClockEvent(clock_id=pk, kind="warning", at=moment) for pk in pks])


def measured(clocks, share):
    """(clocks that run, ms with nothing due, ms with 500 due, ms of the bare statement), all taken back."""
    found = {}
    try:
        with transaction.atomic():
            fill(clocks, share)
            sweep()
            nothing = statistics.median(milliseconds(sweep) for _round in range(15))
            raw = statistics.median(milliseconds(lambda: ask(RAW)) for _round in range(15))
            took = []
            for _round in range(ROUNDS):
                make_due()
                before = Notification.objects.count()
                took.append(milliseconds(sweep))
                told = Notification.objects.count() - before
                if told != DUE or due(timezone.now()).exists():
                    sys.exit(f"{told} notifications instead of {DUE}")
            running = Clock.objects.filter(state="running").count()
            found = {"running": running, "nothing": nothing, "due": statistics.median(took), "raw": raw}
            raise TakeBack
    except TakeBack:
        return found


def main():
    """A twentieth of the cases open, then half of them."""
    ask("SET statement_timeout = 0")
    clocks = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    few, many = measured(clocks, 20), measured(clocks, 2)
    sys.stdout.write(json.dumps({"clocks": clocks, "few": few, "many": many}) + "\n")


if __name__ == "__main__":
    main()
