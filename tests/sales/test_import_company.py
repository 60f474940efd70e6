"""The whole export of a company comes in with its people, deals and papers, to the cent, and once (PL-1).

What the files say is read by hand here, so that an export with holes has to come in as well as a whole one.
"""

from collections import Counter
from decimal import Decimal
from typing import NamedTuple

import pytest
from django.db import connection
from django.db.models import Count, F, Q, Sum

from crm_site.core.management.commands.import_data import Command
from crm_site.core.models import Job, PendingLink, User
from customers.models import Account, Activity, Affiliation, Contact, Customer
from marketing.models import Campaign, CampaignMember
from sales.models import Invoice, Lead, Opportunity, OpportunityChange, PriceBook, Product, Quote, Sale, SaleLine
from tests.cast import make_cast
from tests.customers.test_import_real import bring, folder, ids, rows_of
from tests.sales.test_import_real import money, total

pytestmark = [pytest.mark.django_db, pytest.mark.real_data, pytest.mark.slow(together=True)]
LEFT_OUT = "The line names no order"


class Company(NamedTuple):
    """The files, {name: rows}, and what became of them, {name: counts}."""

    files: dict
    counts: dict


@pytest.fixture(scope="module")
def company(standing):
    """Everything of the other system, imported once for all tests here."""
    data = folder("crm/*/Potentials.csv")
    files = {path.name: rows_of(path) for path in data.glob("*.csv")}
    with pytest.MonkeyPatch.context() as patch:
        # After each file, as where each commits: an update costs the more the more links are still to be checked.
        patch.setattr(Command, "tell", lambda *_args: connection.check_constraints())
        return standing(lambda: Company(files, bring(data, "zoho", make_cast().rita)))


def test_everything_comes_in_once(company):
    files, counts = company
    for name, figures in counts.items():
        assert sum(figures) == len(files[name]), name
    short = {name: figures for name, figures in counts.items() if figures != (len(files[name]), 0, 0, 0)}
    assert set(short) <= {n for n in files if "Line_Items" in n or "Lead_Status" in n}, short
    again = bring(folder("crm/*/Potentials.csv"), "zoho", User.objects.get(email=Job.objects.latest("pk").user.email))
    assert all(not any(figures[:2]) for figures in again.values()), again
    assert all(again[name] == (0, 0, len(files[name]), 0) for name in again if name not in short)


def test_accounts_and_their_people(company):
    files = company.files
    accounts, contacts, users = ids(Account, "zoho"), ids(Contact, "zoho"), ids(User, "zoho")
    at = dict(Affiliation.objects.filter(is_main=True).values_list("contact_id", "account_id"))
    for row in files["Contacts.csv"]:
        assert at.get(contacts[row["CONTACTID"]]) == accounts.get(row["Account Id"])
    owners = dict(Account.objects.values_list("pk", "owner_id"))
    assert all(owners[accounts[row["ACCOUNTID"]]] == users[row["Account Owner Id"]] for row in files["Accounts.csv"])
    assert Customer.objects.count() == sum(row["Account Type"] == "Customer" for row in files["Accounts.csv"])
    assert not Account.objects.filter(name__regex=r"^\d+$").exists()


def test_activities(company):
    """Calls are at their contacts with their minutes; what is not here yet waits; dates of all formats are read."""
    files, accounts, contacts = company.files, ids(Account, "zoho"), ids(Contact, "zoho")
    kinds = {kind: Activity.objects.filter(kind=kind).count() for kind in ("call", "meeting", "task")}
    assert kinds == {
        "call": len(files["Calls.csv"]), "meeting": len(files["Events.csv"]), "task": len(files["Tasks.csv"]),
    }  # fmt: skip
    persons = dict(Lead.objects.values_list("pk", "contact_id"))
    people = {there: persons[pk] for there, pk in ids(Lead, "zoho").items()}
    calls, made = ids(Activity, "zoho"), {a.pk: a for a in Activity.objects.filter(kind="call")}
    for row in files["Calls.csv"]:
        call = made[calls[f"call:{row['TASKID']}"]]
        assert call.contact_id == contacts.get(row["CONTACTID"], people.get(row["LEADID"]))
        assert call.duration == int(row["Call Duration (in minutes)"])
        assert call.direction == {"Inbound": "in", "Outbound": "out"}[row["Call Type"]]
        if row["ACCOUNTID"] in accounts:
            assert call.account_id == accounts[row["ACCOUNTID"]]
    assert Activity.objects.filter(kind="meeting", ends_at__gt=F("at")).count() == len(files["Events.csv"])
    done = sum(row["Status"] == "Completed" for row in files["Tasks.csv"])
    assert Activity.objects.filter(kind="task", status="done").count() == done
    leads = {row["LEADID"] for row in files["Leads.csv"]}
    told = [row for name in ("Calls.csv", "Events.csv") for row in files[name] if row["LEADID"] in leads]
    assert Activity.objects.filter(regarding_type__model="lead").count() == len(told)


def test_links_to_what_is_not_here_wait(company):
    files, accounts = company.files, ids(Account, "zoho")
    waiting = PendingLink.objects.filter(system="zoho")
    assert waiting.filter(wanted="sales.opportunity").exists()
    assert waiting.filter(wanted="customers.account").count() == sum(
        bool(row[column]) and row[column] not in accounts
        for name, rows in files.items()
        for column in ("ACCOUNTID", "Account Id")
        for row in (rows if name != "Accounts.csv" and column in next(iter(rows), ()) else ())
    )


def test_products(company):
    rows = company.files["Products.csv"]
    assert Product.objects.filter(cost__isnull=False, currency="USD").count() == len(rows)
    assert total(Product.objects.all(), "cost") == money(rows, "Cost")


def test_leads_and_deals(company):
    """Statuses, links in both directions, amounts, moments."""
    leads, deals = company.files["Leads.csv"], company.files["Potentials.csv"]
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


def test_papers(company):
    """The sums of quotes, orders and invoices are the files'."""
    files = company.files
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


def test_lines_of_orders(company):
    """Lines of orders are tied by their sums wherever these are clear; those of invoices name nothing and stay out."""
    files, counts = company
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


def test_members(company):
    """Whose lead's deal names the campaign is a member, and nobody whom no lead or contact is called like."""
    files, counts = company
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
