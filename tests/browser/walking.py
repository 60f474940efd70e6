"""A way through many pages, each of which is judged as far as there is anything new in it."""

from tests.browser.conftest import WIDTHS, settled
from tests.browser.structure import parts_of

OVER = "document.documentElement.scrollWidth - innerWidth"
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
        html, wrong = self.page.content(), []
        parts = {f"open {part}" for part in parts_of(html)}
        if new := parts - self.good:
            around = any(part.startswith("open /") and "/main " not in part for part in new)
            wrong = self.judge(self.page, within="body" if around else "main")
        else:
            self.known[name] = html
        if wrong := wrong + self.errors:
            self.faults[name] = wrong
        else:
            self.good.update(parts)
        self.errors.clear()

    def end(self):
        """What is wrong, a line each; an empty text when nothing is."""
        self.page.set_viewport_size(dict(zip(("width", "height"), WIDTHS["phone"], strict=True)))
        for name, html in self.known.items():
            if not self.page.evaluate(PUT, html):
                self.page.set_content(html)
            if (over := self.page.evaluate(OVER)) > 0:
                self.faults.setdefault(name, []).append(f"{over} px wider than a phone")
        return told(self.faults)
