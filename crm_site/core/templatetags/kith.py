"""Template tags of the look."""

from functools import lru_cache

from django import template
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format

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


@register.filter
def when(at):
    """A moment as short as can be: its day and time, the year only where it is another one."""
    at = timezone.localtime(at)
    return date_format(at, "j M, H:i" if at.year == timezone.localtime().year else "j M Y, H:i")
