"""A way through many pages, each of which is judged as far as there is anything new in it."""

import re

from tests.browser.conftest import settled, too_wide
from tests.browser.structure import parts_of

SCRIPT = re.compile("<script.*?</script>", re.DOTALL)
# The contents of a page under the style sheets of the one that is open; null where it has others.
PUT = """html => {
    const sheets = (page) => [...page.querySelectorAll("link[rel=stylesheet], style")].map((each) => each.outerHTML).join();
    const page = new DOMParser().parseFromString(html, "text/html");
    if (sheets(page) !== sheets(document)) return null;
    document.body.replaceWith(page.body);
    return true;
}"""


def told(faults):
    """What is wrong, a line each; an empty text when nothing is."""
    return "\n".join(f"{where}: {fault}" for where, wrong in faults.items() for fault in wrong)


class Walk:
    """A way through many pages: `faults` of each by its name.

    A page is opened and judged when anything in it was on no page before that was found good; else it is built of what
    is known, and only what is written in it is new: it may be too wide, which is looked at without opening it.
    """

    def __init__(self, page, errors, judge, good):
        self.page, self.errors, self.judge, self.good = page, errors, judge, good
        self.faults, self.known = {}, {}

    def come_by(self, name, html, visit):
        """The page with this HTML; `visit()` opens it, when that is needed."""
        parts = parts_of(html)
        if parts <= self.good:
            self.known[name] = html
        else:
            visit()
            self.look(name)
            if name not in self.faults:
                self.good.update(parts)

    def look(self, name):
        """Judge what is open; again only when something in it is new, and <main> alone when that is all that is new."""
        settled(self.page)
        parts, size = {f"open {part}" for part in parts_of(self.page.content())}, self.page.viewport_size
        if new := parts - self.good:
            around = any(part.startswith("open /") and "/main " not in part for part in new)
            wrong = self.judge(self.page, within="body" if around else "main")
        else:
            wrong = too_wide(self.page)
            self.page.set_viewport_size(size)
        if wrong := wrong + self.errors:
            self.faults[name] = wrong
        else:
            self.good.update(parts)
        self.errors.clear()

    def end(self):
        """What is wrong, a line each; an empty text when nothing is."""
        for name, html in self.known.items():
            if not self.page.evaluate(PUT, html):
                self.page.set_content(SCRIPT.sub("", html))
            if wrong := too_wide(self.page):
                self.faults[name] = wrong
        return told(self.faults)
