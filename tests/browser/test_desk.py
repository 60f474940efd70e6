"""The desk in a browser: cases worked by keys alone, two agents who see each other, drafts and pasted pictures.

U27–U33, U36; CS-4, CS-5.
"""

import re

import pytest
from playwright.sync_api import expect

from support.models import CannedReply, Case, Macro, Message, Presence, Queue
from support.operations.cases import assign_case, create_cases
from tests.factories import ContactFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# What the site promises: presence within ten seconds, a new case within fifteen.
SOON, SOME_TIME = 12_000, 17_000


def make_cases(cast, number):
    """Cases of Ann's in the usual queue, which nobody has; a canned reply and a macro are ready."""
    body = "Dear {contact.first_name}, the glue is on its way."
    CannedReply.objects.create(name="Thanks", shortcut="thanks", body=body)
    Macro.objects.create(name="It is urgent", actions=[{"do": "priority", "value": "1"}])
    contact = ContactFactory(first_name="Ann", last_name="Albers", email="ann@x.test", owner=cast.alice)
    rows = [{"subject": f"Boat {n}", "contact": contact, "channel": "email",
             "first": {"body": f"Boat {n} leaks.", "author_name": "Ann Albers"}} for n in range(number)]  # fmt: skip
    return create_cases(rows, by=cast.dora)


def test_u33_a_case_is_worked_by_keys_alone(cast, page, signed_in, judge):
    """U28, U30, U31, U32, U33: take next, canned text, macro, note and reply by keys; the next case stands there."""
    first, second, third = make_cases(cast, 3)
    assign_case(second, cast.dora, by=cast.dora)
    assign_case(third, cast.dora, by=cast.dora)
    signed_in(page, cast.dora).goto("/desk/?view=mine")
    expect(page).to_have_title(re.compile(r"^\(2\) "))
    page.keyboard.press("t")
    expect(page.locator(".case-title")).to_have_text("Boat 0")
    page.keyboard.press("r")
    page.keyboard.type("/tha")
    expect(page.get_by_role("option", name="Thanks")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("[name=body]")).to_have_value("Dear Ann, the glue is on its way.")
    assert judge(page) == []
    page.locator("[name=body]").press("Tab")
    page.get_by_role("button", name="Resolved").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".case-title")).to_have_text("Boat 1")
    expect(page.locator("#toasts")).to_contain_text("sent. Resolved.")
    expect(page).to_have_title(re.compile(r"^\(2\) K-\d+ Boat 1"))
    first.refresh_from_db()
    assert first.category == "resolved"
    assert Message.objects.get(direction="out").body == "Dear Ann, the glue is on its way."
    page.keyboard.press("n")
    page.keyboard.type("Seen it.")
    expect(page.locator(".write-inside")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".case-title")).to_have_text("Boat 2")
    assert second.messages.get(kind="note").body == "Seen it."
    by_menus_and_first_button(page, third)
    page.keyboard.press("u")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator(".case-title")).to_have_text("Boat 1")
    expect(page.locator(".msg-note")).to_contain_text("Seen it.")
    page.keyboard.press("s")
    expect(page.locator("[data-status]")).to_be_focused()
    page.locator(".case-title").focus()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_contain_text("Internal note")


