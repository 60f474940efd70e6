"""The administration of this app."""

from support.admin import case, knowledge, mail, portal, sla

__all__ = ["case", "knowledge", "mail", "portal", "sla"]
