"""The administration of this app."""

from support.admin import case, mail, sla

__all__ = ["case", "mail", "sla"]
