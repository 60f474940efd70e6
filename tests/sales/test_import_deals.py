"""Files of leads, deals, products and papers through the wizard and the command (LC, OP, QS, PL-1)."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Sum

from crm_site.core.jobs import run_due_jobs
from crm_site.core.models import Job, JobProblem, PendingLink, Team, User
from customers.models import Account, Activity, Contact
from customers.operations.customers import create_customer
from marketing.models import CampaignMember
from sales.models import Credit, Invoice, Lead, Opportunity, Pipeline, Product, Quote, Sale, Target
from sales.operations.closing import win_opportunity
from tests.core.test_import_wizard import counts, fields_of, upload
from tests.factories import AccountFactory, ContactListFactory

pytestmark = pytest.mark.django_db
LEADS = """LEADID,Last Name,Company,Email,Mobile,Lead Source,Lead Status,Created Time,CONVERTED
1,Hall,Acme,hall@acme.test,860-253-6354,Partner,Junk Lead,"15 Apr, 2021 00:03:00",No
2,Ray,Beta,ray@beta.test,,Partner,Contact in Future,"16 Apr, 2021 00:03:00",No
3,Fox,Gamma,fox@gamma.test,,Cold Call,Pre Qualified,"17 Apr, 2021 00:03:00",Yes
"""
DEALS = """Potential Name,Created Time,Closing Date,Amount,Stage,Type,Probability,LEADID,Lead Source
"Fox, Ann","18 Apr, 2021 00:02:00","28 Apr, 2021 00:03:00","$22,700.50",Closed Won,Existing Business,20,3,Partner
Open one,"18 Apr, 2021 00:02:00","28 May, 2021 00:03:00","$100.25",Needs Analysis,New Business,80,2,
"""
PIPELINE = """opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
A1,Alice Tester,GTXPro,Isdom,Won,2016-10-25,2017-03-11,4514
A2,Alice Tester,GTX Pro,,Engaging,2016-12-25,,
A3,Alice Tester,GTX Pro,,Prospecting,,,
"""
SALES = """SALESORDERID,Subject,Status,Due Date,Sub Total,Discount,Tax,Adjustments,Grand Total,Created Time
71,First,Delivered,14-07-2021 01:09,"1,000.10",50,90.01,0.35,"1,040",13-07-2021 12:59
72,Second,Cancelled,14-07-2021 01:09,200,0,0,0,200,13-07-2021 12:59
"""
LINES = """INVENTORYRELID,Product Name,List Price,Quantity,Total,Discount,Total After Discount,Tax,Net Total
1,Nail,$100.00,5,$500.00,$10.00,$490.00,$10.10,$500.10
2,Screw,$50.00,10,$500.00,$0.00,$500.00,$0.00,$500.00
3,Nail,$100.00,2,$200.00,$0.00,$200.00,$0.00,$200.00
"""


# A deal whose status stands beside its stage, one that is gone there, and links to records of several kinds.
STATUSES = """Deal - ID,Deal - Title,Deal - Value,Deal - Organization ID,Deal - Stage,Deal - Status,Deal - Deal closed on,Deal - Deleted
1,Won one,"1.200,50 kr",001AA0000012345AAA;001AA0000099999AAA,Proposal,Won,2023-06-07 10:00:00,0
2,Open one,300,,Proposal,Open,,0
3,Gone one,300,,Proposal,Lost,2023-06-07 10:00:00,1
"""
TASKS = """Id,WhoId,WhatId,Subject,ActivityDate
1,003AA0000012345AAA,001AA0000012345AAA,Call them,2023-06-07
"""


def through(client, text, name, **data):
    """Import a text through the wizard; the finished job."""
    job = upload(client, text, name, **data)
    client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job))
    run_due_jobs()
    assert client.get(f"/imports/{job.pk}/").status_code == 200
    client.post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    job.refresh_from_db()
    assert job.state == Job.DONE, job.error
    assert client.get(f"/imports/{job.pk}/").status_code == 200
    return job


def test_leads_keep_what_the_other_system_called_their_status(cast, client_of):
    client = client_of(cast.alice)
    assert counts(through(client, LEADS, "Leads.csv")) == (3, 0, 0, 0)
    found = {lead.last_name: lead for lead in Lead.objects.all()}
    assert {n: (e.status, e.disqualify_reason, e.tags) for n, e in found.items()} == {
        "Hall": ("disqualified", "spam", ["Junk Lead"]), "Ray": ("working", "", ["Contact in Future"]),
        "Fox": ("converted", "", ["Pre Qualified"]),
    }  # fmt: skip
    assert found["Hall"].disqualified_at.date() == found["Hall"].created_at.date() == date(2021, 4, 15)
    assert found["Hall"].contact.email == "hall@acme.test"
    assert counts(through(client, LEADS, "Leads.csv")) == (0, 0, 3, 0)
    kept = ContactListFactory(name="Bakers", owner=cast.alice)
    text = "Last Name,Contact List,Referred By,Next Step,Next Step Date\nNew,Bakers,Ada Brook,Call,2026-03-04\n"
    through(client, text, "more.csv", kind="leads")
    new = Lead.objects.get(last_name="New")
    assert (new.contact_list, new.referrer, new.next_step) == (kept, "Ada Brook", "Call")
    assert new.next_step_date == date(2026, 3, 4)


def test_leads_go_back_with_the_people_made_for_them(cast, client_of):
    client = client_of(cast.alice)
    job = through(client, LEADS, "Leads.csv")
    client.post(f"/imports/{job.pk}/undo/")
    run_due_jobs()
    assert not Lead.objects.filter(deleted_at=None).exists()
    assert not Contact.objects.filter(deleted_at=None).exists()


@pytest.mark.parametrize("order", ["leads first", "deals first"])
def test_converted_leads_and_their_deals_find_each_other(cast, client_of, order):
    """In either order; sums to the cent, the past as the file knows it, and a currency without a rate is told of."""
    client = client_of(cast.alice)
    files = [(LEADS, "Leads.csv"), (DEALS, "Potentials.csv")]
    for text, name in files if order == "leads first" else reversed(files):
        job = through(client, text, name)
        assert counts(job)[3] == 0, job.counts
    won, still = Opportunity.objects.order_by("id")
    lead = Lead.objects.get(last_name="Fox")
    assert (won.lead, lead.converted_opportunity, lead.converted_at) == (lead, won, won.created_at)
    assert Lead.objects.get(last_name="Ray").converted_opportunity is None
    assert (won.amount, won.currency, won.state, won.type) == (Decimal("22700.50"), "USD", "won", "upsell")
    assert (won.closed_at.date(), won.close_date) == (date(2021, 4, 28), date(2021, 4, 28))
    assert (still.stage.name, still.probability, still.probability_by_hand) == ("Needs analysis", 80, True)
    assert still.close_date == date(2021, 5, 28)
    assert still.amount_base is None
    changes = list(won.changes.order_by("id"))
    assert [(c.at.date(), c.to_state) for c in changes] == [(date(2021, 4, 18), "open"), (date(2021, 4, 28), "won")]
    report = Job.objects.filter(options__importer="opportunities").get().counts
    assert report["warnings"]["Amount\tAn amount in USD counts in no total until you enter a rate."] == 2
    assert counts(through(client, DEALS, "Potentials.csv")) == (0, 0, 2, 0)


def test_unknown_stages_become_a_pipeline_of_their_own(cast, tmp_path):
    """For an administrator; a product spelt without a blank is known, and a deal without dates is marked."""
    (tmp_path / "products.csv").write_text("product,series,sales_price\nGTX Pro,GTX,4821\n")
    (tmp_path / "sales_pipeline.csv").write_text(PIPELINE)
    call_command("import_data", str(tmp_path), system="maven", user=cast.rita.email)
    pipeline = Pipeline.objects.get(name="Imported (maven)")
    assert [s.name for s in pipeline.stages.order_by("order")] == ["Prospecting", "Engaging", "Won", "Lost"]
    won, engaged, fresh = Opportunity.objects.order_by("id")
    assert {won.owner, engaged.owner, fresh.owner} == {cast.alice}
    line = won.lines.get()
    assert (line.product, line.total, won.amount, won.account.name) == (Product.objects.get(), 4514, 4514, "Isdom")
    assert [(c.at.date(), c.to_amount) for c in won.changes.order_by("id")] == [
        (date(2016, 10, 25), 4821), (date(2017, 3, 11), 4514)]  # fmt: skip
    assert won.changes.earliest("id").to_stage.name == "Engaging"
    assert (engaged.stage.name, engaged.stage_since.date(), engaged.amount) == ("Engaging", date(2016, 12, 25), None)
    assert engaged.lines.get().unit_price == 4821
    assert fresh.tags == ["no date"]
    assert JobProblem.objects.filter(text__contains="“GTXPro” was taken for “GTX Pro”").count() == 1
    call_command("import_data", str(tmp_path), system="maven", user=cast.rita.email)
    assert Opportunity.objects.count() == 3
    assert Pipeline.objects.filter(name__startswith="Imported").count() == 1


def test_without_the_right_to_arrange_stages_the_word_stays_as_a_tag(cast, client_of):
    through(client_of(cast.alice), PIPELINE, "sales_pipeline.csv")
    assert not Pipeline.objects.filter(name__startswith="Imported").exists()
    deal = Opportunity.objects.get(tags__contains=["Engaging"])
    assert deal.stage.pipeline.is_default
    assert deal.name == "GTX Pro"


def test_the_person_says_what_an_unknown_stage_means(cast, client_of):
    client = client_of(cast.rita)
    job = upload(client, PIPELINE, "sales_pipeline.csv")
    fields = fields_of(client, job)
    place = next(row for row in client.get(f"/imports/{job.pk}/").context["rows"] if row["header"] == "deal_stage")
    field = next(f for f in place["map"] if "Engaging" in str(f["label"]))
    fields[field["name"]] = next(o["value"] for o in field["options"] if o["label"] == "Proposal")
    client.post(f"/imports/{job.pk}/mapping/", fields)
    run_due_jobs()
    client.post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    assert Opportunity.objects.filter(stage__name="Proposal").count() == 1
    assert not Pipeline.objects.filter(name__startswith="Imported").exists()


def test_a_file_that_names_no_currency_is_given_one(cast, client_of):
    """QS-3: sums without a sign are in the currency that is said for all rows, else in the company's own."""
    job = upload(client_of(cast.rita), SALES, "Orders.csv")
    page = client_of(cast.rita).get(f"/imports/{job.pk}/").content.decode()
    assert "Currency of all rows" in page
    client_of(cast.rita).post(
        f"/imports/{job.pk}/mapping/", fields_of(client_of(cast.rita), job) | {"all_currency": "USD"}
    )
    run_due_jobs()
    client_of(cast.rita).post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    assert set(Sale.objects.unscoped("test").values_list("currency", flat=True)) == {"USD"}


