"""Markup from people and from outside: readable, and nothing in it acts."""

import pytest
from django.template import Context, Template

from crm_site.core.markup import clean, from_markdown


def test_markdown_is_readable():
    text = from_markdown(
        "# Reset\n\n1. Hold **power**\n2. `ping`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[Help](https://kith.test/x)"
    )
    for part in (
        "<h3>Reset</h3>",
        "<li>Hold <strong>power</strong>",
        "<code>ping</code>",
        "<td>1</td>",
        'href="https://kith.test/x"',
    ):
        assert part in text
    assert 'rel="noopener noreferrer nofollow"' in text


@pytest.mark.parametrize("text", [
    "<script>alert(1)</script>", "[x](javascript:alert(1))", '<img src=x onerror="alert(1)">', "![x](https://evil.test/p.png)",
    '<a href="data:text/html,x">x</a>', '<p style="position:fixed" onclick="x()">x</p>', "<iframe src=//evil.test></iframe>",
    '<form action="//evil.test"><input name="password"></form>', "<svg><script>x</script></svg>", "<base href=//evil.test>",
])  # fmt: skip
def test_nothing_in_it_acts(text):
    """R08: neither Markdown nor the HTML of a mail brings script, style, images, forms or odd addresses along."""
    for made in (clean(text), from_markdown(text)):
        page = made.replace("&lt;", "(")
        for part in (
            "<script",
            "<img",
            "<iframe",
            "<form",
            "<input",
            "<svg",
            "<base",
            '<a href="javascript',
            '<a href="data',
            "<p style",
        ):
            assert part not in page


def test_the_filters_show_it_unescaped():
    made = Template("{% load kith %}{{ text|markdown }}|{{ html }}|{{ none|markdown }}").render(
        Context({"text": "*a*", "html": clean("<b>b</b><script>c</script>"), "none": None})
    )
    assert made == "<p><em>a</em></p>\n|<b>b</b>|"


def test_pictures_that_came_along_are_shown_and_no_others():
    """R08, EM-3: only what the mail brought has an address, and it is the one that we gave it."""
    html = (
        '<p>Hi <img src="cid:a%40b" onerror="x()" srcset="//evil.test/x 2x" width="5"><img src="cid:gone">'
        '<img src="https://evil.test/p.gif"><img src="//evil.test/q"><img src="javascript:x()"><img src="/accounts/">'
        '<img src=" CID:a@b"></p>'
    )
    for made in (
        clean(html, {"a@b": "/files/3/"}.get),
        clean(clean(html, lambda cid: f"cid:{cid}"), {"a@b": "/files/3/"}.get),
    ):
        assert made.count("src=") == 1
        assert '<img src="/files/3/" width="5"' in made
        assert not any(word in made for word in ("evil", "srcset", "onerror", "javascript", "accounts"))
    assert "<img" not in clean(html)
