"""The administration of customers/, one module a room."""

from customers.admin import activity, consent, parties

__all__ = ["activity", "consent", "parties"]
