"""The kinds of record of sales/, in the order of the side bar."""

from sales.kinds.lead import LEADS
from sales.kinds.opportunity import OPPORTUNITIES
from sales.kinds.product import PRICE_BOOKS, PRODUCTS
from sales.kinds.quote import QUOTES
from sales.kinds.sale import INVOICES, SALES
from sales.kinds.target import TARGETS

__all__ = ["INVOICES", "LEADS", "OPPORTUNITIES", "PRICE_BOOKS", "PRODUCTS", "QUOTES", "SALES", "TARGETS"]
