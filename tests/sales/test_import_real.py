"""Whole exports of other systems come in with their deals and papers, to the cent, and once (PL-1)."""

import csv
import re
from collections import Counter
from decimal import Decimal

import pytest
from django.db.models import F, Sum

from crm_site.core.imports.undo import start_undo
from crm_site.core.jobs import run_due_jobs
from crm_site.core.models import Job, Team, User
from customers.models import Account, Activity
from sales.models import (
    Credit,
    Opportunity,
    OpportunityChange,
    Sale,
)
from tests.customers.test_import_real import bring, folder, ids, rows_of

pytestmark = [pytest.mark.django_db, pytest.mark.real_data, pytest.mark.slow]
LEFT_OUT = "The line names no order"


def money(rows, column):
    """The sum of a column, as its cells read."""
    return sum((Decimal(re.sub(r"[$,]", "", row[column]) or 0) for row in rows), Decimal(0))


def total(rows, field):
    return rows.aggregate(sum=Sum(field))["sum"]


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
        (row["Subject"].strip(), row["Deal Name"]) for row in orders
    )
    assert sum(Credit.objects.values_list("count", flat=True)) == len(orders)
    assert bring(paths["orders"], "zoho", cast.rita) == {"Sales_Orders.csv": (0, 0, len(orders), 0)}
    if first == "deals":
        job = Job.objects.filter(options__importer="sales").earliest("pk")
        start_undo(job)
        run_due_jobs()
        check_sold(Opportunity, won, "Amount", "Closing Date")
