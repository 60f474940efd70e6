"""The administration of this app."""

from sales.admin import forecast, lead, opportunity, papers

__all__ = ["forecast", "lead", "opportunity", "papers"]
