"""What deals remember of their activities: when the last one was and when the next one is due."""

from django.contrib.contenttypes.models import ContentType
from django.db import connection

from sales.models import Opportunity

NOTE = """
    UPDATE sales_opportunity d SET last_activity_at = f.last, next_activity_at = f.next
    FROM (
        SELECT o.id,
            (SELECT max(a.at) FROM customers_activity a WHERE a.regarding_type_id = %(kind)s
                AND a.regarding_id = o.id AND a.status = 'done' AND a.kind <> 'event' AND a.deleted_at IS NULL
            ) AS last,
            (SELECT min(a.at) FROM customers_activity a WHERE a.regarding_type_id = %(kind)s
                AND a.regarding_id = o.id AND a.status = 'open' AND a.deleted_at IS NULL) AS next
        FROM unnest(%(ids)s::bigint[]) o(id)
    ) f
    WHERE f.id = d.id AND (d.last_activity_at, d.next_activity_at) IS DISTINCT FROM (f.last, f.next)
"""


def note_deals(activities):
    """Let the deals that these activities belong to know of them; one statement, none where there is no deal."""
    kind = ContentType.objects.get_for_model(Opportunity).pk
    ids = sorted({a.regarding_id for a in activities if a.regarding_type_id == kind})
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(NOTE, {"kind": kind, "ids": ids})
