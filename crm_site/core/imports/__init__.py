"""Imports of tables: reading any file, understanding its cells, and proposing where each column belongs."""
