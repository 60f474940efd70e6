"""What several models of support/ share."""

from datetime import UTC, datetime

from django.db import models

from sales.models.common import folded, given

# Later than anything that is due: cases without a running clock stand behind all others in a list by due time.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

FIRST, NEXT, RESOLUTION = "first", "next", "resolution"
METRICS = (FIRST, NEXT, RESOLUTION)

__all__ = ["FIRST", "METRICS", "NEVER", "NEXT", "RESOLUTION", "folded", "given", "known"]


def known(field, values):
    """The condition that a text is one of these."""
    return models.Q(**{f"{field}__in": list(values)})
