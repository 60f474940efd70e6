"""Panels of quotes, sales and invoices on the pages of parties and deals, and of credit and prices on their own."""

from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from crm_site.core import pages
from crm_site.core.kinds import KINDS
from crm_site.core.parts import rights
from sales.columns.quote import STATUS_TONES
from sales.columns.sale import INVOICE_TONES, SALE_TONES
from sales.models import Invoice, Price, PriceBook, Quote, Sale, Target
from sales.periods import QUARTER, period_of, start_month

SHOWN = 10
LISTED = {
    "quote": (Quote, "quotes", _("Quotes"), STATUS_TONES), "sale": (Sale, "sales", _("Sales"), SALE_TONES),
    "invoice": (Invoice, "invoices", _("Invoices"), INVOICE_TONES),
}  # fmt: skip


@require_GET
def papers_of(request, pk, kind, what):
    """The newest quotes, sales or invoices of a record."""
    field, (model, slug, title, tones) = kind.noun, LISTED[what]
    record = pages.get_visible_or_404(kind, request.user, pk)
    found = list(model.objects.visible_to(request.user).filter(**{field: record}).order_by("-id")[: SHOWN + 1])
    for row in found:
        row.tone = tones.get(row.status, "")
        row.url = f"/{slug}/{row.pk}/"
    offers = field == "opportunity" and what == "quote" and pages.may(request.user, KINDS["sales.quote"], "add")
    context = {
        "kind": kind, "record": record, "title": title, "rows": found[:SHOWN],
        "all_url": f"/{slug}/?{field}={pk}" if len(found) > SHOWN else "",
        "quote_url": offers and f"{kind.record_url(pk)}quotes/new/",
    }  # fmt: skip
    return pages.fragment(request, "sales/quotes/_papers.html", context)


@require_GET
def quote_editions(request, pk):
    """The versions of a quote and the mails that went out with this one."""
    kind = KINDS["sales.quote"]
    quote = pages.get_visible_or_404(kind, request.user, pk)
    root = quote.root_id or quote.pk
    rows = Quote.objects.visible_to(request.user)
    rows = list((rows.filter(pk=root) | rows.filter(root=root)).order_by("edition"))
    for row in rows:
        row.tone = STATUS_TONES[row.status]
    context = {"kind": kind, "record": quote, "title": _("Versions"), "rows": rows,
               "mails": list(quote.mails.order_by("-id")[:SHOWN])}  # fmt: skip
    return pages.fragment(request, "sales/quotes/_editions.html", context)


@require_GET
def sale_credits(request, pk):
    """Who has the credit of a sale, and what was taken back."""
    kind = KINDS["sales.sale"]
    sale = pages.get_visible_or_404(kind, request.user, pk)
    rows, start = list(sale.credits.select_related("user").order_by("id")[:50]), start_month()
    for row in rows:
        row.period = period_of(row.day, QUARTER, start)
    context = {"kind": kind, "record": sale, "title": _("Credit"), "rows": rows,
               "targets": request.user.reach(Target, "view") != "none"}  # fmt: skip
    return pages.fragment(request, "sales/sales/_credits.html", context)


@require_GET
def product_prices(request, pk):
    """The prices of a product."""
    kind = KINDS["sales.product"]
    product = pages.get_visible_or_404(kind, request.user, pk, rights=("change",))
    books = PriceBook.objects.visible_to(request.user).values("pk")
    rows = Price.objects.filter(product=product)
    rows = rows.filter(book__isnull=True) | rows.filter(book__in=books)
    context = {
        "kind": kind, "record": product, "title": _("Prices"), "base": kind.record_url(pk),
        "rows": rows.select_related("book").order_by("currency", "book_id", "-valid_from", "-id")[:50],
        "may_change": "change" in rights(request.user, product),
    }  # fmt: skip
    return pages.fragment(request, "sales/products/_prices.html", context)


@require_GET
def pricebook_prices(request, pk):
    """The prices of a price book."""
    kind = KINDS["sales.pricebook"]
    book = pages.get_visible_or_404(kind, request.user, pk)
    rows = Price.objects.filter(book=book, product__in=KINDS["sales.product"].model.objects.visible_to(request.user))
    rows = rows.select_related("product").order_by("product__name_sort", "currency", "-valid_from", "-id")[:200]
    context = {"kind": kind, "record": book, "title": _("Prices"), "rows": rows}
    return pages.fragment(request, "sales/products/_prices.html", context)
