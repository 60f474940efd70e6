"""The administration of this app."""

from sales.admin import lead

__all__ = ["lead"]