def test_orders_keep_their_sums_and_get_their_lines(cast, client_of):
    """Days before months; lines that name no order are tied by the sums, those of another file are not."""
    client = client_of(cast.rita)
    assert counts(through(client, SALES, "Sales_Orders.csv")) == (2, 0, 0, 0)
    first, second = Sale.objects.order_by("id")
    assert (first.net, first.discount, first.tax, first.total) == (Decimal("1000.10"), 50, Decimal("90.01"), 1040)
    assert (first.sold_on, first.due_on, first.progress) == (date(2021, 7, 13), date(2021, 7, 14), "delivered")
    assert (second.status, second.credits.count(), first.credits.count()) == ("cancelled", 0, 1)
    assert counts(through(client, LINES.replace("500.10", "501.10"), "Invoice_Line_Items.csv")) == (0, 0, 3, 0)
    assert counts(through(client, LINES, "Sales_Order_Line_Items.csv")) == (3, 0, 0, 0)
    assert [(e.description, e.total, e.tax) for e in first.lines.all()] == [
        ("Nail", Decimal("500.10"), Decimal("10.10")), ("Screw", 500, 0)]  # fmt: skip
    assert second.lines.get().quantity == 2
    assert Product.objects.count() == 2
    again = through(client, LINES, "Sales_Order_Line_Items.csv")
    assert counts(again) == (0, 0, 3, 0)
    assert "Nothing has changed" in str(again.counts["reasons"])
    client.post(f"/imports/{Job.objects.filter(counts__created=3).get().pk}/undo/")
    run_due_jobs()
    assert not first.lines.exists()


