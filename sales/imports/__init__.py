"""Imports of sales/, one module a noun: how the rows of a file become records."""

from sales.imports.leads import LEAD_IMPORT
from sales.imports.opportunities import OPPORTUNITY_IMPORT
from sales.imports.price_books import PRICE_BOOK_IMPORT
from sales.imports.products import PRODUCT_IMPORT

__all__ = ["LEAD_IMPORT", "OPPORTUNITY_IMPORT", "PRICE_BOOK_IMPORT", "PRODUCT_IMPORT"]
