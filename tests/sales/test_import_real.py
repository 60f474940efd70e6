"""Whole exports of other systems come in with their deals and papers, to the cent, and once (PL-1)."""

import csv
import re
from collections import Counter
from decimal import Decimal

import pytest
from django.db.models import Count, F, Q, Sum

from crm_site.core.imports.undo import start_undo
from crm_site.core.jobs import run_due_jobs
from crm_site.core.models import Job, Team, User
from customers.models import Account, Activity
from marketing.models import Campaign, CampaignMember
from sales.models import (
    Credit,
    Invoice,
    Lead,
    Opportunity,
    OpportunityChange,
    PriceBook,
    Product,
    Quote,
    Sale,
    SaleLine,
)
from tests.customers.test_import_real import bring, folder, ids, rows_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_data, pytest.mark.slow]
LEFT_OUT = "The line names no order"


def money(rows, column):
    """The sum of a column, as its cells read."""
    return sum((Decimal(re.sub(r"[$,]", "", row[column]) or 0) for row in rows), Decimal(0))


def total(rows, field):
    return rows.aggregate(sum=Sum(field))["sum"]


def test_a_whole_company_with_its_deals_and_papers(cast):
    """What the files say is read by hand here, so that an export with holes has to come in as well as a whole one."""
    data = folder("crm/*/Potentials.csv")
    files = {path.name: rows_of(path) for path in data.glob("*.csv")}
    counts = bring(data, "zoho", cast.rita)
    for name, figures in counts.items():
        assert sum(figures) == len(files[name]), name
    short = {name: figures for name, figures in counts.items() if figures != (len(files[name]), 0, 0, 0)}
    assert set(short) <= {n for n in files if "Line_Items" in n or "Lead_Status" in n}, short
    check_leads_and_deals(files["Leads.csv"], files["Potentials.csv"])
    check_papers(files)
    check_lines(files, counts)
    check_members(files, counts)
    assert Product.objects.filter(cost__isnull=False, currency="USD").count() == len(files["Products.csv"])
    assert total(Product.objects.all(), "cost") == money(files["Products.csv"], "Cost")
    leads = {row["LEADID"] for row in files["Leads.csv"]}
    told = [row for name in ("Calls.csv", "Events.csv") for row in files[name] if row["LEADID"] in leads]
    assert Activity.objects.filter(regarding_type__model="lead").count() == len(told)
    again = bring(data, "zoho", cast.rita)
    assert all(not any(figures[:2]) for figures in again.values()), again


def check_leads_and_deals(leads, deals):
    """Statuses, links in both directions, amounts, moments."""
    converted = {row["LEADID"] for row in leads if row["CONVERTED"] == "Yes"}
    found = Lead.objects.filter(status="converted")
    assert found.count() == len(converted)
    came = converted & {row["LEADID"] for row in deals}
    assert found.filter(converted_opportunity__isnull=False).count() == len(came)
    words = Counter(row["Lead Status"] for row in leads)
    assert {word: Lead.objects.filter(tags__contains=[word]).count() for word in words} == words
    here, campaigns = ids(Lead, "zoho"), ids(Campaign, "zoho")
    states = {"Open": "open", "Won": "won", "Lost": "lost"}
    assert Counter(
        (row["Potential Name"], money([row], "Amount"), "USD", states[row["Forecast Type"]], here.get(row["LEADID"]),
         campaigns.get(row["Campaign Id"])) for row in deals
    ) == Counter(Opportunity.objects.values_list("name", "amount", "currency", "state", "lead", "campaign"))  # fmt: skip
    by_hand = [int(row["Probability"]) for row in deals if row["Forecast Type"] == "Open" and row["Probability"]]
    given = Opportunity.objects.filter(state="open", probability_by_hand=True).values_list("probability", flat=True)
    assert not Counter(given) - Counter(by_hand)
    assert total(Opportunity.objects.all(), "amount") == money(deals, "Amount")
    closed = Opportunity.objects.filter(closed_at__isnull=False)
    assert all(deal.closed_at.date() == deal.close_date for deal in closed)
    assert OpportunityChange.objects.exclude(to_state="open").filter(from_state="open").count() == closed.count()


