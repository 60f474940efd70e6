"""The administration of this app."""

from support.admin import case, hooks, knowledge, mail, portal, sla

__all__ = ["case", "hooks", "knowledge", "mail", "portal", "sla"]
