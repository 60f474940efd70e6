"""The administration of this app."""

from support.admin import case, sla

__all__ = ["case", "sla"]
