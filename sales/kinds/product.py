"""Products and price books as kinds of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Kind, Panel, add_panel, register
from crm_site.core.operations import delete_record, restore_record, update_record
from crm_site.core.pages import RULES
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from sales.columns.product import PRICE_BOOK_COLUMNS, PRODUCT_COLUMNS
from sales.filters.papers import PriceBookFilters, ProductFilters
from sales.forms.papers import PriceBookForm, ProductForm
from sales.models import PriceBook, Product
from sales.operations.products import create_price_book, create_product, update_product

RULES.update({
    "product_name_given": _("A product needs a name."),
    "product_code_once": _("Another product has this code."),
    "product_tax_not_negative": _("A tax is not negative."),
    "price_book_name_given": _("A price book needs a name."),
    "price_once": _("There is such a price from that day already; change that one."),
    "price_not_negative": _("A price is not negative."),
    "price_dates_in_order": _("The end lies before the beginning."),
})  # fmt: skip
RECORD = (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at"))


def subtitle(product):
    """The code and the family, under the name."""
    return " · ".join(part for part in (product.code, product.family) if part)


PRODUCTS = register(
    Kind(
        model=Product, slug="products", menu=100, icon="box", label=_("Product"), label_plural=_("Products"),
        purpose=_("What you sell, and what it costs: quotes and deals take their prices from here."),
        columns=PRODUCT_COLUMNS, sorts={"name": BY_NAME, "new": NEWEST, "changed": CHANGED}, default_sort="name",
        form=ProductForm, filters=ProductFilters, create=create_product, update=update_product,
        delete=delete_record, restore=restore_record,
        quick=("name", "code", "family", "price", "price_currency", "tax_rate"),
        highlights=("code", "family", "unit", "tax_rate", "is_active"), subtitle=subtitle,
        groups=((_("About"), ("number", "code", "family", "unit", "tax_rate", "cost", "description")), RECORD),
        bulk_fields=("family", "unit", "is_active", "tax_rate"),
        options_text=lambda product: product.code or product.number,
    )
)  # fmt: skip
PRICE_BOOKS = register(
    Kind(
        model=PriceBook, slug="price-books", menu=102, icon="book", label=_("Price book"),
        label_plural=_("Price books"),
        purpose=_("Prices for some customers, beside the standard ones; they are set on the page of each product."),
        columns=PRICE_BOOK_COLUMNS, sorts={"name": BY_NAME, "new": NEWEST, "changed": CHANGED}, default_sort="name",
        form=PriceBookForm, filters=PriceBookFilters, create=create_price_book, update=update_record,
        delete=delete_record, restore=restore_record, highlights=("pricing", "is_active", "owner"),
        groups=((_("About"), ("number", "pricing", "ranges", "is_active", "description")), RECORD),
    )
)  # fmt: skip
add_panel("sales.product", Panel(_("Prices"), "sales:product_prices", side=False, model=Product))
add_panel("sales.pricebook", Panel(_("Prices"), "sales:pricebook_prices", side=False, model=PriceBook))
