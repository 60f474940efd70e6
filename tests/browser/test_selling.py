"""Selling in a browser, from a stranger's inquiry to the sale, and a manager's forecast.

U10, U14, U15, U20, U24, U26, U42, U43; LC-1, OP-2, QS-1, QS-4, FC-3, FC-5.
"""

import re
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from sales import backtest, periods, rollup
from sales.models import Lead, Opportunity, Product, Quote, Sale, Stage, Target, WebForm
from sales.operations.opportunities import create_opportunity
from sales.operations.products import create_product
from sales.operations.webforms import save_web_form

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PRODUCTS = (("Harbour crane", 1200), ("Steel rope", 80), ("Yearly inspection", 300))
# Somebody who fills a form takes longer than a program.
A_MOMENT = 2500


@pytest.fixture
def web_form(cast):
    """The form on the company's site, whose inquiries wait for nobody: they are Alice's team's."""
    values = {
        "name": "Ask us", "title": "How can we help?", "source": "Website", "team": cast.north,
        "fields": ["last_name", "company", "email", "subject", "description"], "required": ["last_name", "email"],
        "consent_text": "You may answer me.",
    }  # fmt: skip
    return save_web_form(WebForm(), values, by=cast.rita)


@pytest.fixture
def products(cast):
    """Three products with a price in the company's currency and a tax of 20 %."""
    return [
        create_product(
            {"name": name, "price": Decimal(price), "price_currency": settings.BASE_CURRENCY, "tax_rate": Decimal(20)},
            by=cast.rita,
        )
        for name, price in PRODUCTS
    ]


def inquire(stranger, web_form):
    """Fill the public form without JavaScript, as anybody may."""
    stranger.goto(f"/forms/{web_form.key}/")
    for name, text in (("last_name", "Brook"), ("company", "Tidewater"), ("email", "ada@tidewater.test"),
                       ("subject", "A crane"), ("description", "What does one cost?")):  # fmt: skip
        stranger.locator(f"[name={name}]").fill(text)
    stranger.locator("[name=consent]").check()
    stranger.wait_for_timeout(A_MOMENT)
    stranger.get_by_role("button", name="Send").click()
    expect(stranger.get_by_role("status")).to_contain_text("Thank you")


def convert(page, lead):
    """Two clicks from the lead to its deal; ends on the deal."""
    page.goto(f"/leads/{lead.pk}/")
    page.get_by_role("link", name="Convert", exact=True).click()
    page.get_by_role("button", name="Convert").click()
    page.get_by_role("link", name=re.compile("Tidewater – A crane")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tidewater")


def stage_of(page):
    """The present stage as the path shows it."""
    return page.locator(".path [aria-current=step]")


def advance(page):
    """Along the path by its button; the stage that needs an amount asks for nothing else."""
    page.get_by_role("button", name="Mark stage done").click()
    expect(stage_of(page)).to_contain_text("Needs analysis")
    page.get_by_role("button", name="Mark stage done").click()
    dialog = page.locator("#modal")
    expect(dialog.get_by_role("heading")).to_contain_text("Proposal needs to know")
    expect(dialog.locator("input:not([type=hidden])")).to_have_count(1)
    dialog.locator("[name=amount]").fill("5000")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(stage_of(page)).to_contain_text("Proposal")


def carry(page, deal):
    """On the board with the keys: one column on, and back by the Undo of the message."""
    page.goto("/opportunities/board/")
    page.locator(f"[data-card$='/{deal.pk}/']").focus()
    page.keyboard.press("Shift+ArrowRight")
    column = page.locator("[data-name=Negotiation]")
    expect(column.locator(f"[data-card$='/{deal.pk}/']")).to_be_visible()
    expect(column.locator("[data-head=count]")).to_have_text("1")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator(f"[data-name=Proposal] [data-card$='/{deal.pk}/']")).to_be_visible()


def fill_lines(page, deal):
    """Three lines by typing parts of the products' names; the sums follow while one types."""
    page.goto(f"/opportunities/{deal.pk}/lines/edit/")
    for number, (name, _price) in enumerate(PRODUCTS):
        cell = page.locator(f"#line-{number}-picked")
        cell.locator(".ts-control").click()
        page.keyboard.type(name[:6].lower())
        cell.locator(".ts-dropdown .option", has_text=name).click()
        expect(page.locator(f"[name=line-{number}-description]")).to_have_value(name)
    page.locator("[name=line-1-quantity]").fill("10")
    # 1,200 and 10 times 80 and 300, and the tax on them.
    expect(page.locator("#lines-sums")).to_contain_text("2,300.00")
    expect(page.locator("#lines-sums")).to_contain_text("2,760.00")
    page.get_by_role("button", name="Save lines").click()
    expect(page.locator("#sales-opportunity_lines")).to_contain_text("2,760.00")


