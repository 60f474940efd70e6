"""Imports of sales/, one module a noun: how the rows of a file become records."""

from marketing.imports.members import PEOPLE
from sales.imports.invoices import INVOICE_IMPORT
from sales.imports.leads import LEAD_IMPORT
from sales.imports.membership import people_of_leads
from sales.imports.opportunities import OPPORTUNITY_IMPORT
from sales.imports.price_books import PRICE_BOOK_IMPORT
from sales.imports.products import PRODUCT_IMPORT
from sales.imports.quotes import QUOTE_IMPORT
from sales.imports.sale_lines import LINE_IMPORT
from sales.imports.sales import SALE_IMPORT
from sales.imports.targets import TARGET_IMPORT

if people_of_leads not in PEOPLE:
    PEOPLE.append(people_of_leads)

__all__ = [
    "INVOICE_IMPORT", "LEAD_IMPORT", "LINE_IMPORT", "OPPORTUNITY_IMPORT", "PRICE_BOOK_IMPORT", "PRODUCT_IMPORT",
    "QUOTE_IMPORT", "SALE_IMPORT", "TARGET_IMPORT",
]  # fmt: skip
