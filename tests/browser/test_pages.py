"""U03, U05, U13: every page that somebody can reach, judged one by one: axe light and dark, 360 px, the console.

The addresses come from the URL resolver and the kinds from the registry, so that a new one is judged by itself.
"""

import pytest
from django.template.loader import render_to_string

from crm_site.core.jobs import run_due_jobs
from crm_site.core.kinds import KINDS
from tests.architecture.routes import all_routes
from tests.architecture.world import World, rule_for
from tests.browser.conftest import settled
from tests.browser.test_journeys import OWN_ACCOUNTS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TROUBLE = ("400", "403", "403_csrf", "404", "500", "503")
READERS = ("anonymous", "alice", "rita")
SHARES = 3


@pytest.fixture
def world(db):
    """The cast with a record of every kind and one of everything that hangs on records."""
    return World()


def reader_of(world, route):
    """(reader, address) of the first of READERS whom the address answers with a page, or None."""
    rule = rule_for(route)
    if route.is_admin or rule is None:
        return None
    path = world.path(route, world.subjects(route, rule)[0])
    for name in READERS if rule.public else READERS[1:]:
        answer = world.client(name).get(path)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html") and not answer.streaming:
            return (name, path) if is_page(answer) else None
    return None


def is_page(answer):
    """Whether it is a whole page; a piece of one, shown alone for want of JavaScript, is judged where it belongs."""
    names = {template.name for template in answer.templates}
    return b"<html" in answer.content and "records/fragment.html" not in names


def told(faults):
    """What is wrong, a line each; an empty text when nothing is."""
    return "\n".join(f"{where}: {fault}" for where, wrong in faults.items() for fault in wrong)


def visited(page, errors, judge, path):
    """What is wrong with the page at an address."""
    errors.clear()
    page.goto(path)
    return judge(page) + errors


@pytest.mark.parametrize("share", range(SHARES))
def test_every_address(page, signed_in, world, judge, errors, share):
    """Each address of the resolver that is a page; in shares, so that several processes can go through them."""
    routes = sorted(all_routes(), key=lambda route: route.pattern)
    found = sorted({reader for route in routes[share::SHARES] if (reader := reader_of(world, route))})
    faults, last = {}, None
    for name, path in found:
        if name != last:
            page.context.clear_cookies()
            last = name
            if name != "anonymous":
                signed_in(page, getattr(world.cast, name))
        if wrong := visited(page, errors, judge, path):
            faults[f"{path} ({name})"] = wrong
    assert len(found) > 10
    assert not told(faults), told(faults)


@pytest.mark.parametrize("key", list(KINDS))
def test_lists_in_all_states(page, signed_in, world, judge, errors, key):
    """A list with its filters open, with its columns open, where nothing matches, and where nothing is."""
    kind, faults = KINDS[key], {}
    signed_in(page, world.cast.alice).goto(kind.base)
    page.locator("details.filters > summary").click()
    page.locator("#filter-box form").wait_for()
    faults["filters"] = judge(page)
    page.locator("details.filters > summary").click()
    page.locator("details[name=tools] > summary").click()
    page.locator("details[name=tools] form").wait_for()
    faults["columns"] = judge(page) + errors
    faults["no match"] = visited(page, errors, judge, f"{kind.base}?q=zzzz-nothing")
    kind.model.objects.unscoped("set up").update(owner=world.cast.charlie, team=world.cast.south)
    faults["empty"] = visited(page, errors, judge, kind.base)
    assert not told(faults), told(faults)


@pytest.mark.parametrize("key", list(KINDS))
def test_bulk_questions(page, signed_in, world, judge, errors, key):
    """What is asked before many rows are changed."""
    kind, faults = KINDS[key], {}
    signed_in(page, world.cast.bob).goto(kind.base)
    actions = page.locator(".bulk-actions button[name=action]").evaluate_all("all => all.map(b => b.value)")
    for action in actions:
        page.goto(kind.base)
        page.locator("[name=row]").first.check()
        page.locator(f".bulk-actions button[value={action}]").click()
        page.locator("main form.sheet").wait_for()
        faults[action] = judge(page) + errors
    assert not told(faults), told(faults)


def test_import_steps(page, signed_in, cast, judge, errors):
    """The wizard's pages one after the other, with rows that are in order and one that is not."""
    faults = {}
    signed_in(page, cast.alice).goto("/imports/new/?kind=accounts")
    file = {"name": "Accounts.csv", "mimeType": "text/csv", "buffer": f"{OWN_ACCOUNTS}99,,Shipping,\n".encode()}
    page.locator("[name=file]").set_input_files(file)
    for step in ("Upload and look", "Check the whole file", "Import 12 rows"):
        page.get_by_role("button", name=step).click()
        run_due_jobs()
        page.reload()
        page.locator(".mapping, .figures").first.wait_for()
        faults[step] = judge(page)
    assert not told(faults), told(faults)
    assert errors == []


@pytest.mark.parametrize("name", TROUBLE)
def test_pages_of_trouble(page, judge, live_server, name):
    """What is shown when something is wrong; these pages ask neither the database nor the session."""
    body = render_to_string(f"{name}.html", {"request_id": "0123456789abcdef"})
    page.route("**/trouble/", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto("/trouble/")
    assert judge(page) == []


WRONG = """<!doctype html><html lang="en"><title>Wrong</title><style>html { color: #111; background: #fff }
@media (prefers-color-scheme: dark) { html { color: #eee; background: #111 } i { color: #333 } }
b { color: #ddd } div { background: #222; height: 60px } u { position: relative; top: -40px }
</style><main><h1>Wrong</h1><p><i>dark</i> text <b>pale</b></p><button style="width: 9px; height: 9px; padding: 0">x</button>
<button style="width: 9px; height: 9px; padding: 0">y</button><p style="width: 500px">wide</p><div></div><u>lifted onto the dark</u></main></html>"""


def test_what_is_wrong_is_seen(page, judge):
    """The judge itself: a contrast in either look, a small target, a wide page; each time, not only at first."""
    page.route("**/wrong/", lambda route: route.fulfill(body=WRONG, content_type="text/html"))
    for _time in range(2):
        page.goto("/wrong/")
        found = judge(page)
        kinds = [fault.split(" at ")[0] for fault in found]
        assert kinds == [
            *["target-size"] * 2,
            *["color-contrast"] * 2,
            "dark: color-contrast",
            "148 px wider than a phone",
        ]


def test_nothing_there(page, signed_in, world, judge):
    """An address that is nobody's, with and without a session."""
    page.goto("/nothing-here/")
    assert judge(page) == []
    signed_in(page, world.cast.alice).goto("/accounts/999999/")
    assert judge(page) == []


def test_what_opens_over_a_page(page, signed_in, world, judge, errors):
    """The menus, the search with results, the cheat sheet, a form in the dialog, the menu of a phone."""
    record, faults = world.records["customers.account"], {}
    signed_in(page, world.cast.alice).goto(f"/accounts/{record.pk}/")
    for name, click in (("more", "details[name=record] summary"), ("new", ".top details summary.btn"), ("who", ".who")):
        page.locator(click).click()
        faults[name] = judge(page)
        page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type(str(record)[:5])
    page.locator("#search-results [role=option]").first.wait_for()
    faults["search"] = judge(page)
    page.keyboard.press("Escape")
    page.locator("details[name=record] summary").click()
    page.get_by_role("link", name="Share").click()
    page.locator("#modal form").wait_for()
    settled(page)
    faults["share"] = judge(page)
    assert not told(faults), told(faults)
    assert errors == []
