"""Template tags of sales/."""

from decimal import Decimal

from django import template
from django.template.defaultfilters import floatformat

from crm_site.core.columns import money_text

register = template.Library()


@register.filter
def short(number, least=0):
    """A quantity, price or rate with the viewer's separators, without the zeros that only fill its column.

    `least` digits after the point stay: 1,200.00 for `{{ price|short:2 }}`, but 0.0125.
    """
    digits = -Decimal(number).normalize().as_tuple().exponent
    return floatformat(number, f"{max(least, digits)}g")


@register.simple_tag
def money(amount, currency):
    """An amount with the viewer's separators, the digits of its currency, and its code."""
    return money_text(amount or 0, currency)
