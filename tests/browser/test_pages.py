"""U03, U05, U13: every page that somebody can reach, judged one by one: axe light and dark, 360 px, the console.

The addresses come from the URL resolver and the kinds from the registry, so that a new one is judged by itself.
"""

import re

import pytest
from django.template.loader import render_to_string

from crm_site.core.jobs import run_due_jobs
from crm_site.core.kinds import KINDS
from tests.architecture.routes import all_routes
from tests.architecture.world import World, rule_for
from tests.browser.conftest import settled
from tests.browser.structure import parts_of
from tests.browser.test_journeys import OWN_ACCOUNTS
from tests.browser.walking import Walk, told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow(together=True)]
TROUBLE = ("400", "403", "403_csrf", "404", "500", "503")
READERS = ("anonymous", "alice", "rita")
ACTION = re.compile(r'name="action" value="(\w+)"')


@pytest.fixture
def world(db):
    """The cast with a record of every kind and one of everything that hangs on records."""
    return World()


@pytest.fixture
def walk(page, errors, judge, good):
    """A Walk in a page of its own."""
    return Walk(page, errors, judge, good)


@pytest.fixture(scope="session")
def good():
    """What pages are built of that were found good in this run."""
    return set()


def reader_of(world, route):
    """(reader, address, HTML) of the first of READERS whom the address answers with a page, or None."""
    rule = rule_for(route)
    if route.is_admin or rule is None:
        return None
    path = world.path(route, world.subjects(route, rule)[0])
    for name in READERS if rule.public else READERS[1:]:
        answer = world.client(name).get(path)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html") and not answer.streaming:
            return (name, path, answer.text) if is_page(answer) else None
    return None


def is_page(answer):
    """Whether it is a whole page; a piece of one, shown alone for want of JavaScript, is judged where it belongs."""
    names = {template.name for template in answer.templates}
    return b"<html" in answer.content and "records/fragment.html" not in names


def test_every_address(signed_in, world, walk):
    """Each address of the resolver that is a page."""
    found = {reader for route in all_routes() if (reader := reader_of(world, route))}
    last, page = None, walk.page
    # Those of many parts first: most of the others are then built of nothing new.
    for name, path, html in sorted(found, key=lambda each: (-len(parts_of(each[2])), each)):
        if name != last:
            page.context.clear_cookies()
            last = name
            if name != "anonymous":
                signed_in(page, getattr(world.cast, name))
        walk.come_by(f"{path} ({name})", html, lambda path=path: page.goto(path))
    assert len(found) > 200
    assert not walk.end()


def test_lists_in_all_states(signed_in, world, walk):
    """Each list with its filters open, with its columns open, where nothing matches, and where nothing is."""
    page = signed_in(walk.page, world.cast.alice)
    for kind in KINDS.values():
        page.goto(kind.base)
        page.locator("details.filters > summary").click()
        page.locator("#filter-box form").wait_for()
        walk.look(f"{kind.base} filters")
        page.locator("details.filters > summary").click()
        page.locator("details[name=tools] > summary").click()
        page.locator("details[name=tools] form").wait_for()
        walk.look(f"{kind.base} columns")
        for path in (f"{kind.base}?q=zzzz-nothing", kind.base):
            walk.come_by(f"{path} empty", world.client("alice").get(path).text, lambda path=path: page.goto(path))
            kind.model.objects.unscoped("set up").update(owner=world.cast.charlie, team=world.cast.south)
    assert not walk.end()


def test_bulk_questions(signed_in, world, walk):
    """What is asked before many rows are changed, of each kind."""
    page, client = signed_in(walk.page, world.cast.bob), world.client("bob")
    asked = 0
    for kind in KINDS.values():
        for action in ACTION.findall(client.get(kind.base).text):
            row = {"row": world.records[kind.key].pk, "action": action}
            answer = client.post(f"{kind.base}bulk/", row)
            asked += 1
            walk.come_by(f"{kind.base} {action}", answer.text, lambda kind=kind, action=action: ask(page, kind, action))
    assert asked > 30
    assert not walk.end()


def ask(page, kind, action):
    """Tick a row of the kind's list and ask for the action."""
    page.goto(kind.base)
    page.locator("[name=row]").first.check()
    page.locator(f".bulk-actions button[value={action}]").click()
    page.locator("main form.sheet").wait_for()


