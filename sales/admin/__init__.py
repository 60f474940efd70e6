"""The administration of this app."""

from sales.admin import lead, papers

__all__ = ["lead", "papers"]
