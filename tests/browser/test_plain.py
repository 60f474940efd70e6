"""U11, U54: all that a rep does in a day works as plain pages and forms, without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from crm_site.core.jobs import run_due_jobs
from tests.browser.test_journeys import OWN_ACCOUNTS, account, figures, sign_in  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plain(open_page, cast):
    """A page without JavaScript, Alice signed in through the form."""
    page = open_page(java_script_enabled=False)
    sign_in(page, cast.alice)
    return page


def test_lists_and_filters(plain, account):  # noqa: F811
    """Search and filters are forms; each answers with a page."""
    plain.get_by_role("link", name="Accounts").first.click()
    plain.locator("#q").fill("bright")
    plain.locator("#finder").get_by_role("button", name="Search").click()
    expect(plain.locator("#records tbody tr")).to_have_count(1)
    plain.locator("details.filters > summary").click()
    plain.get_by_role("link", name="Open the filters").click()
    plain.locator("[name=industry]").fill("Nowhere")
    plain.get_by_role("button", name="Show").click()
    expect(plain.locator("#records .empty")).to_be_visible()
    plain.get_by_role("link", name="Clear all filters").click()
    expect(plain.locator("#records tbody tr")).to_have_count(1)


def test_create_edit_and_log(plain):
    """A record is made and changed; a fault is told and nothing is lost; a note lands on the timeline."""
    plain.goto("/accounts/")
    plain.get_by_role("link", name="New account").first.click()
    plain.locator("main [name=website]").fill("plain.test")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.locator("main [role=alert]")).to_be_visible()
    expect(plain.locator("main [name=website]")).to_have_value("plain.test")
    plain.locator("main [name=name]").fill("Plain and simple")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Plain and simple")
    plain.get_by_label("More", exact=True).click()
    plain.get_by_role("link", name="Edit everything").click()
    plain.locator("main [name=industry]").fill("Paper")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.locator(".high-facts")).to_contain_text("Paper")
    plain.locator(".log-tabs").get_by_role("link", name="Note").click()
    plain.locator(".log [name=subject]").fill("Written by hand")
    plain.locator(".log").get_by_role("button", name="Save").click()
    expect(plain.locator("#timeline")).to_contain_text("Written by hand")
    plain.get_by_label("More", exact=True).click()
    plain.get_by_role("link", name="Delete").click()
    plain.get_by_role("button", name="Delete").click()
    plain.get_by_role("button", name="Undo").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Plain and simple")


def test_import(plain):
    """The wizard from the upload to the report."""
    plain.goto("/imports/new/?kind=accounts")
    file = {"name": "Accounts.csv", "mimeType": "text/csv", "buffer": OWN_ACCOUNTS.encode()}
    plain.locator("[name=file]").set_input_files(file)
    for step in ("Upload and look", "Check the whole file"):
        with plain.expect_event("load"):
            plain.get_by_role("button", name=step).click()
    run_due_jobs()
    plain.reload()
    with plain.expect_event("load"):
        plain.get_by_role("button", name=re.compile(r"^Import \d+ rows")).click()
    run_due_jobs()
    plain.reload()
    assert plain.locator(".figures").inner_text().split()[:2] == ["12", "new"]
