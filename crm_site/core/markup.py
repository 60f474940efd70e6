"""Markup that is safe to show: the one place that turns text into HTML, used by the filter `markdown` and for mails.

Whatever the text holds, nh3 lets only the tags and attributes named here through: no script, no style, no form, no
image but those that a mail brought along itself, and only links to web pages and mail addresses, which tell the other
site nothing of ours.
"""

from functools import cache
from urllib.parse import unquote

import nh3
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm_site.core.later import Later

markdown_it = Later("markdown_it")

TAGS = {
    "a", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead",
    "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
RULES = {"clean_content_tags": {"script", "style", "title"}, "link_rel": "noopener noreferrer nofollow"}
CLEANER = nh3.Cleaner(tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, **RULES)
INLINE = "cid:"
# The headings of a text stand below those of its page.
BELOW = 2


def clean(html, picture=None):
    """HTML from outside without all that could act, look like us or call home, safe to be shown as it is.

    `picture(cid)` is the address of an image that a mail brought along, or None; no other image is let through.
    """
    cleaner = with_pictures(picture) if picture and INLINE in html else CLEANER
    return SafeString(cleaner.clean(html or ""))  # noqa: S703 - only what the list above names is left


def with_pictures(picture):
    """A cleaner that lets the images through for which `picture` has an address; the others lose theirs."""

    def chosen(tag, name, value):
        if (tag, name) != ("img", "src"):
            return value
        return picture(unquote(value[len(INLINE) :])) if value.startswith(INLINE) else None

    return nh3.Cleaner(
        tags=TAGS | {"img"}, attributes=ATTRIBUTES | {"img": {"src", "width", "height"}}, attribute_filter=chosen,
        set_tag_attribute_values={"img": {"alt": _("Picture in the mail"), "loading": "lazy"}},
        url_schemes=SCHEMES | {"cid"}, **RULES,
    )  # fmt: skip


@cache
def reader():
    """What reads Markdown; raw HTML in it is shown as it was typed."""
    return markdown_it.MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])


def from_markdown(text):
    """Markdown as HTML, safe to be shown; its first heading is an h3."""
    tokens = reader().parse(text or "")
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + BELOW, 6)}"
    return clean(reader().renderer.render(tokens, reader().options, {}))
