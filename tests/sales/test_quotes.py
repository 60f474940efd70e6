"""Quotes: lines typed by product name, states, editions, the PDF, and the customer's answer by a secret link."""

import re
import threading
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.contrib.messages import get_messages
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from crm_site.core.models import Notification, Setting
from crm_site.core.operations import Refused, Stale
from customers.models import ContactMechanism
from customers.operations.mechanisms import add_mechanism
from sales import outbox, pdf
from sales.models import Opportunity, PriceBook, Quote, QuoteMail, Sale
from sales.operations.cancelling import cancel_sale
from sales.operations.lines import save_lines
from sales.operations.products import add_price, change_price, create_price_book, end_price, price_of, read_ranges
from sales.operations.quotes import (
    accept_quote,
    answer_url,
    create_quotes,
    expire_quotes,
    quote_deal,
    reject_quote,
    revise_quote,
    send_quote,
    update_quote,
    win_quote,
)
from sales.outside import company
from sales.periods import QUARTER, period_of
from tests.cast import make_cast
from tests.factories import AccountFactory, ContactFactory
from tests.sales.making import deal_of, product

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def sent(cast, **values):
    """A quote of Alice's that was sent, with a line."""
    quote = quote_deal(deal_of(cast.alice, [("A", "1", "100")], **values), by=cast.alice)
    send_quote(quote, by=cast.alice)
    quote.refresh_from_db()
    return quote


def path_of(url):
    """The address without its host."""
    return "/" + url.split("/", 3)[3]


def test_qs1_a_quote_from_a_deal_copies_it(cast):
    """QS-1."""
    contact = ContactFactory(owner=cast.alice)
    deal = deal_of(cast.alice, [("A", "3", "0.335"), ("B", "1", "1")], contact=contact, currency="KWD")
    quote = quote_deal(deal, by=cast.alice)
    assert (quote.net, quote.contact, quote.currency, quote.edition) == (Decimal("2.005"), contact, "KWD", 1)
    assert quote.valid_until == TODAY() + timedelta(days=30)
    assert quote.lines.count() == 2


def test_u26_three_lines_by_typing_names_live_totals_and_send(cast, client_of):
    """U26."""
    for name, price in (("Widget", "10"), ("Gadget", "99.99"), ("Hours", "80")):
        product(name, price, tax_rate=19)
    contact = ContactFactory(owner=cast.alice, email="buyer@buyer.test")
    deal = deal_of(cast.alice, contact=contact)
    client = client_of(cast.alice)
    url = client.post(f"/opportunities/{deal.pk}/quotes/new/").url
    assert re.fullmatch(r"/quotes/\d+/", url)
    typed = {"rows": "3", "version": "1"}
    for number, (name, quantity) in enumerate((("widget", "3"), ("GADGET", "1"), ("Hours", "2.5"))):
        typed |= {f"line-{number}-description": name, f"line-{number}-quantity": quantity}
    live = client.post(f"{url}lines/edit/", typed | {"do": "sums"}, headers={"HX-Request": "true"}).content.decode()
    assert "392.69" in live  # 30 + 99.99 + 200, and 19 % of each
    assert Quote.objects.unscoped("test").get().lines.count() == 0
    plain = client.post(f"{url}lines/edit/", typed | {"do": "add"}).content.decode()
    assert 'value="99.99"' in plain
    assert "line-3-description" in plain
    assert client.post(f"{url}lines/edit/", typed | {"do": "save"}).status_code == 302
    quote = Quote.objects.unscoped("test").get()
    assert (quote.net, quote.tax, quote.total) == (Decimal("329.99"), Decimal("62.70"), Decimal("392.69"))
    client.post(f"{url}send/", {"to": "buyer@buyer.test", "message": "Hello"})
    assert outbox.mail_due() == 1
    assert outbox.mail_due() == 0
    [letter] = mail.outbox
    assert letter.attachments[0][1].startswith(b"%PDF")
    link = re.search(r"https?://\S+/quotes/accept/\S+", letter.body)[0]
    page = client_of(None).get(path_of(link))
    assert page.status_code == 200
    assert "392.69" in page.content.decode()


