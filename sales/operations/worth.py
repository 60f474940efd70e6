"""What deals are worth in the company's currency, and when its rates change, all of them anew."""

from django.conf import settings
from django.db import connection
from django.utils import timezone

from crm_site.core.money import DIGITS, Rates
from sales.models import Stage

# Open deals: the rate of the first day of the close date's month; closed ones: that of the closing day, once and for
# all, as for their sales: the numbers of a quarter that has ended stay.
REBASE = """
    UPDATE sales_opportunity d
    SET amount_base = n.base, changed_at = clock_timestamp(), changed_by_id = %(by)s
    FROM (
        SELECT o.id, round(o.amount * CASE WHEN o.currency = %(base)s THEN 1 ELSE r.rate END, %(digits)s) AS base
        FROM sales_opportunity o
        LEFT JOIN LATERAL (
            SELECT rate FROM core_exchangerate e
            WHERE e.currency = o.currency AND e.day <= least(%(today)s, CASE WHEN o.state = 'open'
                THEN date_trunc('month', o.close_date)::date ELSE (o.closed_at AT TIME ZONE %(zone)s)::date END)
            ORDER BY e.day DESC LIMIT 1
        ) r ON true
    ) n
    WHERE n.id = d.id AND d.amount_base IS DISTINCT FROM n.base AND (d.state = 'open' OR d.amount_base IS NULL)
"""


def rate_day(deal):
    """The day whose rate turns a deal's amount into the company's currency."""
    if deal.state == Stage.OPEN or deal.closed_at is None:
        return deal.close_date.replace(day=1)
    return timezone.localdate(deal.closed_at)


def base_amounts(deals):
    """Set `amount_base` on deals that are not saved yet; one statement, none where all is in the company's currency."""
    deals = list(deals)
    foreign = {deal.currency for deal in deals if deal.amount is not None} - {settings.BASE_CURRENCY}
    rates = Rates(foreign) if foreign else None
    for deal in deals:
        if deal.amount is None or deal.currency == settings.BASE_CURRENCY:
            deal.amount_base = deal.amount
        else:
            deal.amount_base = rates.base(deal.amount, deal.currency, rate_day(deal))
    return deals


def rebase_amounts(*, by):
    """Compute what deals are worth anew, after a rate was added: the open ones and those without; how many changed.

    Part of an operation, whose name their history bears.
    """
    values = {
        "by": by and by.pk, "base": settings.BASE_CURRENCY, "digits": DIGITS.get(settings.BASE_CURRENCY, 2),
        "today": timezone.localdate(), "zone": settings.TIME_ZONE,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(REBASE, values)
        return cursor.rowcount