def test_invoices_and_quotes_keep_their_sums(cast, client_of):
    client = client_of(cast.rita)
    text = "INVOICEID,Subject,Invoice Number,Sales Order Id,Invoice Status,Sub Total,Tax,Grand Total,Created Time\n"
    text += '5,Chair,1593,71,Delivered,"$22,247.63",$10.00,"$21,042","20 Apr, 2021 07:49:50"\n'
    text += '6,,1594,99,Created,,,,"20 Apr, 2021 07:49:50"\n'
    through(client, text, "Invoices.csv")
    through(client, SALES, "Sales_Orders.csv")
    chair, empty = Invoice.objects.order_by("id")
    assert (chair.total, chair.currency, chair.sale.name, chair.status) == (21042, "USD", "First", "delivered")
    assert (empty.name, empty.total, PendingLink.objects.filter(wanted="sales.sale").count()) == ("Invoice 1594", 0, 1)
    quotes = "QUOTEID,Subject,Quote Stage,Valid Till,Sub Total,Grand Total\n1,Offer,On Hold,2021-04-20,$10.10,$9.05\n"
    quotes += "2,Deal,Confirmed,2021-04-20,$1,$1\n"
    through(client, quotes, "Quotes.csv")
    offer, deal = Quote.objects.order_by("id")
    assert (offer.status, offer.net, offer.total, offer.tags) == (
        "sent",
        Decimal("10.10"),
        Decimal("9.05"),
        ["On Hold"],
    )
    assert (deal.status, deal.tags) == ("accepted", ["Confirmed"])


