"""What several models of support/ share."""

from datetime import UTC, datetime

from crm_site.core.models import known

# Later than anything that is due: cases without a running clock stand behind all others in a list by due time.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

FIRST, NEXT, RESOLUTION = "first", "next", "resolution"
METRICS = (FIRST, NEXT, RESOLUTION)

__all__ = ["FIRST", "METRICS", "NEVER", "NEXT", "RESOLUTION", "known"]
