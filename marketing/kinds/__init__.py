"""The kinds of record of marketing/, in the order of the side bar."""

from marketing.kinds.campaign import CAMPAIGNS
from marketing.kinds.contact_list import CONTACT_LISTS

__all__ = ["CAMPAIGNS", "CONTACT_LISTS"]
