"""Columns of customers/, one module a noun: what tables, exports, imports and inline editing know of each record."""