def test_calls_that_waited_for_deals_and_leads_find_them(cast, client_of):
    client = client_of(cast.alice)
    text = "CALLID,Subject,Call Type,POTENTIALID,LEADID\n1,Hello,Outbound,77,\n2,Again,Inbound,,2\n"
    through(client, text, "Calls.csv")
    assert PendingLink.objects.count() == 2
    through(client, LEADS, "Leads.csv")
    deal = "Potential Id,Potential Name,Stage,Amount,Closing Date\n77,Big,Proposal,12,2026-05-05\n"
    through(client, deal, "Potentials.csv")
    hello, again = Activity.objects.order_by("id")
    assert (hello.regarding_type.model, hello.regarding_id) == ("opportunity", Opportunity.objects.get().pk)
    ray = Lead.objects.get(last_name="Ray")
    assert (again.regarding_type.model, again.regarding_id, again.contact) == ("lead", ray.pk, ray.contact)
    assert not PendingLink.objects.exists()


def test_a_deal_that_is_named_before_it_comes_is_told_and_waits(cast, client_of):
    client = client_of(cast.alice)
    through(client, "Subject,Call Type,Opportunity Name\nHello,Outbound,Big\n", "Calls.csv")
    assert "is called “Big” yet" in JobProblem.objects.latest("id").text
    through(client, "Opportunity Name,Stage,Amount,Closing Date\nBig,Proposal,12,2026-05-05\n", "Potentials.csv")
    assert Activity.objects.get().regarding_id == Opportunity.objects.get().pk


