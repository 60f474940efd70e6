"""Filters of customers/, one module a noun."""
