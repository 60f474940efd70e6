"""What the rows of other systems point at, in the ways in which these write it (PL-1)."""

import pytest
from django.core.management import call_command

from crm_site.core.models import Job, PendingLink
from customers.models import Account, Activity, Contact
from customers.operations.relating import related_of
from sales.models import Lead, Opportunity
from tests.core.test_import_wizard import counts
from tests.sales.test_import_deals import through

pytestmark = pytest.mark.django_db
ACCOUNTS = "Record Id,Account Name\nz_1,Acme\nz_2,Beta\n"
LEADS = """Record Id,Last Name,Email,Phone,Mobile,Street,City,Zip Code,Annual Revenue,Is Converted,Converted Deal.id
z_3,Hall,hall@acme.test,+1 650 253 0000,+1 650 253 0001,1 High Road,Leeds,LS1 1AA,"$1,500,000",true,z_4
z_7,Hall,hall@acme.test,,,2 High Road,Leeds,LS1 1AA,,false,
"""
DEALS = "Record Id,Deal Name,Stage,Closing Date,Amount\nz_4,Large one,Closed Won,2023-05-01,100\n"
TASKS = """Record Id,Subject,Due Date,Related To.id,Related To
t_1,Of an account,2023-05-01,z_2,Beta
t_2,Of a deal,2023-05-01,z_4,Large one
t_3,Of a lead,2023-05-01,z_3,Hall
t_4,Of something else,2023-05-01,z_9,Unknown thing
t_5,By name,2023-05-01,,Acme
"""


def test_what_is_related_to_may_be_of_any_kind(cast, tmp_path):
    """An id finds its record among all kinds; no account is made of the name of something else."""
    for name, text in {"Accounts": ACCOUNTS, "Leads": LEADS, "Deals": DEALS, "Tasks": TASKS}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    call_command("import_data", str(tmp_path), system="zoho", user=cast.rita.email)
    deal, lead = Opportunity.objects.get(), Lead.objects.earliest("pk")
    found = {a.subject: a for a in Activity.objects.select_related("account")}
    assert len(found) == 5
    assert found["Of an account"].account.name == "Beta"
    assert found["By name"].account.name == "Acme"
    for subject, record in (("Of a deal", deal), ("Of a lead", lead)):
        about = found[subject]
        assert (about.regarding_type.model, about.regarding_id) == (record._meta.model_name, record.pk)
    assert found["Of something else"].account is None
    assert set(PendingLink.objects.values_list("external_id", flat=True)) == {"z_9"}
    assert Account.objects.count() == 2
    assert (deal.lead, lead.converted_opportunity) == (lead, deal)
    check_person(lead)


def test_ac_1_further_records_come_by_their_ids_and_names(cast, tmp_path):
    """AC-1: a column of ids there or of names; what means none or several is told, and a second file changes them."""
    tasks = "Record Id,Subject,Due Date,Related To.id,Also regarding\nt_1,Both,2023-05-01,z_4,"
    files = {"Accounts": ACCOUNTS, "Leads": LEADS, "Deals": DEALS, "Tasks": f"{tasks}z_1; beta;z_3;Hall;Nobody\n"}
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    call_command("import_data", str(tmp_path), system="zoho", user=cast.rita.email)
    made = Activity.objects.get()
    accounts = [("customers.account", account.pk) for account in Account.objects.order_by("name")]
    lead = ("sales.lead", Lead.objects.earliest("pk").pk)
    assert (made.regarding[0][0], set(related_of([made])[made.pk])) == ("sales.opportunity", {*accounts, lead})
    warnings = Job.objects.get(options__importer="activities").counts["warnings"]
    assert sum(n for text, n in warnings.items() if "No one record" in text) == 2
    (tmp_path / "Tasks.csv").write_text(f"{tasks}z_2\n")
    call_command("import_data", str(tmp_path / "Tasks.csv"), system="zoho", user=cast.rita.email)
    assert related_of([made])[made.pk] == accounts[1:]


def check_person(lead):
    """The address and the second number of a lead are its new person's, what it says of the company its message."""
    person = Contact.objects.get()
    assert (lead.phone, lead.description) == ("+1 650 253 0000", "Annual revenue: $1,500,000")
    assert set(person.mechanisms.values_list("type", flat=True)) == {"email", "phone", "mobile", "postal"}
    assert person.mechanisms.get(type="postal").street == "1 High Road"
    warnings = Job.objects.get(options__importer="leads").counts["warnings"]
    assert any("stay as they are" in text for text in warnings)


def test_u37_a_check_says_what_the_run_does_with_leads_that_are_here(cast, tmp_path):
    """U37: what is written in another way is the same; an address that the person does not have is told, not dropped."""
    head = "Record Id,Last Name,Email,Phone,Mobile,Street,City,Zip Code,Country\n"
    first = head + (
        "z_1,Hall,hall@acme.test,+49 30 901820,,1 High Road,Leeds,LS1 1AA,United Kingdom\n"
        "z_2,Voss,voss@acme.test,,,,,,Germany\nz_3,Lund,lund@acme.test,,,,,,\n"
    )
    again = head + (
        "z_1,Hall,HALL@acme.test,+49 30 901820,,1 High Road,Leeds,LS1 1AA,GB\n"
        "z_2,Voss,voss@acme.test,,,5 Low Road,York,,DE\nz_3,Lunt,lund@acme.test,,,9 Hill,York,,\n"
    )
    (tmp_path / "Leads.csv").write_text(first)
    call_command("import_data", str(tmp_path / "Leads.csv"), system="zoho", user=cast.rita.email)
    (tmp_path / "Leads.csv").write_text(again)
    for dry_run in (True, False):
        call_command("import_data", str(tmp_path / "Leads.csv"), system="zoho", user=cast.rita.email, dry_run=dry_run)
        job = Job.objects.latest("pk")
        assert counts(job) == (0, 1, 2, 0), dry_run
        said = [*job.counts["reasons"]["skipped"], *job.counts["warnings"]]
        assert sum("another address or number" in text for text in said) == 2
        assert Lead.objects.filter(last_name="Lund").exists() is dry_run
    assert not Contact.objects.get(last_name="Voss").mechanisms.filter(street="5 Low Road").exists()


def test_ids_of_15_and_18_characters_are_one(cast, client_of):
    """The id of Salesforce is known in both its forms, in whichever column it stands."""
    client = client_of(cast.rita)
    through(client, "Name,AccountId\nAcme,001A0000006Vm9rIAC\n", "Account.csv", system="sf")
    people = "LastName,AccountId,Email,ContactId\nHall,001A0000006Vm9r,hall@acme.test,003A0000006Vm9r\n"
    through(client, people, "Contact.csv", system="sf")
    assert Contact.objects.get().account.name == "Acme"
    again = people.replace("003A0000006Vm9r", "003A0000006Vm9rIAC").replace("Hall", "Hull")
    assert counts(through(client, again, "Contact.csv", system="sf")) == (0, 1, 0, 0)
