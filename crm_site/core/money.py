"""Money: rounding by the currency, and conversion into the company's own currency at dated rates."""

from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings
from django.utils import timezone

from crm_site.core.models import ExchangeRate

# Digits after the point by ISO 4217, where they are not two.
DIGITS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


def quantum(currency):
    """The smallest amount of a currency, such as Decimal("0.01")."""
    return Decimal(1).scaleb(-DIGITS.get(currency, 2))


def rounded(amount, currency):
    """The amount rounded half up to what the currency knows."""
    return Decimal(amount).quantize(quantum(currency), ROUND_HALF_UP)


class Rates:
    """The rates of some currencies, read once: `base(amount, currency, day)` converts as often as one likes.

    A day in the future takes today's rate. Without a known rate the answer is None: such an amount is in no total.
    """

    def __init__(self, currencies=None):
        rows = ExchangeRate.objects.order_by("currency", "-day")
        if currencies is not None:
            rows = rows.filter(currency__in=set(currencies) - {settings.BASE_CURRENCY})
        self.known = {}
        for row in rows:
            self.known.setdefault(row.currency, []).append((row.day, row.rate))

    def rate(self, currency, day):
        """What one unit was worth on the day; 1 for the base currency, None when no rate is known for then."""
        if currency == settings.BASE_CURRENCY:
            return Decimal(1)
        day = min(day, timezone.localdate())
        return next((rate for since, rate in self.known.get(currency, ()) if since <= day), None)

    def base(self, amount, currency, day):
        """The amount in the base currency, rounded half up to it; None for no amount or no rate."""
        rate = None if amount is None else self.rate(currency, day)
        return None if rate is None else rounded(amount * rate, settings.BASE_CURRENCY)
