"""What a page is built of, whatever is written in it: what was judged in one page need not be judged again in the next.

Kept is what axe-core's rules and the style sheets go by: elements and those around and beside them, roles, states, and
the classes that a style sheet names; whether a text or a name is there, not what it says; where headings and landmarks
stand; ids that are there twice or not at all.
"""

import re
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

from tests.conftest import ROOT

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
OUTLINE = {"h1", "h2", "h3", "h4", "h5", "h6", "main", "nav", "aside", "section", "form", "header", "footer", "dialog"}
REFERENCES = {"for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "aria-activedescendant"}
# Of these it counts only whether they say anything.
FREE = REFERENCES | {
    "href",
    "src",
    "value",
    "action",
    "id",
    "name",
    "title",
    "alt",
    "placeholder",
    "aria-label",
    "list",
}
# What neither the rules nor the style sheets ask for: how a form is filled in, sent and checked, and how a picture is drawn.
IGNORED = {
    "formaction", "method", "enctype", "novalidate", "required", "selected", "min", "max", "step", "maxlength",
    "minlength", "pattern", "rows", "inputmode", "autofocus", "autocapitalize", "datetime", "form", "download", "points",
    "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "d", "width", "height", "viewbox", "transform",
}  # fmt: skip
STYLES = ("static/*.css", "node_modules/@tabler/core/dist/css/tabler.min.css")
# How many columns of a table stand flush right.
COLUMNS = re.compile(r"n[0-9]+")


def parts_of(html):
    """What the page is built of, as a set of texts; those of one page that is good are good in every other."""
    return Structure(html).parts


class Structure(HTMLParser):
    """parts: each element of the page with those around it, each two that stand side by side, and the page's outline."""

    def __init__(self, html):
        super().__init__()
        self.open, self.parts, self.outline = [_Element("", "")], set(), []
        self.ids, self.led, self.names = [], set(), {}
        self.feed(html)
        self.close()
        while len(self.open) > 1:
            self.shut()
        doubled = {each for each in self.ids if self.ids.count(each) > 1}
        self.parts |= {"outline " + " ".join(self.outline), *(f"nowhere {each}" for each in self.led - set(self.ids))}
        self.parts |= {f"doubled {each}" for each in doubled}

    def handle_starttag(self, tag, attrs):
        """Begin an element; one that never has an end is put down at once."""
        attrs = {name: value or "" for name, value in attrs}
        self.ids += [attrs["id"]] if attrs.get("id") else []
        for name in REFERENCES & attrs.keys():
            self.led.update(attrs[name].split())
        shown = f"{tag} {' '.join(sorted(filter(None, (_shown(tag, *each) for each in attrs.items()))))}"
        if tag in OUTLINE:
            # Two of one kind must be told apart by their names, whatever these are.
            said = attrs.get("aria-label", "")
            self.outline.append(f"{tag} {self.names.setdefault(said, len(self.names)) if said else ''}")
        self.put(shown)
        self.open.append(_Element(tag, f"{self.open[-1].path}/{shown}"))
        if tag in VOID:
            self.shut()

    def handle_startendtag(self, tag, attrs):
        """An element that is written as empty."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.shut()

    def handle_endtag(self, tag):
        """End an element, and those in it that have no end of their own."""
        if any(each.tag == tag for each in self.open):
            while self.open[-1].tag != tag:
                self.shut()
            self.shut()

    def handle_data(self, data):
        """A text: that there is one."""
        if data.strip():
            self.put("text")

    def shut(self):
        """Put the innermost element down with its children, each beside the next."""
        done = self.open.pop()
        self.parts.update(f"{done.path} [{one}] [{next_one}]" for one, next_one in pairwise(("", *done.inside, "")))

    def put(self, part):
        """Add to the innermost element, unless the last thing in it was of the same kind."""
        inside = self.open[-1].inside
        if not inside or inside[-1] != part:
            inside.append(part)


class _Element:
    def __init__(self, tag, path):
        self.tag, self.path, self.inside = tag, path, []


@cache
def _styled():
    """(the classes, the attributes) that the style sheets name."""
    sheets = "".join(sheet.read_text(encoding="utf-8") for pattern in STYLES for sheet in ROOT.glob(pattern))
    return set(re.findall(r"\.([a-zA-Z_][\w-]*)", sheets)), set(re.findall(r"\[([\w-]+)", sheets))


def _shown(tag, name, value):
    """What counts of an attribute, or an empty text."""
    classes, attributes = _styled()
    if tag in ("link", "script"):
        return f"{name}={value}"
    if name == "class":
        return f"class={' '.join(sorted(each for each in value.split() if each in classes and not COLUMNS.fullmatch(each)))}"
    if name in IGNORED or (name.startswith(("data-", "hx-")) and name not in attributes):
        return ""
    if name in FREE or name.startswith("data-") or (name, tag) == ("content", "meta"):
        return name if value.strip() else f"{name} empty"
    return f"{name}={value}"
