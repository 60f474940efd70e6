"""Template tags of the look."""

from functools import lru_cache

from django import template
from django.template.loader import get_template
from django.templatetags.static import static

from crm_site.core import markup

register = template.Library()


@register.simple_tag
def icon(name, label=""):
    """One icon of static/icons.svg; it is hidden from screen readers unless it has a label."""
    return drawn(name or "dots", str(label))


@lru_cache(maxsize=500)
def drawn(name, label):
    """The markup of an icon, made once: a page holds hundreds."""
    return get_template("_parts/icon.html").render({"href": f"{static('icons.svg')}#{name}", "label": label})


@register.filter
def markdown(text):
    """Markdown as safe markup."""
    return markup.from_markdown(text)
