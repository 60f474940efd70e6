"""Lines as people type them: what a product brings, what is wrong, and the lines of a quote or deal set at once."""

from decimal import Decimal, InvalidOperation

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from crm_site.core.loading import fresh, insert_many
from crm_site.core.operations import Refused, Stale, lock, operation, write, write_locked
from sales.models import Opportunity, Product, Quote, QuoteLine
from sales.operations.products import prices_of
from sales.operations.teamwork import set_lines, touch
from sales.operations.totals import line_values, totals

FIELDS = ("product", "description", "quantity", "unit_price", "discount_percent", "discount_amount", "tax_rate")
# What the columns of amounts hold, with three digits after the point.
MOST = Decimal(10) ** 14


def completed(rows, currency, by, on=None, book=None):
    """Typed rows with what their products bring where nothing was typed: description, price, tax; two statements.

    Prices are those of the book, where one is given; a differential one gives its discount on the quantity, too.

    A row without a product whose description is the name or code of just one gets that one. A row stays without
    `unit_price` (None) when its product has no price in the currency.
    """
    rows = [dict(row) for row in rows]
    name_products(rows, by)
    prices = prices_of({row["product"].pk for row in rows if row.get("product")}, currency, on, book)
    for row in rows:
        product = row.get("product")
        if product:
            row["description"] = row.get("description") or product.name
            if row.get("unit_price") is None:
                row["unit_price"] = prices.get(product.pk)
            if book and row.get("discount_percent") is None:
                row["discount_percent"] = book.percent(row.get("quantity") or 1)
        if row.get("tax_rate") is None:
            row["tax_rate"] = product.tax_rate if product else Decimal(0)
        for name, value in (("quantity", 1), ("discount_percent", 0), ("discount_amount", 0)):
            row[name] = Decimal(value) if row.get(name) is None else row[name]
    return rows


def name_products(rows, by):
    """Give the rows whose description names exactly one product on sale that product."""
    typed = {row["description"].strip().lower() for row in rows if not row.get("product") and row.get("description")}
    if not typed:
        return
    found = Product.objects.visible_to(by) if by else Product.objects.unscoped("the system acts for itself")
    found = found.filter(is_active=True).alias(low=Lower("name"), low_code=Lower("code"))
    known = {}
    for product in found.filter(Q(low__in=typed) | Q(low_code__in=typed))[:200]:
        for name in {product.name.lower(), product.code.lower()} & typed:
            known.setdefault(name, []).append(product)
    for row in rows:
        products = known.get((row.get("description") or "").strip().lower(), ())
        if not row.get("product") and len(products) == 1 and row.get("unit_price") is None:
            row["product"], row["description"] = products[0], products[0].name


def problem(row, currency):
    """(field, sentence) of what is wrong with a completed row, or None."""
    if not (row.get("description") or "").strip():
        return "description", _("Say what is sold, or choose a product.")
    if row.get("unit_price") is None:
        if row.get("product"):
            words = {"product": row["product"], "currency": currency}
            return "unit_price", _("%(product)s has no price in %(currency)s; type one.") % words
        return "unit_price", _("Give the price.")
    if row["quantity"] <= 0:
        return "quantity", _("The quantity has to be more than 0.")
    if not 0 <= row["discount_percent"] <= 100:
        return "discount_percent", _("A discount is between 0 and 100 %.")
    if row["discount_amount"] < 0:
        return "discount_amount", _("A discount is not negative.")
    return too_much(row, currency)


def too_much(row, currency):
    """(field, sentence) when the discount eats more than the line or the amount is beyond measure, or None."""
    try:
        made = line_values(row, currency)
    except InvalidOperation:
        return "unit_price", _("The amount is too large.")
    if abs(made["net"]) >= MOST or abs(made["total"]) >= MOST:
        return "unit_price", _("The amount is too large.")
    if row["unit_price"] >= 0 and made["net"] < 0:
        return "discount_amount", _("The discount is more than the line.")
    return None


def checked(rows, currency, by, book=None):
    """Completed rows of line fields; Refused with `.row` (from 0) and `.field` for the first that makes no sense."""
    rows = completed(rows, currency, by, book=book)
    for number, row in enumerate(rows):
        if found := problem(row, currency):
            refusal = Refused(found[1], found[0])
            refusal.row = number
            raise refusal
    return [{name: row[name] for name in FIELDS if name in row} for row in rows]


@operation
def set_quote_lines(quote, rows, *, by):
    """Replace the lines of a draft and return it with new sums; `rows` are dicts of FIELDS, in order."""
    current = lock(quote, by)
    if current.status != Quote.DRAFT:
        raise Refused(_("A sent quote does not change. Make a new version of it."))
    current.lines.all().delete()
    made = insert_many(QuoteLine, quote_lines(current, rows))
    sums = totals([{"net": line.net, "tax": line.tax} for line in made], current.adjustment)
    written, changed = write(current, sums | {"discount": Decimal(0)}, by=by)
    return written if changed else touch(written, by)


def quote_lines(quote, rows):
    """Unsaved lines of a quote."""
    return [
        fresh(QuoteLine, quote=quote, position=position, **row, **line_values(row, quote.currency))
        for position, row in enumerate(rows)
    ]


SAME = object()
SETTERS = {Opportunity: set_lines, Quote: set_quote_lines}


@operation
def save_lines(record, rows, *, by, version=None, book=SAME):
    """Replace all lines of a deal or a quote at once and return it; its amount follows.

    Prices that are not given are those of `book` (None: the standard ones), which the record keeps; by default its own.
    Raises Stale when `version` is no longer the record's, Refused with `.row` and `.field` for what makes no sense.
    """
    current = lock(record, by)
    if version is not None and version != current.version:
        raise Stale(current)
    if book is not SAME and book != current.price_book:
        current = write_locked(current, {"price_book": book}, by=by)[0]
    book = current.price_book if current.price_book_id and current.price_book.is_active else None
    return SETTERS[type(current)](current, checked(rows, current.currency, by, book), by=by)