def test_bad_lines_are_refused_beside_their_fields(cast, client_of):
    product("Widget", "10", currency="USD")
    quote = quote_deal(deal_of(cast.alice), by=cast.alice)
    typed = {"rows": "5", "version": str(quote.version), "do": "save",
             "line-0-description": "Widget", "line-1-description": "x", "line-1-unit_price": "abc",
             "line-2-description": "x", "line-2-unit_price": "5", "line-2-quantity": "0",
             "line-3-description": "x", "line-3-unit_price": "5", "line-3-discount_percent": "101",
             "line-4-unit_price": "5"}  # fmt: skip
    said = client_of(cast.alice).post(f"/quotes/{quote.pk}/lines/edit/", typed).content.decode()
    for text in (
        "Widget has no price in EUR",
        "Enter a number",
        "more than 0",
        "between 0 and 100",
        "Say what is sold",
    ):
        assert text in said, text
    assert not quote.lines.exists()


def test_lines_saved_meanwhile_are_not_overwritten(cast):
    deal = deal_of(cast.alice)
    row = {"description": "A", "unit_price": Decimal(5)}
    save_lines(deal, [row], by=cast.alice, version=1)
    with pytest.raises(Stale):
        save_lines(deal, [row] * 2, by=cast.alice, version=1)
    deal = Opportunity.objects.unscoped("test").get()
    assert (deal.amount, deal.amount_from_lines, deal.lines.count()) == (Decimal(5), True, 1)


def test_qs2_a_sent_quote_does_not_change(cast, client_of):
    """QS-2."""
    quote = sent(cast)
    for do in (
        lambda: update_quote(quote, {"terms": "other"}, by=cast.alice),
        lambda: save_lines(quote, [{"description": "B", "unit_price": Decimal(1)}], by=cast.alice),
    ):
        with pytest.raises(Refused):
            do()
    for do in (
        lambda: Quote.objects.unscoped("test").update(total=1),
        lambda: Quote.objects.unscoped("test").update(status="draft"),
        lambda: quote.lines.update(net=1),
        lambda: quote.lines.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="sent quote"), transaction.atomic():
            do()
    assert update_quote(quote, {"owner": cast.alice, "tags": ["x"]}, by=cast.alice).tags == ["x"]


@pytest.mark.parametrize("do", [accept_quote, reject_quote, revise_quote, win_quote])
def test_qs2_a_draft_is_only_sent(cast, do):
    """QS-2."""
    quote = quote_deal(deal_of(cast.alice, [("A", "1", "1")]), by=cast.alice)
    with pytest.raises(Refused):
        do(quote, by=cast.alice)


def test_r05_the_status_moves_by_its_operations_alone(cast, client_of):
    """R05."""
    quote, client = sent(cast), client_of(cast.alice)
    client.post(f"/quotes/{quote.pk}/edit/", {"status": "accepted", "tags": "", "version": quote.version})
    client.post(f"/quotes/{quote.pk}/cell/status/", {"status": "accepted"})
    client.post(
        "/quotes/bulk/", {"row": quote.pk, "action": "edit", "field": "status", "value": "accepted", "step": "do"}
    )
    assert Quote.objects.unscoped("test").get().status == "sent"
    reject_quote(quote, by=cast.alice)
    with pytest.raises(Refused):
        accept_quote(quote, by=cast.alice)
    with pytest.raises(Refused):
        send_quote(quote, by=cast.alice)


def test_qs2_a_revision_supersedes(cast):
    """QS-2."""
    quote = sent(cast)
    second = revise_quote(quote, by=cast.alice)
    quote.refresh_from_db()
    assert (quote.status, second.status, second.edition, second.root) == ("superseded", "draft", 2, quote)
    assert [line.description for line in second.lines.all()] == ["A"]
    send_quote(second, by=cast.alice)
    third = revise_quote(second, by=cast.alice)
    assert (third.edition, third.root) == (3, quote)
    with pytest.raises(Refused):
        revise_quote(quote, by=cast.alice)


