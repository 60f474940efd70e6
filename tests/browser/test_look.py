"""U03, U04, U07, U08, U09, U11, U18, U19, U22, U23: how the pages answer to hands."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from crm_site.core.kinds import KINDS

pytestmark = pytest.mark.django_db(transaction=True)
HIDDEN = """async () => {
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const at = document.activeElement, place = at.getBoundingClientRect();
    const high = document.querySelector(".high"), edge = high.getBoundingClientRect().bottom;
    const inside = at.closest("main") && !high.contains(at) && place.height > 0 && place.bottom > 0;
    return inside && place.bottom <= edge && scrollY > 0 ? at.outerHTML.slice(0, 120) : "";
}"""


@pytest.fixture
def accounts(cast):
    """Three accounts of Alice's; returns them."""
    kind = KINDS["customers.account"]
    names = ("Brightwater Logistics", "Marlow Dental Group", "Casa Verde Arquitectos")
    return [kind.create({"name": name, "owner": cast.alice}, by=cast.alice) for name in names]


def test_sign_in_page(open_page, axe, cast):
    """U03: the door itself, in both looks; it says nothing of anybody's password."""
    for scheme in ("light", "dark"):
        page = open_page(scheme=scheme)
        page.goto("/auth/login/")
        assert axe(page) == []
        assert "demo" not in page.content().lower()


def test_skip_link_comes_first(page, signed_in, cast):
    """U04: the first stop of the keyboard leads past the menus."""
    signed_in(page, cast.alice).goto("/accounts/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_focus_is_never_hidden(page, signed_in, cast, accounts):
    """U04: what has the focus is not covered by the sticky parts of a record's page."""
    page.set_viewport_size({"width": 1366, "height": 500})
    signed_in(page, cast.alice).goto(f"/accounts/{accounts[0].pk}/", wait_until="networkidle")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    for _stop in range(40):
        page.keyboard.press("Shift+Tab")
        covered = page.evaluate(HIDDEN)
        assert covered == ""


def test_theme_is_the_users_own(page, signed_in, cast):
    """U07: the choice holds at once, on the next page, and without a flash of the other look."""
    signed_in(page, cast.alice).goto("/")
    page.locator(".who").click()
    with page.expect_response(re.compile("/me/theme/")):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert 'data-bs-theme="dark"' in page.request.get("/accounts/").text()


def test_search_from_anywhere(page, signed_in, cast, accounts):
    """U08: Ctrl-K, a part of the name, Enter."""
    signed_in(page, cast.alice).goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("bright")
    expect(page.locator("#search-results").get_by_role("option", name="Brightwater")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/accounts/{accounts[0].pk}/$"))


def test_single_key_shortcuts_can_be_switched_off(page, signed_in, cast):
    """U09: "?" opens the cheat sheet; a user who switched the keys off is left alone."""
    signed_in(page, cast.alice).goto("/accounts/")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    type(cast.alice).objects.filter(pk=cast.alice.pk).update(shortcuts=False)
    page.reload()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_typed_text_survives(page, signed_in, cast):
    """U11: a bad form keeps what was typed and leads to the fault; a page left behind gives it back."""
    signed_in(page, cast.alice).goto("/accounts/new/")
    page.get_by_label("Website").fill("not saved yet")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-focus]")).to_be_focused()
    expect(page.get_by_label("Website")).to_have_value("not saved yet")
    page.get_by_label("Website").fill("still here")
    page.goto("/")
    page.goto("/accounts/new/")
    expect(page.get_by_label("Website")).to_have_value("still here")


def test_quick_create_in_the_dialog(page, signed_in, cast, accounts):
    """U19: + from any page opens a short form; Esc gives the focus back; saving leads to the record."""
    name = f"New one {uuid.uuid4().hex[:6]}"
    signed_in(page, cast.alice).goto("/accounts/")
    page.locator("[data-new]").click()
    expect(page.locator("#modal [name=name]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-new]")).to_be_focused()
    page.locator("[data-new]").click()
    page.locator("#modal [name=name]").fill(name)
    page.locator("#modal").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_edit_in_place(page, signed_in, cast, accounts):
    """U18: Enter keeps the new value, Esc the old one, in the list and on the record."""
    signed_in(page, cast.alice).goto("/accounts/?col=name&col=industry&col=website")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    field = page.locator(".cell-edit input:not([type=hidden])").first
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".cell-edit")).to_have_count(0)
    page.keyboard.press("Enter")
    field.fill("Shipping")
    page.keyboard.press("Enter")
    expect(page.locator("tr.at")).to_contain_text("Shipping")


def test_list_by_keyboard(page, signed_in, cast, accounts):
    """U22, U23: j, k and x choose rows, the bar counts them, Enter opens."""
    signed_in(page, cast.alice).goto("/accounts/")
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.locator("[data-count]")).to_have_text("2")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/accounts/\d+/$"))
