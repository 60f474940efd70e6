"""Columns, one module a noun."""