def check_papers(files):
    """The sums of quotes, orders and invoices are the files'."""
    for model, name in ((Quote, "Quotes.csv"), (Sale, "Sales_Orders.csv"), (Invoice, "Invoices.csv")):
        rows = files[name]
        assert model.objects.count() == len(rows)
        columns = {"net": "Sub Total", "discount": "Discount", "tax": "Tax", "adjustment": "Adjustments",
                   "total": "Grand Total"}  # fmt: skip
        for field, column in columns.items():
            assert total(model.objects.all(), field) == money(rows, column), (name, field)
    orders, invoices, accounts = ids(Sale, "zoho"), ids(Invoice, "zoho"), ids(Account, "zoho")
    assert Sale.objects.filter(status="cancelled").count() == sum(
        row["Status"] == "Cancelled" for row in files["Sales_Orders.csv"]
    )
    made = Invoice.objects.in_bulk()
    for row in files["Invoices.csv"]:
        invoice = made[invoices[row["INVOICEID"]]]
        assert invoice.sale_id == orders.get(row["Sales Order Id"])
        assert invoice.account_id == accounts.get(row["Account Id"], invoice.account_id)
    assert len(set(Sale.objects.values_list("document", flat=True))) == len(orders)


def check_lines(files, counts):
    """Lines of orders are tied by their sums wherever these are clear; those of invoices name nothing and stay out."""
    rows, orders = files["Sales_Order_Line_Items.csv"], files["Sales_Orders.csv"]
    whole = abs(money(rows, "Net Total") - money(orders, "Sub Total")) < Decimal("0.02") * len(rows)
    assert counts["Sales_Order_Line_Items.csv"][0] > (0.98 * len(rows) if whole else -1)
    assert counts["Invoice_Line_Items.csv"] == (0, 0, len(files["Invoice_Line_Items.csv"]), 0)
    job = Job.objects.filter(options__file_name="Invoice_Line_Items.csv").latest("pk")
    assert all(LEFT_OUT in reason for reason in job.counts["reasons"]["skipped"])
    lines, here, books = SaleLine.objects.in_bulk(), ids(SaleLine, "zoho"), ids(PriceBook, "zoho")
    for row in rows:
        if line := lines.get(here.get(row["INVENTORYRELID"])):
            assert (line.total, line.tax) == (money([row], "Net Total"), money([row], "Tax"))
            assert line.price_book_id == books.get(row["BOOKID"])
    made = Sale.objects.annotate(lined=Sum("lines__total"), named=Count("lines", filter=~Q(lines__product=None)))
    assert all(abs(sale.lined - sale.net) <= Decimal("0.02") for sale in made.filter(named__gt=0))


def check_members(files, counts):
    """Whose lead's deal names the campaign is a member, and nobody whom no lead or contact is called like."""
    members, leads = files["Campaign_Lead_Status.csv"], {row["LEADID"]: row for row in files["Leads.csv"]}
    campaigns = {row["CAMPAIGNID"]: row["Campaign Name"] for row in files["Campaigns.csv"]}
    sure = Counter(
        (campaigns[row["Campaign Id"]], lead["Last Name"]) for row in files["Potentials.csv"]
        if (lead := leads.get(row["LEADID"])) and row["Campaign Id"] in campaigns
    )  # fmt: skip
    asked = Counter((row["Campaign Name"], row["Lead Last Name"]) for row in members)
    names = {row["Last Name"] for row in (*files["Leads.csv"], *files["Contacts.csv"])}
    known = [row for row in members if row["Campaign Name"] in campaigns.values() and row["Lead Last Name"] in names]
    made = counts["Campaign_Lead_Status.csv"][0]
    assert sum((sure & asked).values()) <= made <= len(known)
    assert CampaignMember.objects.count() == made
    words = Counter(row["Status"] for row in members)
    assert CampaignMember.objects.filter(status="opted_out").count() <= words["Opted Out"]


def test_a_sales_team_with_its_pipeline(cast):
    data = folder("crm/*/sales_pipeline.csv")
    files = {path.name: rows_of(path) for path in data.glob("*.csv")}
    counts = bring(data, "maven", cast.rita)
    for name, figures in counts.items():
        assert figures == (len(files[name]), 0, 0, 0), name
    rows, teams = files["sales_pipeline.csv"], files["sales_teams.csv"]
    assert Account.objects.filter(parent__isnull=False).count() == sum(
        bool(row["subsidiary_of"]) for row in files["accounts.csv"]
    )
    managers = {user.get_full_name() for user in User.objects.filter(managed_teams__parent__isnull=False)}
    assert {row["manager"] for row in teams} <= managers
    assert {row["regional_office"] for row in teams} <= set(Team.objects.values_list("name", flat=True))
    assert total(Opportunity.objects.all(), "amount") == money(rows, "close_value")
    stages = Counter(Opportunity.objects.values_list("stage__name", flat=True))
    assert stages == Counter(row["deal_stage"] for row in rows)
    assert Opportunity.objects.filter(account=None).count() == sum(not row["account"] for row in rows)
    assert Opportunity.objects.filter(lines__product__isnull=False).distinct().count() == len(rows)
    assert Opportunity.objects.filter(tags__contains=["no date"]).count() == sum(not row["engage_date"] for row in rows)
    check_past(rows)
    check_sold(Opportunity, [row for row in rows if row["deal_stage"] == "Won"], "close_value", "close_date")
    assert sum(Credit.objects.values_list("amount_base", flat=True)) == total(Sale.objects.all(), "total")
    again = bring(data, "maven", cast.rita)
    assert again == {name: (0, 0, len(files[name]), 0) for name in counts}


