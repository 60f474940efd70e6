"""A working day in a browser: from the sign-in to what a rep, a colleague and an outsider see of it.

PL-1, R01, U07, U08, U10, U11, U16, U18, U19, U21, U23, U37, U52, U55.
"""

import csv
import io
import os
import re
from collections import namedtuple
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm_site.core.jobs import run_due_jobs
from crm_site.core.kinds import KINDS
from customers.models import Account, Activity, Contact
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
ROWS = 60
OWN_ACCOUNTS = "ACCOUNTID,Account Name,Industry,Website\n" + "".join(
    f"{n},Tidewater Works {n},Shipping,tidewater{n}.test\n" for n in range(1, 13)
)
OWN_CONTACTS = "CONTACTID,First Name,Last Name,Account Id,Email\n" + "".join(
    f"{n},Ada,Brook{n},{n},ada{n}@tidewater{n}.test\n" for n in range(1, 13)
)
Export = namedtuple("Export", "accounts contacts company person")


def table(first, second):
    """Rows of the first real file whose header holds both words, or None."""
    for path in sorted(DATA.glob("crm/*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if {first, second} <= set(rows.fieldnames or ()):
                return list(rows)
    return None


def text_of(rows):
    """Rows as a CSV text."""
    made = io.StringIO()
    writer = csv.DictWriter(made, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue()


@pytest.fixture(scope="module")
def export():
    """A company's export: two CSV texts, and a company of it with one of its people."""
    accounts, contacts = table("ACCOUNTID", "Account Name"), table("CONTACTID", "Account Id")
    if not accounts or not contacts:
        return Export(OWN_ACCOUNTS, OWN_CONTACTS, "Tidewater Works 7", "Brook7")
    known = {row["ACCOUNTID"]: row for row in accounts}
    people = [row for row in contacts if row["Account Id"] in known][:ROWS]
    companies = list({row["Account Id"]: known[row["Account Id"]] for row in people}.values())
    names = [row["Account Name"] for row in accounts]
    one = next(row for row in companies if names.count(row["Account Name"]) == 1 and len(row["Account Name"]) > 6)
    person = next(row["Last Name"] for row in people if row["Account Id"] == one["ACCOUNTID"])
    return Export(text_of(companies), text_of(people), one["Account Name"], person)


@pytest.fixture
def account(cast):
    """An account of Alice's."""
    kind = KINDS["customers.account"]
    return kind.create({"name": "Brightwater Logistics", "industry": "Freight", "owner": cast.alice}, by=cast.alice)


def sign_in(page, user):
    """Go through the sign-in form."""
    page.goto("/")
    page.locator("[name=login]").fill(user.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(user.first_name)


def upload(page, name, text):
    """The first two pages of an import; ends on what the check found."""
    page.get_by_role("link", name="Import", exact=True).click()
    page.locator("[name=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_label("Comes from").fill("elsewhere")
    for step in ("Upload and look", "Check the whole file"):
        with page.expect_event("load"):
            page.get_by_role("button", name=step).click()
    run_due_jobs()
    page.reload()
    expect(page.get_by_text("Nothing has been written yet")).to_be_visible()


def figures(page):
    """The figures of a report by their words."""
    items = page.locator(".figures li").evaluate_all(
        "all => all.map(i => [i.children[1].innerText, i.children[0].innerText])"
    )
    return {label: int(number) for label, number in items}


def bring(page, name, text):
    """Import a text through all pages; the figures of the report."""
    upload(page, name, text)
    with page.expect_event("load"):
        page.get_by_role("button", name=re.compile(r"^Import \d+ row")).click()
    run_due_jobs()
    page.reload()
    expect(page.get_by_role("button", name="Undo this import")).to_be_visible()
    found = figures(page)
    assert found.pop("rows in the file") == sum(found.values()) == len(list(csv.reader(io.StringIO(text)))) - 1
    return found


def edit_industry(page, text, key):
    """Change the industry in place on the record's page, and end with a key."""
    page.get_by_role("button", name="Edit Industry").first.click()
    field = page.locator(".cell-edit input:not([type=hidden])")
    expect(field).to_be_focused()
    field.fill(text)
    field.press(key)
    expect(page.locator(".cell-edit")).to_have_count(0)


def log_call(page, subject, follow):
    """Two clicks and typing: a call with the task that follows from it."""
    page.locator(".log-tabs").get_by_role("link", name="Call").click()
    expect(page.locator(".log [name=subject]")).to_be_focused()
    page.keyboard.type(subject)
    page.get_by_text("Add a task that follows").click()
    page.keyboard.press("Tab")
    page.keyboard.type(follow)
    page.get_by_label("By when").fill(f"{timezone.localdate()}T00:01")
    page.keyboard.press("Control+Enter")


def test_a_working_day(page, open_page, cast, export):
    """From the files of another system to a task that is done; nobody outside the team learns of it."""
    sign_in(page, cast.alice)
    page.get_by_role("link", name="Accounts").click()
    assert bring(page, "Accounts.csv", export.accounts)["with errors"] == 0
    page.goto("/contacts/")
    assert bring(page, "Contacts.csv", export.contacts)["with errors"] == 0
    page.goto("/accounts/")
    page.locator("#q").type(export.company)
    expect(page.locator("#records tbody tr")).to_have_count(1)
    page.keyboard.press("Control+k")
    page.keyboard.type(export.company)
    expect(page.locator("#search-results").get_by_role("option", name=export.company)).to_be_visible()
    page.locator("#search-results").get_by_role("option", name=export.company).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(export.company)
    address = page.url
    expect(
        page.locator(".col-side, .col-main").get_by_role("link", name=re.compile(export.person)).first
    ).to_be_visible()
    edit_industry(page, "Harbours", "Enter")
    edit_industry(page, "Nonsense", "Escape")
    expect(page.locator(".high-facts")).to_contain_text("Harbours")
    page.evaluate("window.stayed = true")
    log_call(page, "Talked about the quay", "Send the drawings")
    expect(page.locator("#timeline ol[aria-label='What happened'] > li").first).to_contain_text("Talked about the quay")
    expect(page.locator("#timeline .tl-top > li").first).to_contain_text("Send the drawings")
    assert page.evaluate("window.stayed")
    page.goto("/")
    page.locator(".todo li", has_text="Send the drawings").get_by_role("button", name="Done").click()
    expect(page.locator(".todo")).not_to_contain_text("Send the drawings")
    assert Activity.objects.unscoped("look").get(subject="Send the drawings").status == Activity.DONE
    outsider = open_page()
    sign_in(outsider, cast.charlie)
    assert outsider.goto(address).status == 404
    outsider.goto(f"/accounts/?q={export.company}")
    expect(outsider.locator("#records .empty")).to_be_visible()
    outsider.keyboard.press("Control+k")
    outsider.keyboard.type(export.company[:6])
    expect(outsider.locator("#search-results")).to_contain_text("Nothing found")


def test_quick_create_warns_of_a_duplicate(page, signed_in, cast):
    """U19: the + menu on any page, the warning while typing, Save & new."""
    KINDS["customers.contact"].create(
        {"first_name": "Ada", "last_name": "Brook", "email": "ada@brook.test", "owner": cast.alice}, by=cast.alice
    )
    signed_in(page, cast.alice).goto("/activities/")
    page.locator(".top .who").click()  # an open menu gives way to another by one click
    page.locator(".top").get_by_text("New", exact=True).click()
    page.locator(".top .menu-list").get_by_role("link", name="Contact", exact=True).click()
    page.locator("#modal [name=last_name]").fill("Brooke")
    page.locator("#modal [name=email]").fill("ADA@brook.test")
    page.keyboard.press("Tab")
    expect(page.locator("#modal .duplicates")).to_contain_text("Ada Brook")
    page.locator("#modal [name=email]").fill("other@brook.test")
    page.locator("#modal [name=first_name]").fill("Una")
    page.locator("#modal [name=last_name]").fill("Rivers")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Save & new").click()
    expect(page).to_have_url(re.compile("/contacts/new/$"))
    expect(page.locator("#toasts")).to_contain_text("saved")
    expect(page.locator("main [name=last_name]")).to_have_value("")
    assert Contact.objects.unscoped("look").filter(last_name="Rivers").count() == 1


def test_two_tabs_lose_nothing(page, signed_in, cast, account):
    """U11: who saves second sees both values, whose the other is, and all that was typed."""
    signed_in(page, cast.alice).goto(f"/accounts/{account.pk}/edit/")
    second = page.context.new_page()
    second.goto(f"/accounts/{account.pk}/edit/")
    page.locator("main [name=industry]").fill("Canals")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(account.name)
    second.locator("main [name=industry]").fill("Railways")
    second.locator("main [name=description]").fill("Typed with care")
    second.get_by_role("button", name="Save", exact=True).click()
    row = second.locator(".notice tr", has_text="Industry")
    for text in ("Canals", "Railways", "Alice Tester"):
        expect(row).to_contain_text(text)
    expect(second.locator("main [name=description]")).to_have_value("Typed with care")
    second.get_by_role("button", name="Save", exact=True).click()
    expect(second.locator(".high-facts")).to_contain_text("Railways")


def test_delete_and_undo(page, signed_in, cast, account):
    """U10, U52: a message with Undo, announced; the bin has it until then."""
    signed_in(page, cast.alice).goto(f"/accounts/{account.pk}/")
    page.get_by_label("More", exact=True).click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").get_by_text("is in the bin")).to_be_visible()
    assert account.name in page.request.get("/accounts/bin/").text()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(account.name)
    expect(page.locator("#toasts")).to_contain_text("is back")


def test_saved_view(page, open_page, signed_in, cast, account):
    """U21: filters and columns under a name, as a tab; its address shows a colleague the same."""
    KINDS["customers.account"].create(
        {"name": "Marlow Dental", "industry": "Teeth", "owner": cast.alice}, by=cast.alice
    )
    signed_in(page, cast.alice).goto("/accounts/")
    page.locator("details.filters > summary").click()
    page.locator("#filter-box [name=industry]").fill("Freight")
    page.locator("#filter-box").get_by_role("button", name="Show").click()
    expect(page.locator(".chips")).to_contain_text("Freight")
    page.locator("details[name=tools] > summary").click()
    page.locator("[data-columns]").get_by_label("Employees", exact=True).check()
    page.locator("[data-columns]").get_by_role("button", name="Apply").click()
    page.get_by_role("link", name="Save view").click()
    page.locator("#modal [name=name]").fill("Hauliers")
    page.locator("#modal").get_by_role("button", name="Save", exact=True).click()
    tab = page.locator(".tabs [aria-current=page]")
    expect(tab).to_have_text("Hauliers")
    colleague = signed_in(open_page(), cast.bob)
    colleague.goto(page.url)
    for each in (page, colleague):
        expect(each.locator("#records tbody tr")).to_have_count(1)
        expect(each.locator("#records tbody")).to_contain_text(account.name)
        expect(each.locator("#records thead")).to_contain_text("Employees")
    page.goto("/accounts/?view=all")
    page.locator(".tabs").get_by_role("link", name="Hauliers").click()
    expect(page.locator("#records tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Save view").click()
    # What was typed for the first view was taken by the server: the next one begins empty.
    expect(page.locator("#modal [name=name]")).to_have_value("")


def test_assign_many_and_undo(page, signed_in, cast, account):
    """U23: tick, assign, and take it back."""
    signed_in(page, cast.bob).goto("/accounts/")
    page.locator("[data-all]").check()
    page.get_by_role("button", name="Assign").click()
    page.locator(".ts-control input[aria-label^=Owner]").fill("Char")
    page.locator(".ts-dropdown .option", has_text="Charlie").click()
    page.locator("main form.sheet").get_by_role("button").first.click()
    expect(page.locator("#toasts")).to_contain_text("1 row changed")
    assert Account.objects.unscoped("look").get(pk=account.pk).owner_id == cast.charlie.pk
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/"))
    assert Account.objects.unscoped("look").get(pk=account.pk).owner_id == cast.alice.pk


def test_attach_and_download(page, signed_in, cast, account, tmp_path):
    """A file goes onto the record without a reload and comes back as it was."""
    signed_in(page, cast.alice).goto(f"/accounts/{account.pk}/")
    page.locator("#files > summary").click()
    page.locator("#files [name=file]").set_input_files(
        {"name": "plan of the quay.txt", "mimeType": "text/plain", "buffer": b"north to the left"}
    )
    page.get_by_role("button", name="Attach").click()
    link = page.locator("#files").get_by_role("link", name="plan of the quay.txt")
    expect(link).to_be_visible()
    with page.expect_download() as waited:
        link.click()
    assert waited.value.suggested_filename == "plan of the quay.txt"
    waited.value.save_as(tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"north to the left"


def test_look_is_kept(page, open_page, signed_in, cast):
    """U07: the look chosen on one device is that of the next, whatever its system prefers."""
    signed_in(page, cast.alice).goto("/")
    page.locator(".who").click()
    with page.expect_response(re.compile("/me/theme/")):
        page.get_by_role("button", name="Dark").click()
    other = signed_in(open_page(scheme="light"), cast.alice)
    other.goto("/accounts/")
    expect(other.locator("html")).to_have_attribute("data-bs-theme", "dark")
    other.locator(".who").click()
    with other.expect_response(re.compile("/me/theme/")):
        other.get_by_role("button", name="Auto").click()
    expect(other.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_thumb_on_a_phone(open_page, signed_in, cast, account):
    """U05: at 360 px the bottom bar leads everywhere."""
    page = signed_in(open_page("phone", is_mobile=True, has_touch=True), cast.alice)
    page.goto("/")
    bar = page.locator("nav.bottom")
    bar.get_by_text("Menu").tap()
    page.locator("#menu").get_by_role("link", name="Accounts").tap()
    expect(page).to_have_url(re.compile("/accounts/$"))
    expect(page.locator("#menu")).not_to_be_in_viewport()
    bar.get_by_text("Search").tap()
    page.keyboard.type("bright")
    page.locator("#search-results").get_by_role("option", name="Brightwater").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(account.name)
    bar.get_by_text("New").tap()
    bar.get_by_role("link", name="Contact", exact=True).tap()
    expect(page.locator("[name=last_name]").first).to_be_visible()
