"""U53, U54, U57, PT-6: a customer in the portal, from the mailed link to the rating, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from support.links import text_of
from support.models import Article, ArticleVersion, Case, OutgoingMail
from support.operations.cases import resolve_case
from support.operations.messages import post_reply
from support.operations.portal import invite_contact
from tests.factories import AccountFactory, ContactFactory

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = ("cases", "profile", "security", "colleagues", "quotes", "orders", "answers", "profile/erase", "nothing")
FILE = {"name": "picture.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"0" * 100}


@pytest.fixture
def link(cast):
    """The path of the link in the invitation of a new customer."""
    article = Article.objects.create(name="Milk is cold", audience="public", state="published")
    article.published = ArticleVersion.objects.create(article=article, number=1, name="Milk is cold", body="Warm it.")
    article.save()
    contact = ContactFactory(first_name="Ina", email="ina@customer.test", account=AccountFactory(name="Cups"))
    invite_contact(contact, by=cast.rita, reach="account", may_invite=True)
    return re.search(r"http\S+?(/portal/\S+)", text_of(OutgoingMail.objects.get()))[1]


def day(page, link, cast, look):
    """What a customer does: sign in, ask, read, answer, close, rate; `look(page)` judges each page on the way."""
    page.goto(link)
    look(page)
    page.get_by_role("button", name="Sign in now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello Ina")
    look(page)
    page.get_by_role("link", name="New request").click()
    page.get_by_label("What is it about?").fill("The milk is cold")
    page.get_by_label("Tell us more").fill("Since Monday.")
    page.locator("[name=files]").set_input_files([FILE])
    look(page)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(re.compile(r"K-\d+.*You will hear from us by"))
    case = Case.objects.unscoped("look").get()
    post_reply(case, "Have you tried turning it on?", by=cast.rita, delay=0)
    page.goto(f"/portal/cases/{case.pk}/")
    expect(page.locator(".portal-thread")).to_contain_text("turning it on")
    expect(page.locator(".portal-thread")).to_contain_text("Rita")
    with page.expect_download() as download:
        page.get_by_role("link", name="picture.png").click()
    assert download.value.suggested_filename == "picture.png"
    page.get_by_label("Your answer").fill("That was it.")
    look(page)
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator(".portal-thread")).to_contain_text("That was it.")
    resolve_case(case, by=None, resolution="Turned on")
    page.reload()
    look(page)
    page.get_by_text("It needs no more work").click()
    page.get_by_label("Why can it be closed?").fill("It is warm")
    page.get_by_role("button", name="Close it").click()
    page.get_by_label("Very good").check()
    page.get_by_role("button", name="Tell us").click()
    expect(page.get_by_role("status")).to_contain_text("Thank you for telling us")
    case.refresh_from_db()
    assert (case.category, case.surveys.get().score) == ("closed", 5)
    [look_at(page, path, look) for path in PAGES]
    page.goto("/portal/profile/")
    page.get_by_role("button", name="Sign out").click()
    look(page)


def look_at(page, path, look):
    """Judge a page of the portal."""
    page.goto(f"/portal/{path}/")
    look(page)


def test_a_customers_day(page, link, cast, judge, errors):
    """U53, U54: all of it in a browser; axe finds nothing, in light and dark, nothing is wider than a phone."""
    faults = []
    day(page, link, cast, lambda page: faults.extend(f"{page.url}: {fault}" for fault in judge(page)))
    assert faults == []
    assert [text for text in errors if "404" not in text] == []


def test_a_customers_day_without_javascript(open_page, link, cast):
    """U54, PT-6: the same on a phone with JavaScript switched off."""
    page = open_page("phone", java_script_enabled=False)
    day(page, link, cast, lambda page: expect(page.locator("main")).to_be_visible())


def test_answers_for_what_was_typed_before_the_scripts_came(open_page, link):
    """PT-2: on a slow line, too; nothing is typed any more when the page begins to listen."""
    page = open_page(patient=False)
    page.goto(link)
    page.get_by_role("button", name="Sign in now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello Ina")
    held, script = [], re.compile("htmx.*[.]js")
    page.route(script, lambda route: held.append(route))  # noqa: PLW0108 - Playwright writes a mark on what it is given
    with page.expect_request(script):
        page.goto("/portal/cases/new/", wait_until="commit")
    page.get_by_label("What is it about?").fill("cold milk")
    held[0].continue_()
    expect(page.locator("#answers")).to_contain_text("Milk is cold")


def test_answers_while_typing(page, link):
    """PT-2: answers come while a request is typed."""
    page.goto(link)
    page.get_by_role("button", name="Sign in now").click()
    page.get_by_role("link", name="New request").click()
    page.get_by_label("What is it about?").press_sequentially("cold milk")
    expect(page.locator("#answers")).to_contain_text("Milk is cold")
