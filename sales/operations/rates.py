"""Exchange rates: entering one sets right what it is needed for, and nothing of what was said before."""

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import insert_many
from crm_site.core.models import ExchangeRate
from crm_site.core.money import Rates
from crm_site.core.operations import operation, refuse
from sales.models import Credit, Opportunity, Sale
from sales.operations.credits import credits_of, with_shares
from sales.operations.worth import rebase_amounts

BATCH = 1000


@operation
def set_rate(currency, day, rate, *, by):
    """Say what one unit of a currency is worth from a day on; returns how many deals are worth something else now.

    Open deals are computed anew, with a row in their history. Closed deals and sales that had no rate get their worth,
    and sellers the credit that was missing; those that had one keep it. Snapshots of the past stay. Refused where
    another rate is known from that very day on: that one is corrected (`correct_rate`).
    """
    if currency == settings.BASE_CURRENCY:
        refuse(_("This is the company's own currency."), "currency")
    if day > timezone.localdate():
        refuse(_("A rate of the future is not known yet."), "day")
    known = ExchangeRate.objects.get_or_create(currency=currency, day=day, defaults={"rate": rate})[0]
    if known.rate != rate:
        words = {"rate": known.rate.normalize()}
        refuse(_("From that day on it is %(rate)s. If that is wrong, correct it in the list below.") % words, "rate")
    changed = rebase_amounts(by=by)
    while worth_sales(currency):
        pass
    return changed


def worth_sales(currency):
    """Give up to a thousand sales that had no rate their worth and their credit; how many had one now."""
    rows = Sale.objects.unscoped("a rate concerns all of them").filter(currency=currency, total_base__isnull=True)
    rates = Rates({currency})
    first = min((day for day, _rate in rates.known.get(currency, ())), default=None)
    if first is None:
        return 0
    sales = list(rows.filter(sold_on__gte=first).select_for_update().order_by("pk")[:BATCH])
    for sale in sales:
        sale.total_base = rates.base(sale.total, currency, sale.sold_on)
    Sale.objects.bulk_update(sales, ["total_base"])
    missing = []
    for sale, *shared in with_shares(sales):
        worth = rates.base(sale.net - sale.discount + sale.adjustment, currency, sale.sold_on)
        for credit in credits_of(sale, worth, *shared):
            credit.count = 0
            missing += [credit] if sale.status == Sale.ACTIVE else []
    insert_many(Credit, missing)
    return len(sales)


def unrated():
    """[(currency, deals)]: the currencies of open and closed deals of which no rate is known."""
    rows = Opportunity.objects.unscoped("currencies are no secret").filter(deleted_at__isnull=True)
    rows = rows.filter(amount__isnull=False, amount_base__isnull=True).order_by()
    return list(rows.values_list("currency").annotate(deals=Count("pk")).order_by("-deals"))
