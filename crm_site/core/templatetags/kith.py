"""Template tags of the look."""

from django import template
from django.templatetags.static import static

register = template.Library()


@register.inclusion_tag("_parts/icon.html")
def icon(name, label=""):
    """One icon of static/icons.svg; it is hidden from screen readers unless it has a label."""
    return {"href": f"{static('icons.svg')}#{name or 'dots'}", "label": label}
