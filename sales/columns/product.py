"""The columns of products and price books."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns
from sales.columns.papers import NUMBER
from sales.models import PriceBook


@dataclass(frozen=True)
class RangesColumn(Column):
    """The discounts of a price book, one after the other."""

    def value(self, record):
        """The ranges as a text; None without any."""
        return "; ".join(f"{text} %" for text in record.ranges) or None


PRODUCT_COLUMNS = (
    Column("name", _("Name"), "self", sort="name", aliases=("product name", "product")),
    NUMBER,
    Column("code", _("Code"), edit=True, aliases=("product code", "sku", "article number")),
    Column("family", _("Family"), edit=True, aliases=("product category", "category", "series")),
    Column("unit", _("Unit"), edit=True, aliases=("usage unit",)),
    Column("tax_rate", _("Tax, %"), "number", edit=True, aliases=("tax", "vat")),
    Column("is_active", _("On sale"), "bool", edit=True, aliases=("product active", "active")),
    Column("cost", _("Cost"), "money", currency="currency", shown=False),
    Column("currency", _("Currency of the cost"), shown=False),
    Column("description", _("Description"), "longtext", shown=False, edit=True),
    *record_columns(),
)
PRICE_BOOK_COLUMNS = (
    Column("name", _("Name"), "self", sort="name", aliases=("price book name",)),
    NUMBER,
    Column("pricing", _("Pricing model"), "choice", choices=PriceBook.MODELS),
    RangesColumn("ranges", _("Discounts by quantity"), shown=False, imports=False),
    Column("is_active", _("In use"), "bool", edit=True, aliases=("active",)),
    Column("description", _("Description"), "longtext", shown=False, edit=True),
    *record_columns(),
)