def test_members_are_the_people_who_came_as_leads(cast, client_of):
    """Of two of the same name it is the one whose deal has the campaign; the other row then means the other."""
    client = client_of(cast.rita)
    through(client, "CAMPAIGNID,Campaign Name\n8,Spring\n9,spring\n", "Campaigns.csv")
    leads = LEADS + '4,Fox,Delta,fox@delta.test,,Cold Call,Contacted,"17 Apr, 2021 00:03:00",No\n'
    through(client, leads, "Leads.csv")
    deals = DEALS.replace("Lead Source\n", "Lead Source,Campaign Id\n").replace(",3,Partner", ",3,Partner,8")
    through(client, deals, "Potentials.csv")
    text = "Campaign Name,Lead First Name,Lead Last Name,Status\nSpring,Fox,Fox,Opened\nspring,Fox,Fox,Opted Out\n"
    job = through(client, text + "Spring,Nobody,Nobody,Sent\n", "Campaign_Lead_Status.csv")
    assert counts(job) == (2, 0, 0, 1), job.counts
    found = {m.campaign.name: (m.contact.email, m.status) for m in CampaignMember.objects.all()}
    assert found == {"Spring": ("fox@gamma.test", "opened"), "spring": ("fox@delta.test", "opted_out")}


def test_a_file_of_sales_teams_makes_users_teams_and_managers(cast, tmp_path):
    path = tmp_path / "sales_teams.csv"
    people = "Ann Lee,Bo Fox,Central\nCy Day,Di Ray,Central\nEd Orr,Flo Kay,East\n"
    path.write_text(f"sales_agent,manager,regional_office\n{people}")
    call_command("import_data", str(path), system="x", user=cast.rita.email)
    ann = User.objects.get(first_name="Ann")
    assert (ann.email, ann.team.parent.name, ann.team.manager.get_full_name()) == (
        "ann.lee@users.invalid", "Central", "Bo Fox")  # fmt: skip
    assert Team.objects.get(name="East").manager.last_name == "Kay"
    assert not ann.has_usable_password()


def test_accounts_find_parents_that_stand_below_them(cast, client_of):
    through(
        client_of(cast.alice), "account,sector,subsidiary_of\nChild,IT,Top\nTop,IT,\nLost,IT,Gone\n", "accounts.csv"
    )
    assert Account.objects.get(name="Child").parent.name == "Top"
    assert Account.objects.get(name="Lost").parent is None
    assert Account.objects.count() == 3


def test_deals_find_their_account_by_name(cast, client_of):
    known = AccountFactory(name="BrightPath 2", owner=cast.alice)
    text = "Opportunity Name,Account Name,Stage,Amount,Close Date,Type\n"
    text += "One,BrightPath 2,Closed Lost,5500,2025-08-31,New Business\n"
    through(client_of(cast.alice), text, "Opportunities.csv")
    deal = Opportunity.objects.get()
    assert (deal.account, deal.state, deal.amount, deal.currency) == (known, "lost", 5500, "EUR")
    assert deal.closed_at.date() == date(2025, 8, 31)


def credited():
    """What the ledger says was sold."""
    return sum(row.amount_base for row in Credit.objects.all())


def test_won_deals_become_sales(cast, client_of):
    """QS-3: at the file's amounts and days, with credit; repeated nothing happens, taken back they go with the deals."""
    client = client_of(cast.alice)
    account = create_customer({"kind": "business", "company": "Isdom"}, by=cast.alice).account
    text = PIPELINE.replace("Engaging,2016-12-25,,", "Won,2016-12-25,2017-02-01,100.25")
    job = through(client, text, "sales_pipeline.csv")
    assert job.counts["made"]["sales"] == 2
    first, second = Sale.objects.order_by("id")
    assert [(s.total, s.sold_on, s.owner) for s in (first, second)] == [
        (4514, date(2017, 3, 11), cast.alice), (Decimal("100.25"), date(2017, 2, 1), cast.alice)]  # fmt: skip
    assert (first.opportunity.state, first.account, first.lines.get().total) == ("won", account, 4514)
    assert (first.customer.status, first.customer.since) == ("active", date(2017, 3, 11))
    assert credited() == Decimal("4614.25")
    assert "sales of won deals" in client.get(f"/imports/{job.pk}/").content.decode()
    through(client, text, "sales_pipeline.csv")
    assert Sale.objects.count() == 2
    client.post(f"/imports/{job.pk}/undo/")
    run_due_jobs()
    assert not Sale.objects.filter(deleted_at=None).exists()
    assert not Opportunity.objects.filter(deleted_at=None).exists()
    assert credited() == 0