def check_sold(model, won, amount, day):
    """Each won deal is a sale at the file's amount, on its day, of its owner and account."""
    sold = Sale.objects.filter(status="active")
    assert sold.count() == model.objects.filter(state="won").count() == len(won)
    assert total(sold, "total") == money(won, amount)
    assert not sold.exclude(owner=F("opportunity__owner"), sold_on=F("opportunity__close_date")).exists()
    assert not sold.exclude(account=F("opportunity__account")).filter(opportunity__account__isnull=False).exists()
    assert Counter(sold.values_list("sold_on__year", flat=True)) == Counter(
        int(re.search(r"\b20\d\d\b", row[day])[0]) for row in won
    )


def test_deals_that_come_without_their_orders_become_sales(cast):
    """QS-3: the won ones of the file of deals alone, to the cent, and once."""
    path = folder("crm/*/Potentials.csv") / "Potentials.csv"
    won = [row for row in rows_of(path) if row["Forecast Type"] == "Won"]
    for _turn in range(2):
        bring(path, "zoho", cast.rita)
        check_sold(Opportunity, won, "Amount", "Closing Date")


def check_past(rows):
    """Each closed deal was open from the day of engagement to the day it was closed."""
    here, changes = ids(Opportunity, "maven"), {}
    for change in OpportunityChange.objects.order_by("id"):
        changes.setdefault(change.opportunity_id, []).append((change.at.date().isoformat(), change.to_state))
    for row in rows:
        past = changes[here[row["opportunity_id"]]]
        if row["close_date"]:
            state = {"Won": "won", "Lost": "lost"}[row["deal_stage"]]
            assert past == [(row["engage_date"], "open"), (row["close_date"], state)]
        elif row["engage_date"]:
            assert past == [(row["engage_date"], "open")]


def test_leads_and_deals_by_name(cast):
    data = folder("crm/*/Customer_Interactions.csv")
    counts = bring(data, "sf", cast.rita)
    assert counts == {path.name: (len(rows_of(path)), 0, 0, 0) for path in data.glob("*.csv")}
    for row in rows_of(data / "Opportunities.csv"):
        deal = Opportunity.objects.get(name=row["Opportunity Name"])
        assert (deal.account.name, deal.amount) == (row["Account Name"], Decimal(row["Amount"]))
    told = sum(bool(row["Opportunity Name"]) for row in rows_of(data / "Customer_Interactions.csv"))
    assert Activity.objects.filter(regarding_type__model="opportunity").count() == told


@pytest.mark.parametrize("first", ["deals", "orders"])
def test_orders_that_name_their_deals(cast, tmp_path, first):
    """QS-3, QS-4: the orders of an export, each given a won deal of it by name; sums to the cent, and back again."""
    data = folder("crm/*/Potentials.csv")
    deals, orders = rows_of(data / "Potentials.csv"), rows_of(data / "Sales_Orders.csv")
    won = [row for row in deals if row["Forecast Type"] == "Won"][:150]
    for number, row in enumerate(won):
        row["Potential Name"] += f" {number}"  # many people have the same name
    orders = [row for row in orders if row["Status"] != "Cancelled"][: len(won) - 20]
    for row, deal in zip(orders, won, strict=False):
        row["Deal Name"] = deal["Potential Name"]
    paths = {"deals": tmp_path / "Potentials.csv", "orders": tmp_path / "Sales_Orders.csv"}
    for path, rows in zip(paths.values(), (won, orders), strict=True):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    for name in (first, *(paths.keys() - {first})):
        bring(paths[name], "zoho", cast.rita)
    sold = Sale.objects.filter(status="active")
    for field, column in (("net", "Sub Total"), ("tax", "Tax"), ("total", "Grand Total")):
        assert total(sold, field) == money(orders, column)
    assert Counter(sold.values_list("name", "opportunity__name")) == Counter(
        (row["Subject"], row["Deal Name"]) for row in orders
    )
    assert sum(Credit.objects.values_list("count", flat=True)) == len(orders)
    assert bring(paths["orders"], "zoho", cast.rita) == {"Sales_Orders.csv": (0, 0, len(orders), 0)}
    if first == "deals":
        job = Job.objects.filter(options__importer="sales").earliest("pk")
        start_undo(job)
        run_due_jobs()
        check_sold(Opportunity, won, "Amount", "Closing Date")
