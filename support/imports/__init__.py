"""Imports of support/, one module a noun: how the rows of a file become records."""

from support.imports.cases import CASE_IMPORT
from support.imports.events import EVENT_IMPORT
from support.imports.knowledge import (
    ARTICLE_IMPORT,
    ENTITLEMENT_IMPORT,
    INSTALLED_IMPORT,
    ISSUE_IMPORT,
    REGISTRATION_IMPORT,
)

__all__ = [
    "ARTICLE_IMPORT", "CASE_IMPORT", "ENTITLEMENT_IMPORT", "EVENT_IMPORT", "INSTALLED_IMPORT", "ISSUE_IMPORT",
    "REGISTRATION_IMPORT",
]  # fmt: skip