def test_qs2_at_most_one_is_accepted(cast):
    """QS-2."""
    deal = deal_of(cast.alice, [("A", "1", "100")])
    quotes = [quote_deal(deal, by=cast.alice) for _ in range(2)]
    [send_quote(quote, by=cast.alice) for quote in quotes]
    accept_quote(quotes[0], by=cast.alice)
    with pytest.raises(Refused, match="accepted already"):
        accept_quote(quotes[1], by=cast.alice)
    with pytest.raises(IntegrityError, match="quote_accepted_once"), transaction.atomic():
        Quote.objects.unscoped("test").filter(pk=quotes[1].pk).update(status="accepted")


@pytest.mark.django_db(transaction=True)
def test_qs2_two_accepted_at_once_leave_one():
    """QS-2."""
    cast = make_cast()
    deal = deal_of(cast.alice, [("A", "1", "100")])
    quotes = [quote_deal(deal, by=cast.alice) for _ in range(4)]
    [send_quote(quote, by=cast.alice) for quote in quotes]
    start, failed = threading.Barrier(4), []

    def run(quote):
        start.wait()
        try:
            accept_quote(quote, by=None, name="Buyer")
        except (Refused, IntegrityError) as error:
            failed.append(error)
        connection.close()

    threads = [threading.Thread(target=run, args=[quote]) for quote in quotes]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(failed) == 3
    assert Quote.objects.unscoped("test").filter(status="accepted").count() == 1


def test_the_customer_accepts_by_a_secret_link(cast, client_of):
    quote = quote_deal(deal_of(cast.alice, [("A", "1", "100")]), by=cast.alice)
    path = path_of(send_quote(quote, by=cast.alice))
    stranger = client_of(None)
    page = stranger.get(path)
    assert page.status_code == 200
    assert "noindex" in page["X-Robots-Tag"]
    assert Quote.objects.unscoped("test").get().status == "sent"
    assert stranger.get(f"{path}quote.pdf").content.startswith(b"%PDF")
    assert "required" in stranger.post(path, {"answer": "accepted", "name": " "}).content.decode()
    stranger.post(path, {"answer": "accepted", "name": "Zoë Buyer"})
    quote.refresh_from_db()
    assert (quote.status, quote.answered_by) == ("accepted", "Zoë Buyer")
    assert Opportunity.objects.unscoped("test").get().state == "open"
    told = Notification.objects.get(user=cast.alice)
    assert told.url == f"/quotes/{quote.pk}/"
    assert "is accepted" in stranger.post(path, {"answer": "rejected", "name": "Z"}).content.decode()
    assert Quote.objects.unscoped("test").get().status == "accepted"
    for wrong in ("0" * 64, "x", quote.token_hash):
        assert stranger.get(f"/quotes/accept/{wrong}/").status_code == 404


def test_an_old_link_says_why(cast, client_of):
    quote = quote_deal(deal_of(cast.alice, [("A", "1", "100")]), by=cast.alice)
    path = path_of(send_quote(quote, by=cast.alice))
    revise_quote(quote, by=cast.alice)
    assert "newer version" in client_of(None).get(path).content.decode()
    again = path_of(send_quote(Quote.objects.unscoped("test").get(edition=2), by=cast.alice))
    late = path_of(send_quote(Quote.objects.unscoped("test").get(edition=2), by=cast.alice))
    assert client_of(None).get(again).status_code == 404
    assert client_of(None).get(late).status_code == 200


def test_quotes_run_out(cast, client_of, monkeypatch):
    quote = sent(cast)
    monkeypatch.setattr("sales.operations.quotes.timezone.localdate", lambda: TODAY() + timedelta(days=31))
    with pytest.raises(Refused, match="run out"):
        accept_quote(quote, by=None, name="Late")
    assert expire_quotes(by=None) == 1
    assert expire_quotes(by=None) == 0
    assert Quote.objects.unscoped("test").get().status == "expired"


