"""Operations on products, price books and prices."""

import re
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import insert_many
from crm_site.core.money import rounded
from crm_site.core.operations import lock, new_rows, operation, refuse, update_record
from sales.models import Price, PriceBook, Product

NUMBER = re.compile(r"\d{1,9}(\.\d{1,4})?")
FIRST_PRICE = ("price", "price_currency")
PRICED = ("book", "currency", "amount", "valid_from", "valid_to")


@operation
def create_products(rows, *, by):
    """Make many products and return them in order; the import's way in.

    A row holds fields of Product and perhaps `price` and `price_currency`, its first standard price.
    """
    fields = [{k: v for k, v in row.items() if k not in FIRST_PRICE} for row in rows]
    made = new_rows(Product, fields, by=by)
    insert_many(Price, [
        Price(product=product, amount=row["price"], currency=row.get("price_currency") or settings.BASE_CURRENCY)
        for product, row in zip(made, rows, strict=True) if row.get("price") is not None
    ])  # fmt: skip
    return made


def create_product(values, *, by):
    """Make one product and return it; see create_products."""
    return create_products([values], by=by)[0]


def update_product(product, values, *, by, version=None):
    """Change a product and return it; its prices have operations of their own. Raises Stale."""
    values = {k: v for k, v in values.items() if k not in FIRST_PRICE}
    return update_record(product, values, by=by, version=version)


@operation
def create_price_books(rows, *, by):
    """Make many price books and return them in order."""
    return new_rows(PriceBook, rows, by=by)


def create_price_book(values, *, by):
    """Make one price book and return it."""
    return create_price_books([values], by=by)[0]


def prices_on(day):
    """The condition that a price holds on a day."""
    begun = Q(valid_from__isnull=True) | Q(valid_from__lte=day)
    return begun & (Q(valid_to__isnull=True) | Q(valid_to__gte=day))


def prices_of(products, currency, on=None, book=None):
    """{product id: Decimal} of the products that have a price in the currency on a day (default: today).

    A book's own price comes before the standard one; of several, the one that began last. One statement.
    """
    books = Q(book__isnull=True) | Q(book=book, book__is_active=True) if book else Q(book__isnull=True)
    rows = Price.objects.filter(prices_on(on or timezone.localdate()), books, product__in=products, currency=currency)
    # Later rows win: the book's, and the one that began last.
    rows = sorted(rows, key=lambda row: (row.book_id is not None, row.valid_from is not None, row.valid_from or 0))
    return {row.product_id: row.amount for row in rows}


def price_of(product, currency, on=None, book=None, quantity=1):
    """A product's price in a currency on a day, Decimal; None when there is none.

    With a differential book the discount on so many pieces is taken off, half up to the smallest coin.
    """
    price = prices_of([product.pk], currency, on, book).get(product.pk)
    percent = book.percent(quantity) if book and book.is_active else 0
    return rounded(price * (100 - percent) / 100, currency) if price is not None and percent else price


def read_ranges(lines):
    """Discounts by quantity as a price book keeps them, of lines such as "10: 5 %"; ValidationError for others."""
    found = {}
    for line in filter(None, (line.strip() for line in lines)):
        parts = [part.strip() for part in line.rstrip("% ").replace(",", ".").split(":")]
        if len(parts) != 2 or not all(NUMBER.fullmatch(part) for part in parts) or Decimal(parts[1]) > 100:
            raise ValidationError(_("“%(line)s” is no quantity with its discount, such as “10: 5”.") % {"line": line})
        found[Decimal(parts[0])] = parts[1]
    return [f"{least}: {percent}" for least, percent in sorted(found.items())]


@operation
def add_price(product, values, *, by):
    """Give a product a price and return it; `values` as PRICED.

    An earlier price of the same book and currency that has no end ends the day before. Raises Refused when the days
    are the wrong way round or this price is there already.
    """
    current = lock(product, by)
    values = checked(current, {name: values.get(name) for name in PRICED})
    if since := values["valid_from"]:
        before = Price.objects.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lt=since), product=current, book=values["book"],
            currency=values["currency"], valid_to__isnull=True,
        )  # fmt: skip
        before.update(valid_to=since - timedelta(days=1))
    return Price.objects.create(product=current, **values)


@operation
def change_price(price, values, *, by):
    """Change a price and return it. What was sold at it stays as it was. Raises Refused as add_price."""
    current = lock(price.product, by)
    values = checked(current, {name: values.get(name) for name in PRICED}, price.pk)
    Price.objects.filter(pk=price.pk).update(**values)
    price.refresh_from_db()
    return price


@operation
def end_price(price, *, by):
    """Let a price hold for the last time today; one that has not begun is removed. Returns its product."""
    current, today = lock(price.product, by), timezone.localdate()
    rows = Price.objects.filter(pk=price.pk)
    if price.valid_from and price.valid_from > today:
        rows.delete()
    else:
        rows.filter(prices_on(today)).update(valid_to=today)
    return current


def checked(product, values, itself=None):
    """The values of a price that can be."""
    if values["valid_from"] and values["valid_to"] and values["valid_from"] > values["valid_to"]:
        refuse(_("The end lies before the beginning."), "valid_to")
    twins = Price.objects.filter(product=product, book=values["book"], currency=values["currency"])
    since = values["valid_from"]
    twins = twins.filter(valid_from=since) if since else twins.filter(valid_from__isnull=True)
    if twins.exclude(pk=itself).exists():
        refuse(_("There is such a price from that day already; change that one."), "valid_from")
    return values