def by_menus_and_first_button(page, case):
    """U32, U33: a macro and the other verbs by keys; Ctrl Enter sets the state that the first button names."""
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    expect(page.locator(".case-marks")).to_contain_text("Urgent")
    page.keyboard.press("o")
    expect(page.locator("[data-more] .menu-list :focus")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.type("We look for more glue.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("sent. Waiting for customer.")
    expect(page.locator(".case-title")).to_have_text("Boat 1")
    case.refresh_from_db()
    assert case.category == "waiting"
    page.goto(f"/cases/{case.pk}/?view=mine")


def test_u29_two_agents_see_each_other(cast, open_page, signed_in, judge):
    """U29, U28, CS-5: writing is not looking; who leaves is gone; a new message warns whoever writes."""
    case = make_cases(cast, 1)[0]
    dora, rita = signed_in(open_page(), cast.dora), signed_in(open_page(), cast.rita)
    dora.goto(f"/cases/{case.pk}/?view=all")
    rita.goto(f"/cases/{case.pk}/?view=all")
    expect(rita.locator("[data-presence]")).to_have_text("Dora Tester is looking at this", timeout=SOON)
    dora.keyboard.press("r")
    dora.keyboard.type("I am on it")
    expect(rita.locator("[data-presence]")).to_have_text("Dora Tester is writing", timeout=SOON)
    assert judge(rita) == []
    rita.keyboard.press("n")
    rita.keyboard.type("Careful, he is angry.")
    rita.keyboard.press("Control+Enter")
    expect(dora.locator("[data-newer]")).to_be_visible(timeout=SOON)
    dora.keyboard.press("Control+Enter")
    expect(dora.locator("[role=alert]")).to_contain_text("Rita Tester wrote meanwhile")
    expect(dora.locator("[name=body]")).to_have_value("I am on it")
    expect(dora.locator(".msg-note")).to_contain_text("Careful, he is angry.")
    rita.goto("/")
    expect(dora.locator("[data-presence]")).to_be_hidden(timeout=SOON)
    assert list(Presence.objects.values_list("user", flat=True)) == [cast.dora.pk]


def test_u30_a_draft_survives_and_pictures_are_pasted(cast, page, signed_in):
    """U30, U36: the draft is kept within five seconds and comes back; a pasted screenshot is shown before it goes."""
    case = make_cases(cast, 1)[0]
    signed_in(page, cast.dora).goto(f"/cases/{case.pk}/")
    page.keyboard.press("n")
    page.keyboard.type("Half a thought")
    expect(page.locator("[data-draft]")).to_contain_text("Draft kept", timeout=5000)
    page.reload()
    expect(page.locator("[name=body]")).to_have_value("Half a thought")
    expect(page.locator("[name=kind][value=note]")).to_be_checked()
    page.locator("[name=body]").evaluate("""field => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array([137, 80, 78, 71])], "shot.png", { type: "image/png" }));
        field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }""")
    expect(page.locator("[data-previews] img")).to_have_count(1)
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".msg-note .msg-files")).to_contain_text("shot.png")
    expect(page.locator("[name=body]")).to_have_value("")


def test_u28_a_new_case_appears_and_the_selection_stays(cast, page, signed_in):
    """U28: within fifteen seconds, with the focus where it was; without shortcuts no single key does anything."""
    make_cases(cast, 2)
    cast.dora.shortcuts = False
    cast.dora.save()
    signed_in(page, cast.dora).goto("/desk/?view=unassigned")
    item = page.locator("[data-item]").nth(1)
    item.focus()
    page.keyboard.press("t")
    page.wait_for_timeout(300)
    assert not Case.objects.unscoped("test").filter(owner=cast.dora).exists()
    create_cases([{"subject": "A new one", "priority": 1, "queue": Queue.objects.get(is_default=True)}], by=cast.rita)
    expect(page.locator(".desk-items")).to_contain_text("A new one", timeout=SOME_TIME)
    expect(page).to_have_title(re.compile(r"^\(3\) "))
    expect(page.locator("[data-item]:focus")).to_contain_text("Boat 1")


def test_the_desk_on_a_phone_and_without_scripts(cast, open_page, signed_in, judge):
    """The list, then the case; without scripts the same by links and forms."""
    first, second = make_cases(cast, 2)
    phone = signed_in(open_page("phone"), cast.dora)
    phone.goto("/desk/?view=unassigned")
    phone.get_by_text("Boat 0").click()
    expect(phone.locator(".case-title")).to_have_text("Boat 0")
    expect(phone.locator(".desk-list")).to_be_hidden()
    assert judge(phone) == []
    phone.get_by_role("link", name="List").click()
    expect(phone.locator(".desk-list")).to_be_visible()
    plain = signed_in(open_page(java_script_enabled=False), cast.dora)
    plain.goto("/desk/?view=unassigned")
    plain.get_by_text("Boat 1").click()
    plain.locator("[name=body]").fill("By hand.")
    plain.get_by_role("button", name="Waiting for customer").first.click()
    expect(plain.locator(".case-title")).to_have_text("Boat 0")
    second.refresh_from_db()
    assert second.category == "waiting"
    assert first.category == "new"


def test_u30_a_colleague_is_chosen_after_an_at(cast, page, signed_in, judge):
    """U30: in a note the letters after an @ bring colleagues, walked by keys; in a reply they bring nothing."""
    case = make_cases(cast, 1)[0]
    signed_in(page, cast.dora).goto(f"/cases/{case.pk}/")
    page.keyboard.press("r")
    page.keyboard.type("See @ri")
    expect(page.locator("#write-canned")).to_be_hidden()
    page.locator("[name=body]").fill("")
    page.locator("[name=body]").press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("See @ri")
    expect(page.get_by_role("option", name="Rita Tester")).to_have_attribute("aria-selected", "true")
    expect(page.locator("[name=body]")).to_have_attribute("aria-activedescendant", "canned-0")
    assert judge(page) == []
    page.keyboard.press("Enter")
    page.keyboard.type("please")
    expect(page.locator("[name=body]")).to_have_value("See @rita please")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".msg-note")).to_contain_text("See @rita please")
    assert case.messages.get(kind="note").mentions == [cast.rita.pk]
