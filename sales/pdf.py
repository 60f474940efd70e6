"""Quotes as PDF files: a template drawn by plutoprint, which may load our own style sheet and fonts, nothing else."""

from pathlib import Path

import plutoprint
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.translation import get_language

from customers.operations.reach import letter_address
from sales.outside import company

FONTS = {name: f"dejavu-fonts-ttf/ttf/{name}" for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")}
FILES = {name: (path, "font/ttf") for name, path in FONTS.items()} | {"paper.css": ("paper.css", "text/css")}


class OwnFiles(plutoprint.ResourceFetcher):
    """Gives out the style sheet and the two fonts; whatever else a document asks for, from wherever, is refused."""

    def fetch_url(self, url):
        """The file's data. Raises ValueError for anything else."""
        name = url.rpartition("/")[2]
        if not url.startswith("kith:/") or name not in FILES:
            raise ValueError(url)
        path, kind = FILES[name]
        return plutoprint.ResourceData(Path(finders.find(path)).read_bytes(), kind)


def quote_pdf(quote):
    """The quote as a PDF, bytes."""
    lines = list(quote.lines.order_by("position", "id"))
    context = {
        "quote": quote, "seller": company(), "lines": lines,
        "discounts": any(line.discount_percent or line.discount_amount for line in lines),
        "party": quote.customer or quote.account or quote.contact, "language": get_language(),
        "address": letter_address(*whom(quote)),
    }  # fmt: skip
    return drawn(render_to_string("sales/quotes/paper.html", context))


def whom(quote):
    """(account id, contact id) of whom a quote is sent to."""
    customer = quote.customer
    account = quote.account_id or (customer and customer.account_id)
    return account, quote.contact_id or (customer and customer.contact_id)


def drawn(html):
    """A document of ours as PDF, bytes."""
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4, plutoprint.PAGE_MARGINS_NONE)
    book.custom_resource_fetcher = OwnFiles()
    book.load_html(html, base_url="kith:/")
    target = bytearray()
    book.write_to_pdf_stream(Sink(target))
    return bytes(target)


class Sink:
    """A stream into a bytearray."""

    def __init__(self, target):
        self.target = target

    def write(self, data):
        """Take some bytes."""
        self.target += data
        return len(data)