@pytest.mark.parametrize(("become", "sales"), [("auto", 2), ("sales", 3), ("deals", 2)])
def test_what_is_sold_is_counted_once(cast, client_of, become, sales):
    """Where the other system's own orders come too, its won deals make no more of them, unless somebody says so."""
    client = client_of(cast.rita)
    through(client, SALES, "Sales_Orders.csv")
    job = upload(client, DEALS, "Potentials.csv")
    client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job) | {"all_become": become})
    run_due_jobs()
    client.post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    assert Sale.objects.count() == sales
    told = "won deals that became no sales" in client.get(f"/imports/{job.pk}/").content.decode()
    assert told == (become == "auto")


def test_a_folder_with_orders_makes_no_sales_of_deals(cast, tmp_path):
    """The orders come after the deals."""
    (tmp_path / "Potentials.csv").write_text(DEALS)
    (tmp_path / "Sales_Orders.csv").write_text(SALES)
    call_command("import_data", str(tmp_path), system="zoho", user=cast.rita.email)
    assert (Sale.objects.count(), Opportunity.objects.filter(state="won").count()) == (2, 1)


QUOTAS = """Sales Agent,Quota,Quarter
Alice Tester,"25,000.50",2026-Q4
North,90000,2026-Q4
Alice Tester,7000,2026-11
Zoe Nobody,1,2026-Q4
Alice Tester,1,soon
"""


def test_targets_come_as_a_file_and_change_by_the_next_one(cast, client_of):
    """TG-1: of people and teams, for months, quarters and years; known again by whose and when they are."""
    client = client_of(cast.bob)
    job = through(client, QUOTAS, "Quotas.csv", kind="targets")
    assert counts(job) == (3, 0, 0, 2), job.counts
    found = {target.name: target.value for target in Target.objects.all()}
    assert found == {
        "Alice Tester · Won amount · Q4 2026": Decimal("25000.50"), "North · Won amount · Q4 2026": 90000,
        "Alice Tester · Won amount · November 2026": 7000,
    }  # fmt: skip
    assert Target.objects.get(user=cast.alice, period="quarter").owner == cast.alice
    again = through(client, QUOTAS.replace("90000", "95000"), "Quotas.csv", kind="targets")
    assert (again.counts["created"], again.counts["updated"], Target.objects.count()) == (0, 1, 3)
    assert Target.objects.get(for_team=cast.north).value == 95000


ORDERS = """SALESORDERID,Subject,Potential Name,Status,Sub Total,Tax,Grand Total,Order Date,Currency
91,Chairs,Big,Delivered,900,90,990,2021-05-02,EUR
92,More chairs,Big,Delivered,10,1,11,2021-05-03,EUR
93,Nothing,Gone,Cancelled,50,5,55,2021-05-04,EUR
"""
BIG = """Potential Id,Potential Name,Stage,Amount,Created Time,Closing Date
77,Big,Closed Won,1000.50,2021-04-01,2021-04-28
78,Gone,Closed Won,60,2021-04-01,2021-04-29
79,Unordered,Closed Won,5,2021-04-01,2021-04-30
"""


def standing_sales():
    """{deal: (number or none of ours, net, day, credit, lines)} of the active sales."""
    return {
        (sale.opportunity and sale.opportunity.name, sale.name): (
            sale.net, sale.total, sale.sold_on, sum(row.amount_base for row in sale.credits.all()),
            [line.net for line in sale.lines.all()],
        ) for sale in Sale.objects.filter(status="active", deleted_at=None)
    }  # fmt: skip


