"""Template tags of sales/."""

from django import template

from crm_site.core.columns import money_text

register = template.Library()


@register.simple_tag
def money(amount, currency):
    """An amount with the viewer's separators, the digits of its currency, and its code."""
    return money_text(amount or 0, currency)
