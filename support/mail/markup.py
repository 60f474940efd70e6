"""The markup of mails: made safe, without what it repeats, and as text for mails that bring nothing else."""

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import quote

from crm_site.core.markup import clean

BLOCKS = {"address", "div", "dd", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
          "table", "tr", "ul"}  # fmt: skip
SILENT = {"head", "script", "style", "title", "template", "noscript"}


# Tags within tags: people's mails stay far below, and cleaning what is far above takes minutes.
DEEPEST = 400
PIECE = re.compile(r"<[^>]*>|[^<]+")
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "p", "li", "wbr"}


def is_deep(markup):
    """Whether the tags of markup stand in one another deeper than any mail's do."""
    depth = 0
    for closing, name in TAG.findall(markup):
        if name.lower() not in VOID:
            depth = max(0, depth - 1) if closing else depth + 1
            if depth > DEEPEST:
                return True
    return False


def safe(markup):
    """Markup as it can be kept and shown; a picture that the mail brings along is still named as the mail names it."""
    return str(clean(markup, lambda cid: f"cid:{quote(cid)}")).strip()


def text_of(markup):
    """The text of markup, a line a block; quoted blocks have "> " before each line, as in plain mails."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    lines = [re.sub(r"[ \t\xa0]+", " ", line).rstrip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def up_to(markup, written):
    """The beginning of safe markup that says what was `written`; empty where it does not begin with that."""
    wanted, found = "".join(written.split()), 0
    for piece in PIECE.finditer(markup):
        over = found == len(wanted)
        if piece[0][0] == "<":
            if over and piece[0].startswith(("<blockquote", "<hr")):
                return safe(markup[: piece.start()])
            continue
        text = "".join(unescape(piece[0]).split())
        if text and over:
            return safe(markup[: piece.start()])
        if not wanted.startswith(text, found):
            return ""
        found += len(text)
    return markup if found == len(wanted) else ""


class _Reader(HTMLParser):
    """Collects the text of markup."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.parts, self.depth, self.silent = [], 0, 0

    def handle_starttag(self, tag, attrs):
        if tag in SILENT:
            self.silent += 1
        if tag == "blockquote":
            self.depth += 1
        if tag == "br" or tag in BLOCKS or tag == "blockquote":
            self.line()

    def handle_endtag(self, tag):
        if tag in SILENT:
            self.silent = max(0, self.silent - 1)
        if tag == "blockquote":
            self.depth = max(0, self.depth - 1)
        if tag in BLOCKS or tag == "blockquote":
            self.line()

    def handle_data(self, data):
        text = re.sub(r"\s+", " ", data)
        if not self.silent and (text.strip() or (self.parts and not self.parts[-1].endswith(("\n", " ")))):
            self.parts.append(text)

    def line(self):
        """Begin a line."""
        if not self.silent:
            self.parts.append("\n" + "> " * min(self.depth, 10))
