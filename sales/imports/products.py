"""How the rows of a file become products with their first prices."""

from django.conf import settings
from django.db.models import F, Func, TextField, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy

from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Importer, Target, external_id, register
from sales.imports.common import record_targets
from sales.models import Price, Product
from sales.operations.products import add_price, create_products, update_product

PRICE_NAMES = ("sales price", "unit price", "list price", "standard price", "retail price")


def product_targets():
    """Where a column of a file of products may go."""
    return [
        external_id("product id", "productid"),
        Target("name", gettext_lazy("Name"), required=True, limit=200,
               aliases=("product name", "product", "item name")),
        Target("code", gettext_lazy("Code"), aliases=("product code", "sku", "article number", "item code"), limit=60),
        Target("family", gettext_lazy("Family"), limit=100,
               aliases=("product family", "product category", "category", "series", "product series")),
        Target("unit", gettext_lazy("Unit"), aliases=("usage unit", "unit of measure"), limit=30),
        Target("price", gettext_lazy("Price"), "money", PRICE_NAMES),
        Target("cost", gettext_lazy("Cost"), "money", ("unit cost", "cost price", "purchase price")),
        Target("currency", gettext_lazy("Currency of the cost"), aliases=("currency",), limit=3),
        Target("tax_rate", gettext_lazy("Tax, %"), "decimal", ("tax", "vat", "tax rate")),
        Target("is_active", gettext_lazy("On sale"), "boolean", ("product active", "active")),
        Target("description", gettext_lazy("Description"), "longtext", ("product description",)),
        *record_targets(),
    ]  # fmt: skip


def prepare_product(draft, _run):
    """Cost and price, each with its currency."""
    values = draft.values
    if isinstance(found := values.get("cost"), tuple):
        values["cost"] = found[0]
        values["currency"] = found[1] or values.get("currency") or settings.BASE_CURRENCY
    if isinstance(found := values.get("price"), tuple):
        values["price"] = found[0]
        values["price_currency"] = found[1] or values.get("currency") or settings.BASE_CURRENCY


def change_product(product, values, by):
    """What a file says of a product that is here; another price than today's holds from today on."""
    if (amount := values.get("price")) is not None:
        code = values.get("price_currency") or settings.BASE_CURRENCY
        row = Price.objects.filter(product=product, book=None, currency=code).order_by("valid_from").last()
        if row is None or row.amount != amount:
            since = timezone.localdate() if row else None
            add_price(product, {"currency": code, "amount": amount, "valid_from": since}, by=by)
    return update_product(product, values, by=by)


def squeezed(text):
    """A name without blanks and signs, for "GTXPro" and "GTX Pro"."""
    return "".join(letter for letter in fold(text) if letter.isalnum())


def find_products(texts, user):
    """{folded name: products}: by name, else by the name without blanks, else by the code."""
    rows = Product.objects.visible_to(user)
    wanted, found = {}, {}
    for key in {fold(text) for text in texts if text and squeezed(text)}:
        wanted.setdefault(squeezed(key), []).append(key)
    bare = Func(F("name_sort"), Value(r"[^[:alnum:]]"), Value(""), Value("g"), function="regexp_replace",
                output_field=TextField())  # fmt: skip
    for product in rows.alias(bare=bare).filter(bare__in=list(wanted)):
        for key in wanted[squeezed(product.name)]:
            found.setdefault(key, []).append(product)
    for key, products in found.items():
        found[key] = [product for product in products if fold(product.name) == key] or products
    for key in {fold(text) for text in texts if text} - found.keys():
        if coded := list(rows.filter(code__iexact=key)[:2]):
            found[key] = coded
    return found


PRODUCT_IMPORT = register(
    Importer(
        name="products", label=gettext_lazy("Products"), model=Product, targets=product_targets, order=17, icon="box",
        create=create_products, update=change_product, prepare=prepare_product, find=find_products,
        keys={"name": (gettext_lazy("Name"), lambda values: values.get("name"), find_products)},
    )
)  # fmt: skip