def test_a_mail_of_a_superseded_quote_is_dropped(cast):
    quote = quote_deal(deal_of(cast.alice, [("A", "1", "100")]), by=cast.alice)
    send_quote(quote, by=cast.alice, to="buyer@buyer.test")
    revise_quote(quote, by=cast.alice)
    assert outbox.mail_due() == 0
    assert QuoteMail.objects.get().due is None
    assert not mail.outbox


def test_qs3_an_accepted_quote_becomes_the_sale(cast, client_of):
    """QS-3."""
    quote = quote_deal(deal_of(cast.alice, [("A", "1", "100")], amount=Decimal(70)), by=cast.alice)
    update_quote(quote, {"adjustment": Decimal(-5)}, by=cast.alice)
    send_quote(quote, by=cast.alice)
    accept_quote(quote, by=None, name="Buyer")
    client = client_of(cast.alice)
    url = client.post(f"/quotes/{quote.pk}/win/").url
    assert client.post(f"/quotes/{quote.pk}/win/").url == url
    sale = Sale.objects.unscoped("test").get()
    assert (url, sale.quote, sale.net, sale.total) == (f"/sales/{sale.pk}/", quote, Decimal(100), Decimal(95))
    deal = Opportunity.objects.unscoped("test").get()
    assert (deal.state, deal.amount) == ("won", Decimal(95))
    with pytest.raises(Refused):
        revise_quote(quote, by=cast.alice)


def test_qs6_cancelling_reopens_or_loses_the_deal(cast, client_of):
    """QS-6."""
    quote = sent(cast, amount=Decimal(100))
    accept_quote(quote, by=None, name="Buyer")
    sale = win_quote(quote, by=cast.alice)
    client = client_of(cast.alice)
    page = client.post(f"/sales/{sale.pk}/cancel/", {"reason": "", "then": "reopen"}).content.decode()
    assert "required" in page
    page = client.post(f"/sales/{sale.pk}/cancel/", {"reason": "Returned", "then": "reopen"})
    quarter = period_of(timezone.localdate(), QUARTER)
    (said,) = get_messages(page.wsgi_request)
    assert str(said) == (
        f"Sale {sale.document} is cancelled. {sale.opportunity} is open again in Qualification. "
        f"Credit of 100.00 EUR is taken back in {quarter.label}."
    )
    panel = client.get(f"/sales/{sale.pk}/credits/").content.decode()
    assert panel.count(f"/targets/attainment/?period={quarter.key}") == 2
    assert Opportunity.objects.unscoped("test").get().state == "open"
    assert sale.credits.count() == 2
    again = win_quote(quote, by=cast.alice)
    with pytest.raises(Refused):
        cancel_sale(again, "Gone", by=cast.alice, then="lose")
    assert Sale.objects.unscoped("test").filter(status="active").count() == 1


def test_the_pdf_holds_names_in_any_script(cast):
    Setting.objects.update_or_create(pk="company", defaults={"value": {"name": "Łódź & Αθήνα GmbH"}})
    quote = quote_deal(deal_of(cast.alice, [("Москва", "1", "100")], name="Zoë"), by=cast.alice)
    made = pdf.quote_pdf(quote)
    assert made.startswith(b"%PDF")
    assert len(made) > 8000  # the fonts are inside
    assert b"/Count 1" in made or len(made) < 200_000
    pdf.drawn('<img src="http://127.0.0.1:1/x.png"><img src="file:///etc/passwd"><p>x</p>')