def test_import_steps(page, signed_in, cast, judge, errors):
    """The wizard's pages one after the other, with rows that are in order and one that is not."""
    faults = {}
    signed_in(page, cast.alice).goto("/imports/new/?kind=accounts")
    file = {"name": "Accounts.csv", "mimeType": "text/csv", "buffer": f"{OWN_ACCOUNTS}99,,Shipping,\n".encode()}
    page.locator("[name=file]").set_input_files(file)
    for step in ("Upload and look", "Check the whole file", "Import 12 rows"):
        with page.expect_event("load"):
            page.get_by_role("button", name=step).click()
        run_due_jobs()
        page.reload()
        page.locator(".mapping, .figures").first.wait_for()
        faults[step] = judge(page)
    assert not told(faults), told(faults)
    assert errors == []


def test_pages_of_trouble(page, judge):
    """What is shown when something is wrong; these pages ask neither the database nor the session."""
    faults, bodies = (
        {},
        {name: render_to_string(f"{name}.html", {"request_id": "0123456789abcdef"}) for name in TROUBLE},
    )
    answer = {f"/{name}/": {"body": body, "content_type": "text/html"} for name, body in bodies.items()}
    page.route(
        re.compile("/trouble/"), lambda route: route.fulfill(**answer[route.request.url.partition("trouble")[2]])
    )
    for name in TROUBLE:
        page.goto(f"/trouble/{name}/")
        faults[name] = judge(page)
    assert not told(faults), told(faults)


WRONG = """<!doctype html><html lang="en"><title>Wrong</title><style>html { color: #111; background: #fff }
@media (prefers-color-scheme: dark) { html { color: #eee; background: #111 } i { color: #333 } }
b { color: #ddd } div { background: #222; height: 60px } u { position: relative; top: -40px }
</style><main><h1>Wrong</h1><p><i>dark</i> text <b>pale</b></p><button style="width: 9px; height: 9px; padding: 0">x</button>
<button style="width: 9px; height: 9px; padding: 0">y</button><p style="width: 500px">wide</p><div></div><u>lifted onto the dark</u></main></html>"""


def test_what_is_wrong_is_seen(page, judge):
    """The judge itself: a contrast in either look, a small target, a wide page; each time, not only at first."""
    page.route("**/wrong/", lambda route: route.fulfill(body=WRONG, content_type="text/html"))
    for within in ("body", "main"):
        page.goto("/wrong/")
        found = judge(page, within=within)
        kinds = [fault.split(" at ")[0] for fault in found]
        assert kinds == [
            *["target-size"] * 2,
            *["color-contrast"] * 2,
            "dark: color-contrast",
            "148 px wider than a phone",
        ]
    page.evaluate("document.querySelector('h1').outerHTML = '<h3>Wrong</h3>'")
    assert "page-has-heading-one" in {fault.split(" at ")[0] for fault in judge(page, within="main")}


RIGHT = """<!doctype html><html lang="en"><head><title>Right</title><style>html { color: #111; background: #fff }
@media (prefers-color-scheme: dark) { html { color: #eee; background: #111 } .hint { color: #333 } }</style></head>
<body><header>At the top</header><main><h1>Right</h1><p>A text</p><label>Name <input></label></main></body></html>"""
# What was not judged yet leads to the judge; of what was, the words alone are looked at.
CHANGED = {
    "A text": ("Another text", []),
    "<p>": ('<p class="hint">', ["dark: color-contrast"]),
    "Name ": ("", ["label"]),
    "At the top": ("W" * 60, ["px wider than a phone"]),
    "header>": ("div>", ["region"]),
    "<main>": ('<main aria-labelledby="nothing">', []),
}


def test_what_is_new_is_judged(walk):
    """The walk itself: each change of a page that was good, and what must be told of it."""
    pages = {"right": (RIGHT, [])}
    pages |= {old: (RIGHT.replace(old, new), told_of) for old, (new, told_of) in CHANGED.items()}
    opened, page = [], walk.page

    def visit(html):
        page.unroute_all()
        page.route("**/page/", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto("/page/")
        opened.append(html)

    for _time in range(2):
        for name, (html, _told) in pages.items():
            walk.come_by(name, html, lambda html=html: visit(html))
    walk.end()
    words = [name for name in pages if pages[name][0] not in opened]
    assert words == ["A text", "At the top"]
    assert opened.count(RIGHT) == 1
    for name, (_html, wanted) in pages.items():
        assert all(any(want in fault for fault in walk.faults.get(name, ())) for want in wanted), (name, walk.faults)
        assert bool(wanted) == (name in walk.faults), (name, walk.faults)


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
