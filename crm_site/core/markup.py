"""Markup that is safe to show: the one place that turns text into HTML, used by the filters `markdown` and `cleaned`.

Whatever the text holds, nh3 lets only the tags and attributes named here through: no script, no style, no image, no
form, and only links to web pages and mail addresses, which tell the other site nothing of ours.
"""

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

TAGS = {
    "a", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead",
    "tr", "u", "ul",
}  # fmt: skip
CLEANER = nh3.Cleaner(
    tags=TAGS, clean_content_tags={"script", "style", "title"}, link_rel="noopener noreferrer nofollow",
    attributes={"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
)  # fmt: skip
# Raw HTML in Markdown is shown as it was typed.
READER = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
# The headings of a text stand below those of its page.
BELOW = 2


def clean(html):
    """HTML from outside without all that could act, look like us or call home, safe to be shown as it is."""
    return SafeString(CLEANER.clean(html or ""))  # noqa: S703 - only what the list above names is left


def from_markdown(text):
    """Markdown as HTML, safe to be shown; its first heading is an h3."""
    tokens = READER.parse(text or "")
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + BELOW, 6)}"
    return clean(READER.renderer.render(tokens, READER.options, {}))