def test_qs1_the_paper_is_addressed(cast, monkeypatch):
    """QS-1: to the account's address for bills, else its own; not to one that is over or not to be used."""
    drawn = []
    monkeypatch.setattr(pdf, "drawn", drawn.append)
    account = AccountFactory(owner=cast.alice, team=cast.north)
    quote = quote_deal(deal_of(cast.alice, [("A", "1", "100")], account=account), by=cast.alice)
    add = partial(add_mechanism, quote.account, by=cast.alice)
    for values in (
        {"street": "Kaistraße 1", "postal_code": "20457", "city": "Hamburg", "country": "DE"},
        {"street": "Old Road 9", "city": "Leeds", "purpose": "billing", "valid_to": TODAY() - timedelta(1)},
        {"street": "Secret Lane 2", "city": "York", "purpose": "billing", "do_not_use": True},
    ):
        way = add({"type": "postal"} | values)
        ContactMechanism.objects.filter(pk=way.pk).update(
            **{k: values[k] for k in values if k in ("valid_to", "do_not_use")}
        )
        pdf.quote_pdf(quote)
        assert "<br>Kaistraße 1<br>20457 Hamburg<br>GERMANY</p>" in drawn[-1]
    add({"type": "postal", "street": "5 Mint St", "postal_code": "LS1", "city": "Leeds", "country": "GB",
         "purpose": "billing"})  # fmt: skip
    pdf.quote_pdf(quote)
    assert "<br>5 Mint St<br>Leeds<br>LS1<br>UNITED KINGDOM</p>" in drawn[-1]


def test_qs1_each_paper_says_who_sells(cast, client_of, client):
    """QS-1: address, contact, tax number and bank are said once, stand on every paper; empty lines vanish."""
    said = {"name": "Łódź GmbH", "address": " Dock 1 \r\n\r\n Hamburg ", "tax_id": "DE 1", "terms": "30 days"}
    client_of(cast.rita).post("/start/company/", said)
    assert company() == said | {"address": "Dock 1\nHamburg", "contact": "", "bank": ""}
    quote = sent(cast)
    paper = render_to_string("sales/quotes/paper.html", {"quote": quote, "seller": company()})
    for page in (paper, client.get(answer_url(quote)).content.decode()):
        assert "Łódź GmbH</b><br>Dock 1<br>Hamburg<" in page
        assert "DE 1" in page
        assert "30 days" in page
        assert "<br></" not in page
        assert "<br><br>" not in page


def test_imported_quotes_keep_their_sums(cast):
    rows = [{"subject": "Old", "currency": "EUR", "status": status, "total": Decimal(7), "net": Decimal(6),
             "discount": Decimal(2)} for status in ("accepted", "draft")]  # fmt: skip
    made = create_quotes(rows, by=cast.alice)
    assert [(q.status, q.total, q.discount) for q in Quote.objects.unscoped("test").order_by("id")] == [
        ("accepted", 7, 2), ("draft", 7, 2)]  # fmt: skip
    assert len(made) == 2


def test_a_price_is_what_holds_on_the_day(cast):
    widget = product("Widget", "10")
    add_price(
        widget, {"currency": "EUR", "amount": Decimal(12), "valid_from": TODAY() + timedelta(days=5)}, by=cast.bob
    )
    assert price_of(widget, "EUR") == 10
    assert price_of(widget, "EUR", TODAY() + timedelta(days=5)) == 12
    assert price_of(widget, "EUR", TODAY() + timedelta(days=4)) == 10
    assert price_of(widget, "USD") is None
    with pytest.raises(Refused):
        add_price(widget, {"currency": "EUR", "amount": Decimal(1)}, by=cast.bob)
    old = widget.prices.get(valid_from__isnull=True)
    change_price(old, {"currency": "EUR", "amount": Decimal(11), "valid_to": old.valid_to}, by=cast.bob)
    assert price_of(widget, "EUR") == 11
    end_price(widget.prices.get(valid_from__isnull=False), by=cast.bob)
    assert price_of(widget, "EUR", TODAY() + timedelta(days=5)) is None


