"""The records that a user looked at last: ids in a cookie, so that looking writes nothing.

Names are never kept; the page that shows them asks the gate for each.
"""

import re

from django.conf import settings

from crm_site.core.kinds import KINDS

KEPT = 10
COOKIE = "kith_recent"
DAYS = 30


def remember(request, response, record):
    """Put a record first among the recent ones of this browser; returns the response."""
    entry = (record._meta.label_lower, record.pk)
    kept = [entry, *(old for old in recent_of(request) if old != entry)][:KEPT]
    response.set_cookie(
        COOKIE, "~".join(f"{key}:{pk}" for key, pk in kept), max_age=DAYS * 24 * 3600, httponly=True,
        samesite="Lax", secure=settings.SECURE_COOKIES,
    )  # fmt: skip
    return response


def recent_of(request):
    """[(kind label, id)], the last seen first; what was tampered with is left out."""
    found = re.findall(r"([a-z_]+\.[a-z_]+):(\d{1,18})(?:~|$)", request.COOKIES.get(COOKIE, ""), re.ASCII)
    return [(key, int(pk)) for key, pk in found[:KEPT] if key in KINDS]
