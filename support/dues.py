"""What falls due next of a case stands in the case itself, by which lists sort: written after its clocks."""

from django.db import connection
from django.utils import timezone

from crm_site.core.loading import update_many
from support.models import NEVER, Case

# What is due of cases stands in these columns of theirs.
DUE = ("due_at", "due_metric", "warn_at", "breached")
DUE_NOW = """
    SELECT i.id, coalesce(f.due_at, %(never)s), coalesce(f.metric, ''), f.warn_at, coalesce(b.broken, false)
    FROM unnest(%(ids)s::bigint[]) AS i(id)
    LEFT JOIN LATERAL (
        SELECT k.due_at, k.metric, CASE WHEN k.state = 'running' THEN k.warn_at END AS warn_at FROM support_clock k
        WHERE k.case_id = i.id AND k.state IN ('running', 'paused') ORDER BY k.due_at NULLS LAST, k.id LIMIT 1
    ) f ON true
    LEFT JOIN LATERAL (
        SELECT bool_or(k.breached_at IS NOT NULL) AS broken FROM support_clock k
        WHERE k.case_id = i.id AND k.state <> 'cancelled'
    ) b ON true
"""
REFRESH = f"""
    UPDATE support_case AS c SET ({", ".join(DUE)}) = (n.due_at, n.due_metric, n.warn_at, n.breached)
    FROM ({DUE_NOW}) AS n(id, {", ".join(DUE)})
    WHERE c.id = n.id AND (c.due_at, c.due_metric, c.warn_at, c.breached)
        IS DISTINCT FROM (n.due_at, n.due_metric, n.warn_at, n.breached)
"""  # noqa: S608 - both are our own


def know_due(case, clocks):
    """Set what is due of a case by all its clocks, none of which is written yet."""
    live = [clock for clock in clocks if clock.stopped_at is None]
    first = min(live, key=lambda clock: clock.due_at or NEVER, default=None)
    case.due_at, case.due_metric, case.warn_at = NEVER, "", None
    if first:
        case.due_at, case.due_metric, case.warn_at = first.due_at or NEVER, first.metric, first.warn_at
    case.breached = any(clock.breached_at for clock in clocks)


def refresh(case_ids):
    """Write into cases what falls due next, when it warns, and whether a promise was broken; one statement."""
    if case_ids:
        with connection.cursor() as cursor:
            cursor.execute(REFRESH, {"ids": list(case_ids), "never": NEVER})


def write_with_due(cases, names, *, by):
    """Write these fields of locked cases, who changed them, and what is due of them now: each row once, two statements.

    A row stands in thirty indexes, all of which every other writing of it would go through again.
    """
    with connection.cursor() as cursor:
        cursor.execute(DUE_NOW, {"ids": [case.pk for case in cases], "never": NEVER})
        due, now = {pk: values for pk, *values in cursor.fetchall()}, timezone.now()
    for case in cases:
        case.version, case.changed_at, case.changed_by = case.version + 1, now, by
        for name, value in zip(DUE, due[case.pk], strict=True):
            setattr(case, name, value)
    update_many(Case, cases, [*names, "version", "changed_at", "changed_by", *DUE])
