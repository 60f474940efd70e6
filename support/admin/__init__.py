"""The administration of this app."""

from support.admin import case, knowledge, mail, sla

__all__ = ["case", "knowledge", "mail", "sla"]