@pytest.mark.parametrize("how", ["deals first", "orders first", "folder", "won here"])
def test_an_order_is_the_sale_of_its_deal(cast, client_of, tmp_path, how):
    """QS-3, QS-4: whichever came first; what is sold is what the file of orders says, and it can be taken back."""
    client = client_of(cast.rita)
    files = {"Potentials.csv": BIG, "Sales_Orders.csv": ORDERS}
    before = None
    if how == "folder":
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        call_command("import_data", str(tmp_path), system="other", user=cast.rita.email)
    elif how == "won here":
        through(client, BIG.replace("Closed Won", "Proposal"), "Potentials.csv")
        for deal in Opportunity.objects.order_by("id")[:2]:
            win_opportunity(deal, by=cast.rita)
        before = standing_sales()
        through(client, ORDERS, "Sales_Orders.csv")
    else:
        for name in files if how == "deals first" else reversed(files):
            before = standing_sales() if name == "Sales_Orders.csv" and how == "deals first" else None
            through(client, files[name], name)
    nine, one = Decimal(900), Decimal(10)
    assert standing_sales() == {
        ("Big", "Chairs"): (nine, 990, date(2021, 5, 2), nine, [nine]),
        (None, "More chairs"): (one, 11, date(2021, 5, 3), one, [one]),
    }
    assert credited() == 910
    days = Credit.objects.values_list("day").annotate(sum=Sum("amount_base")).filter(sum__gt=0)
    assert dict(days) == {date(2021, 5, 2): 900, date(2021, 5, 3): 10}
    assert Sale.objects.get(name="Nothing").status == "cancelled"
    changed = list(Sale.objects.order_by("pk").values_list("pk", "version"))
    job = through(client, ORDERS, "Sales_Orders.csv")
    assert (counts(job), list(Sale.objects.order_by("pk").values_list("pk", "version"))) == ((0, 0, 3, 0), changed)
    if before is not None:
        first = Job.objects.filter(options__importer="sales").earliest("pk")
        client.post(f"/imports/{first.pk}/undo/")
        run_due_jobs()
        assert standing_sales() == before


def test_a_deal_is_won_by_its_status_and_what_is_gone_there_stays_away(cast, client_of):
    """Of several ids the first is linked; the status beside the stage decides, and the stage was the one before."""
    client = client_of(cast.alice)
    through(client, "Id,Name\n001AA0000012345AAA,Isdom\n", "Account.csv", system="other")
    through(client, "Id,LastName\n003AA0000012345AAA,Fox\n", "Contact.csv", system="other")
    job = through(client, STATUSES, "deals.csv", system="other")
    assert counts(job) == (2, 0, 1, 0)
    won, still = Opportunity.objects.order_by("pk")
    assert (won.state, won.stage.name, won.close_date, won.amount) == (
        "won",
        "Won",
        date(2023, 6, 7),
        Decimal("1200.50"),
    )
    assert won.account.name == "Isdom"
    assert (still.state, still.stage.name) == ("open", "Proposal")
    assert counts(through(client, TASKS, "Task.csv", system="other")) == (1, 0, 0, 0)
    task = Activity.objects.get(subject="Call them")
    assert (task.contact.last_name, task.account.name) == ("Fox", "Isdom")


def test_a_lead_names_the_deal_that_it_became_before_or_after_it_comes(cast, client_of):
    client = client_of(cast.alice)
    leads = (
        "Id,LastName,Company,Status,IsConverted,ConvertedOpportunityId\n{0},Fox {0},Acme,Closed - Converted,true,7{0}\n"
    )
    deals = "Id,Name,StageName,Amount,CloseDate\n7{0},Deal {0},Proposal,5,2023-06-07\n"
    through(client, leads.format(1), "Lead.csv", system="sf")
    through(client, deals.format(1), "Opportunity.csv", system="sf")
    through(client, deals.format(2), "Opportunity.csv", system="sf")
    assert counts(through(client, leads.format(2), "Lead.csv", system="sf")) == (1, 0, 0, 0)
    found = Lead.objects.order_by("pk").values_list("last_name", "converted_opportunity__name")
    assert list(found) == [("Fox 1", "Deal 1"), ("Fox 2", "Deal 2")]