def send(page):
    """A quote in one click, its PDF, and the secret address that sending shows."""
    page.locator("#sales-opportunity_quotes").get_by_role("button", name="New quote").click()
    expect(page.locator(".high .kind")).to_have_text("Quote")
    paper = page.request.get(page.get_by_role("link", name="PDF").get_attribute("href"))
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.body().startswith(b"%PDF")
    page.get_by_role("link", name="Send", exact=True).click()
    page.locator("#modal").get_by_role("button", name="Send", exact=True).click()
    said = page.locator("#toasts", has_text="/quotes/accept/")
    expect(said).to_be_visible()
    return re.search(r"https?://\S+?(/quotes/accept/\w+/)", said.inner_text()).group(1)


def accept(stranger, address):
    """The customer looks at the offer and accepts it, without signing in."""
    stranger.goto(address)
    expect(stranger.locator("main")).to_contain_text("2,760.00")
    stranger.get_by_label("Your name").fill("Ada Brook")
    stranger.get_by_role("button", name="Accept this quote").click()
    expect(stranger.get_by_role("status")).to_contain_text("accepted")


def test_from_an_inquiry_to_the_sale(page, open_page, signed_in, cast, web_form, products):
    """A stranger asks, the rep converts, moves, quotes and sends, the customer accepts, and the deal is a sale."""
    stranger = open_page(java_script_enabled=False)
    inquire(stranger, web_form)
    lead = Lead.objects.unscoped("look").get()
    Lead.objects.unscoped("set up").update(owner=cast.alice)
    signed_in(page, cast.alice).goto("/")
    expect(page.locator("main")).to_contain_text("Leads to answer")
    expect(page.get_by_role("link", name=re.compile("Brook")).first).to_be_visible()
    convert(page, lead)
    deal = Opportunity.objects.unscoped("look").get()
    advance(page)
    carry(page, deal)
    fill_lines(page, deal)
    accept(stranger, send(page))
    page.reload()
    page.get_by_role("button", name="Turn into a sale").click()
    expect(page.locator(".high .kind")).to_have_text("Sale")
    expect(page.locator(".high-facts")).to_contain_text("2,760.00")
    sale = Sale.objects.unscoped("look").get()
    deal.refresh_from_db()
    assert (sale.total, deal.state, deal.amount) == (Decimal(2760), Stage.WON, Decimal(2300))
    assert Quote.objects.unscoped("look").get().answered_by == "Ada Brook"
    assert Product.objects.unscoped("look").count() == len(PRODUCTS)


@pytest.fixture
def deals(cast):
    """Two deals of Alice's that close this quarter, one of them committed; rolled up."""
    period = periods.period_of(timezone.localdate(), periods.QUARTER, periods.start_month())
    stages = {stage.name: stage for stage in Stage.objects.all()}
    for name, stage, amount in (("Big one", "Negotiation", 700), ("Small one", "Proposal", 200)):
        create_opportunity(
            {"name": name, "stage": stages[stage], "amount": Decimal(amount), "close_date": period.ends_on,
             "owner": cast.alice}, by=cast.alice,
        )  # fmt: skip
    rollup.rebuild()
    return period


def set_target(page, cast, period):
    """A target of 2,000 for Alice in this quarter, through the form."""
    page.goto("/targets/new/")
    page.locator("[name=value]").fill("2000")
    page.locator("[name=starts_on]").fill(f"{period.starts_on}")
    page.locator("main [name=user] + .ts-wrapper .ts-control, main .ts-wrapper:near([name=user])").first.click()
    page.keyboard.type("alice")
    page.locator(".ts-dropdown .option", has_text="Alice").first.click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alice")
    assert Target.objects.unscoped("look").get().user == cast.alice


def test_a_manager_forecasts(page, signed_in, cast, deals):
    """A target, the forecast against it, a number adjusted with its reason, the deals behind one, and the backtest."""
    signed_in(page, cast.bob)
    set_target(page, cast, deals)
    page.goto("/forecast/?mode=single")
    page.get_by_role("link", name="North", exact=True).click()
    row = page.locator("tbody tr", has_text="Alice")
    expect(row).to_contain_text("2,000")
    row.get_by_role("link", name="Adjust Commit of").click()
    page.locator("#modal [name=adjusted]").fill("450")
    page.locator("#modal [name=note]").fill("One of them slips")
    page.locator("#modal").get_by_role("button", name="Adjust").click()
    expect(page.locator("#toasts")).to_contain_text("adjusted")
    page.goto(f"/forecast/?mode=single&team={cast.north.pk}")
    expect(row).to_contain_text("450")
    expect(row).to_contain_text("deals say 700")
    row.get_by_role("link", name="200", exact=True).click()
    expect(page.locator("#records tbody tr")).to_have_count(1)
    expect(page.locator("#records")).to_contain_text("Small one")
    expect(page.locator(".list-sums")).to_contain_text("200.00")
    backtest.run()
    page.goto("/forecast/")
    page.get_by_role("link", name="How good was it?").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("How good")
