"""A real Chromium in front of the live site: pages signed in as one of the cast, and axe to judge them.

A page is used as soon as its scripts are ready and what came last listens, however slow the machine; see `patient_of`.
KITH_BROWSER_SLOWDOWN=6 makes the browser six times slower, to find the tests that pass by luck.
"""

import os
import shutil
from collections import defaultdict
from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import signed_in as client_of_user

WIDTHS = {"desktop": (1366, 800), "phone": (360, 740)}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The shell is the same engine without windows to draw, for two thirds of the cost.
PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
CHROMIUM = os.environ.get("KITH_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
SLOWDOWN = float(os.environ.get("KITH_BROWSER_SLOWDOWN", "1"))
PATIENCE = 30_000  # milliseconds; what comes at last has come, and only what never comes costs them
NEW = ".htmx-swapping, .htmx-settling"
BUSY = f".htmx-request, {NEW}"
READY = "addEventListener('load', () => document.documentElement.setAttribute('data-ready', ''))"
# A page lives for a second: what V8 makes of its scripts in the background would never pay.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--process-per-site",
    "--js-flags=--no-opt,--no-maglev",
]

# Playwright keeps an event loop of its own in the thread; Django takes that for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items):
    """Everything in this folder is a browser test and gets the mark by itself."""
    for item in items:
        if "/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Uploads go into a folder of the test, not into that of whoever runs it."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(scope="session")
def chromium():
    """One browser for the whole run."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine; name one in KITH_CHROMIUM")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def contexts(chromium):
    """{look: contexts that no test has at the moment}: what the site's files were once read into is not read again."""
    return defaultdict(list)


@pytest.fixture
def open_page(chromium, contexts, live_server):
    """open_page(size="desktop", scheme="light", **options): a new page of the live site, whose faults fail the test."""
    opened, faults = [], []

    def opener(size="desktop", scheme="light", *, patient=True, **options):
        width, height = WIDTHS[size]
        look = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
        # A colour on its way from light to dark is neither; and what moves is drawn sixty times a second.
        look |= {"base_url": live_server.url, "reduced_motion": "reduce"} | options
        free = contexts[str(look)]
        context = free.pop() if free else chromium.new_context(**look)
        if not context.pages:
            context.new_page().goto("/static/favicon.svg")
        page = context.new_page()
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.text.startswith("CSP ") else None)
        opened.append((free, context))
        if SLOWDOWN > 1:
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
        return patient_of(page) if patient and options.get("java_script_enabled", True) else page

    yield opener
    for free, context in opened:
        forget(context, live_server.url)
        free.append(context)
    assert faults == []


def forget(context, origin):
    """Leave nothing of a test in the context but the site's files; closed pages first, as they may still get cookies."""
    for page in context.pages[1:]:
        page.close()
    session = context.new_cdp_session(context.pages[0])
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage,indexeddb"})
    context.clear_cookies()


def patient_of(page):
    """The page, at which each action and each check waits until the scripts are ready and what htmx put in listens.

    A part that is only asked for is not waited for: a message that is shown for some seconds would be missed.
    """
    page.add_init_script(READY)
    page.add_locator_handler(page.locator(f"html:not([data-ready]), :is({NEW}):visible").first, lambda: None)
    return page


@pytest.fixture
def page(open_page):
    """A page on a desktop in the light look, nobody signed in."""
    return open_page()


@pytest.fixture
def signed_in(live_server):
    """signed_in(page, user): the page with the user's session; returns the page."""

    def sign(page, user):
        ((name, cookie),) = client_of_user(user).cookies.items()
        page.context.add_cookies([{"name": name, "value": cookie.value, "url": live_server.url}])
        return page

    return sign


@pytest.fixture(scope="session")
def judging():
    """What is put into a page to judge it: axe-core, out of the installed package, and what asks it."""
    axe = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    return axe + Path(__file__).with_name("judging.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def readable():
    """The combinations of colours that axe has found good in this run; see judging.js."""
    return set()


@pytest.fixture
def axe(judging, readable):
    """axe(page, rules=True): what axe-core finds wrong, each as "rule at element"; without `rules` the contrasts only.

    `within` is the part that is judged, where the rest of the page is known to be good.
    """

    def judge(page, *, rules=True, within="body"):
        if rules and not page.evaluate("'judgeAll' in window"):
            page.evaluate(judging)
        contrasts = page.evaluate("([known, within]) => judgeColours(known, within)", [list(readable), within])
        readable.update(contrasts["good"])
        faults = page.evaluate("([tags, within]) => judgeAll(tags, within)", [RULES, within]) if rules else []
        return faults + contrasts["faults"]

    return judge


@pytest.fixture
def judge(axe):
    """judge(page): axe in the light and in the dark, and what is wider than a screen of 360 px; [] is the aim.

    `within` names the part to judge of a page that has come to rest, around which everything is known to be good.
    """

    def judged(page, within=None):
        if within is None:
            settled(page)
        within = within or "body"
        found, size = axe(page, within=within), page.viewport_size
        page.emulate_media(color_scheme="dark")
        found += [f"dark: {fault}" for fault in axe(page, rules=False, within=within)]
        page.emulate_media(color_scheme="light")
        found += too_wide(page)
        page.set_viewport_size(size)
        return found

    return judged


def too_wide(page):
    """[what is wrong] when the page goes over the edge of a phone, which it is shown on from here on."""
    page.set_viewport_size(dict(zip(("width", "height"), WIDTHS["phone"], strict=True)))
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{over} px wider than a phone"] if over > 0 else []


def settled(page):
    """Wait until htmx has nothing under way; what was just clicked begins its request within two frames."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")
    expect(page.locator(BUSY)).to_have_count(0)


@pytest.fixture
def errors(page):
    """What the console of the page says in red, and what is thrown in it.

    A search that the next letter took the place of is no fault: htmx says so in red, too, but a failed one otherwise.
    """
    said, replaced = [], ("htmx:afterRequest", "htmx:sendAbort")

    def hear(message):
        if message.type == "error" and not message.text.startswith(replaced):
            said.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