def test_a_book_has_its_prices_and_its_discounts(cast):
    """QS-1: its own price, else the standard one; a differential book's discount on the quantity, half up."""
    widget, gadget = product("Widget", "10.01"), product("Gadget", "99")
    flat = create_price_book({"name": "Partners"}, by=cast.bob)
    ranges = read_ranges(["50: 12.5 %", " 10:5"])
    steps = create_price_book({"name": "Many", "pricing": "differential", "ranges": ranges}, by=cast.bob)
    add_price(widget, {"currency": "EUR", "amount": Decimal(8), "book": flat}, by=cast.bob)
    assert [price_of(p, "EUR", book=flat) for p in (widget, gadget)] == [8, 99]
    assert [price_of(widget, "EUR", book=steps, quantity=n) for n in (1, 10, 49, 50)] == [
        Decimal("10.01"), Decimal("9.51"), Decimal("9.51"), Decimal("8.76")]  # fmt: skip
    steps.is_active = False
    assert price_of(widget, "EUR", book=steps, quantity=50) == Decimal("10.01")
    for wrong in ("10", "ten: 5", "10: 101", "10: 5: 3"):
        with pytest.raises(ValidationError):
            read_ranges([wrong])


def test_lines_take_their_prices_from_the_book_that_is_chosen(cast, client_of):
    """U26: for products chosen from then on; what was typed stays."""
    for name, price in (("Widget", "10"), ("Gadget", "99")):
        product(name, price)
    client = client_of(cast.bob)
    fields = {"name": "Many", "pricing": "differential", "ranges": "10: 5\n50: 12.5", "is_active": "on"}
    assert "no quantity" in client.post("/price-books/new/", fields | {"ranges": "x"}).content.decode()
    assert client.post("/price-books/new/", fields).status_code == 302
    book = PriceBook.objects.get()
    assert book.ranges == ["10: 5", "50: 12.5"]
    assert "10: 5 %; 50: 12.5 %" in client.get(f"/price-books/{book.pk}/").content.decode()
    quote = quote_deal(deal_of(cast.bob), by=cast.bob)
    url, typed = f"/quotes/{quote.pk}/lines/edit/", {"rows": "3", "version": str(quote.version), "book": str(book.pk)}
    assert "Prices from" in client.get(url).content.decode()
    for number, (name, quantity) in enumerate((("Widget", "60"), ("Gadget", "2"), ("Widget", "10"))):
        typed |= {f"line-{number}-description": name, f"line-{number}-quantity": quantity}
    typed |= {"line-2-discount_percent": "1"}
    assert client.post(url, typed | {"do": "save"}).status_code == 302
    rows = quote.lines.order_by("position").values_list("unit_price", "discount_percent", "net")
    assert list(rows) == [(10, Decimal("12.5"), 525), (99, 0, 198), (10, 1, 99)]
    quote.refresh_from_db()
    assert (quote.price_book, f'value="{book.pk}" selected' in client.get(url).content.decode()) == (book, True)
    save_lines(quote, [{"description": "Widget", "quantity": Decimal(10)}], by=cast.bob)
    assert quote.lines.get().discount_percent == 5
    send_quote(quote, by=cast.bob)
    assert revise_quote(quote, by=cast.bob).price_book == book
    deal = save_lines(deal_of(cast.bob), [{"description": "Widget"}], by=cast.bob, book=book)
    assert quote_deal(deal, by=cast.bob).price_book == book


def test_r24_a_double_click_begins_one_draft_and_sends_one_mail(cast, client_of):
    """R24."""
    deal, client = deal_of(cast.alice, [("A", "1", "100")]), client_of(cast.alice)
    addresses = {client.post(f"/opportunities/{deal.pk}/quotes/new/")["Location"] for _ in range(2)}
    quote = Quote.objects.unscoped("test").get()
    assert len(addresses) == 1
    for _ in range(2):
        client.post(f"/quotes/{quote.pk}/send/", {"to": "buyer@example.org", "message": ""})
    assert quote.mails.count() == 1
    client.post(f"/quotes/{quote.pk}/send/", {"to": "other@example.org", "message": ""})
    assert quote.mails.count() == 2
