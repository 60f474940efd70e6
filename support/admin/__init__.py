"""The administration of this app."""

from support.admin import case

__all__ = ["case"]
