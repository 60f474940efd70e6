"""The administration of this app."""

from sales.admin import forecast, lead, lead_setup, opportunity, papers

__all__ = ["forecast", "lead", "lead_setup", "opportunity", "papers"]
