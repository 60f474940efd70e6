"""The kinds of record of sales/, in the order of the side bar."""

from sales.kinds.lead import LEADS
from sales.kinds.opportunity import OPPORTUNITIES

__all__ = ["LEADS", "OPPORTUNITIES"]
