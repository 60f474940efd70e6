"""The administration of customers/, one module a room."""

from customers.admin import activity, parties

__all__ = ["activity", "parties"]
