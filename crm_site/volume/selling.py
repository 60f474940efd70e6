"""What selling.sql needs to know, and how large sales and marketing are."""

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from crm_site.volume.names import LISTS
from customers.models import Activity
from marketing.models import Campaign, CampaignMember
from sales import rollup
from sales.models import (
    Credit,
    CreditCell,
    ForecastCell,
    Lead,
    NumberSeries,
    Opportunity,
    OpportunityChange,
    OpportunityLine,
    Price,
    Product,
    Quote,
    QuoteLine,
    Sale,
    SaleLine,
    Target,
)  # fmt: skip
from sales.models.credit import ALL_SUMMED

RECORDS = {
    "campaign": Campaign, "product": Product, "lead": Lead, "opportunity": Opportunity, "quote": Quote, "sale": Sale,
}  # fmt: skip
TABLES = [*RECORDS.values(), CampaignMember, Price, OpportunityChange, OpportunityLine, QuoteLine, SaleLine, Credit,
          NumberSeries, Target, ForecastCell, CreditCell]  # fmt: skip
SIZES = ("opportunities", "leads", "quotes", "products", "campaigns")
RATES = {"USD": "0.92", "GBP": "1.17", "SEK": "0.088"}
# A currency whose rate nobody knows: its deals are in no sum.
UNRATED = "CHF"
BUSY_DEAL = 1000


def sizes(contacts, **asked):
    """{name: rows}: what was asked for, the rest in proportion to the contacts."""
    deals = asked.get("opportunities") or contacts
    usual = {"leads": deals // 5, "quotes": deals * 3 // 10, "products": min(2000, 100 + deals // 50),
             "campaigns": min(200, 20 + deals // 500)}  # fmt: skip
    return {"opportunities": deals} | {name: asked.get(name) or number for name, number in usual.items()}


def choices(cursor, values, last_number):
    """What the names of selling.sql stand for, besides those of records.sql."""
    base = settings.BASE_CURRENCY
    foreign = [code for code in RATES if code != base][:2]
    families = len(LISTS["families"])
    found = {name: last_number(cursor, model) for name, model in RECORDS.items()}
    return found | {
        "base": base, "currencies": [base, *foreign, UNRATED], "rates": ["1", *(RATES[code] for code in foreign), None],
        "sold": max(families, values["products"] // families * families), "activity": last_number(cursor, Activity),
        "every_deal": max(2, values["opportunities"] // 50), "busy_deal": min(BUSY_DEAL, values["opportunities"] // 10),
        "opportunity_type": ContentType.objects.get_for_model(Opportunity).pk,
    }  # fmt: skip


def roll_up():
    """The sums of deals and of credit, as the site itself makes them."""
    rollup.rebuild()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sales_creditcell")
        cursor.execute(ALL_SUMMED)
