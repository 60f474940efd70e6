"""The addresses of products, price books, quotes, sales and invoices, and of their panels elsewhere."""

from django.urls import path

from crm_site.core.routes import bound, record_urls
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from sales.kinds.opportunity import OPPORTUNITIES
from sales.kinds.product import PRICE_BOOKS, PRODUCTS
from sales.kinds.quote import QUOTES
from sales.kinds.sale import INVOICES, SALES
from sales.views import accepting, lines, papers, products, quotes, sales

WHAT = (("quotes", "quote"), ("sales", "sale"), ("invoices", "invoice"))
# An invoice names its sale, and a sale neither quotes nor sales of its own.
ELSEWHERE = {("opportunity", "invoice"), ("sale", "quote"), ("sale", "sale")}

PAPER_URLS = [
    *(url for kind in (QUOTES, SALES, PRODUCTS, PRICE_BOOKS, INVOICES) for url in record_urls(kind)),
    *(
        path(f"{kind.slug}/<big:pk>/{word}/", bound(papers.papers_of, kind), {"what": what}, name=f"{kind.noun}_{word}")
        for kind in (CUSTOMERS, ACCOUNTS, CONTACTS, OPPORTUNITIES, SALES) for word, what in WHAT
        if (kind.noun, what) not in ELSEWHERE
    ),
    *(path(f"{kind.slug}/<big:pk>/lines/", bound(lines.lines_panel, kind), name=f"{kind.noun}_lines")
      for kind in (OPPORTUNITIES, QUOTES, SALES)),
    *(path(f"{kind.slug}/<big:pk>/lines/edit/", bound(lines.lines_edit, kind), name=f"{kind.noun}_lines_edit")
      for kind in (OPPORTUNITIES, QUOTES)),
    path("opportunities/<big:pk>/quotes/new/", quotes.opportunity_quote_create, name="opportunity_quote_create"),
    path("quotes/<big:pk>/editions/", papers.quote_editions, name="quote_editions"),
    path("quotes/<big:pk>/quote.pdf", quotes.quote_pdf, name="quote_pdf"),
    path("quotes/<big:pk>/send/", quotes.quote_send, name="quote_send"),
    path("quotes/<big:pk>/answer/<slug:answer>/", quotes.quote_answer, name="quote_answer"),
    path("quotes/<big:pk>/revise/", quotes.quote_revise, name="quote_revise"),
    path("quotes/<big:pk>/win/", quotes.quote_win, name="quote_win"),
    path("quotes/accept/<str:token>/", accepting.quote_accept, name="quote_accept"),
    path("quotes/accept/<str:token>/quote.pdf", accepting.quote_accept_pdf, name="quote_accept_pdf"),
    path("sales/<big:pk>/cancel/", sales.sale_cancel, name="sale_cancel"),
    path("sales/<big:pk>/credits/", papers.sale_credits, name="sale_credits"),
    path("products/<big:pk>/prices/", papers.product_prices, name="product_prices"),
    path("products/<big:pk>/prices/new/", products.product_price_create, name="product_price_create"),
    path("price-books/<big:pk>/prices/", papers.pricebook_prices, name="pricebook_prices"),
    path("prices/<big:pk>/edit/", products.price_edit, name="price_edit"),
    path("prices/<big:pk>/end/", products.price_end, name="price_end"),
]  # fmt: skip
