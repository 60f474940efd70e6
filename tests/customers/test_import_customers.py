"""Files of customers, and customers that files of accounts bring (CU-1, PL-1)."""

from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command

from crm_site.core.jobs import run_due_jobs
from crm_site.core.models import Job
from customers.consent import may_contact
from customers.models import Account, Consent, Contact, Customer, Purpose
from customers.operations.consents import give_consent, refuse_consent
from tests.core.test_import_wizard import counts, fields_of, upload
from tests.factories import AccountFactory, ContactFactory

pytestmark = pytest.mark.django_db
TEXT = """Customer Id,Company,First Name,Last Name,Account Name,Status,Customer Since,Owner,E-mail
1,Acme,,,,active,2019-03-01,Alice Tester,office@acme.test
2,,Ann,Lee,,prospect,,Alice Tester,ann@lee.test
3,Beta,Bo,Fox,,former,2010-01-02,,bo@beta.test
4,,,,Known Ltd,active,2020-05-06,,
5,,,,,active,,,
"""


def through(client, text, *, chosen=(), **data):
    """Import a file of customers through the wizard, with what is `chosen` on its page; the finished job."""
    job = upload(client, text, "Customers.csv", **({"kind": "customers"} | data))
    client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job) | dict(chosen))
    run_due_jobs()
    client.post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    job.refresh_from_db()
    assert job.state == Job.DONE, job.error
    return job


def test_customers_come_with_who_stands_behind_them(cast, client_of):
    """Companies, people and known accounts become customers with status, since and owner; nothing said is refused."""
    known, client = AccountFactory(name="Known Ltd", owner=cast.alice), client_of(cast.alice)
    job = through(client, TEXT)
    assert counts(job) == (4, 0, 0, 1), job.counts["reasons"]
    found = {c.name: c for c in Customer.objects.all()}
    assert {n: (c.kind, c.status, c.since) for n, c in found.items()} == {
        "Acme": ("business", "active", date(2019, 3, 1)), "Ann Lee": ("individual", "prospect", None),
        "Beta": ("business", "former", date(2010, 1, 2)), "Known Ltd": ("business", "active", date(2020, 5, 6)),
    }  # fmt: skip
    assert found["Known Ltd"].account == known
    assert (found["Beta"].contact.last_name, found["Acme"].email) == ("Fox", "office@acme.test")
    assert counts(through(client, TEXT)) == (0, 0, 4, 1)
    assert counts(through(client, TEXT.replace("prospect", "active"))) == (0, 1, 3, 1)
    assert Customer.objects.get(name="Ann Lee").status_changes.count() == 2


def test_a_file_of_customers_is_taken_back_whole(cast, client_of):
    """What was made for the customers goes into the bin with them; accounts that were here stay."""
    known, client = AccountFactory(name="Known Ltd", owner=cast.alice), client_of(cast.alice)
    job = through(client, TEXT)
    client.post(f"/imports/{job.pk}/undo/")
    run_due_jobs()
    assert not Customer.objects.filter(deleted_at=None).exists()
    assert not Contact.objects.filter(deleted_at=None).exists()
    assert list(Account.objects.filter(deleted_at=None)) == [known]


def test_the_command_takes_customers(cast, tmp_path):
    """import_data --kind customers."""
    path = tmp_path / "Customers.csv"
    path.write_text(TEXT.replace("5,,,,,active,,,\n", ""))
    call_command("import_data", str(path), kind="customers", user=cast.alice.email)
    assert Customer.objects.count() == 4


def test_customers_of_imported_accounts_are_as_old_as_these(cast, client_of):
    """A customer since the account was made there, not since today."""
    client = client_of(cast.alice)
    text = "Account Name,Account Type,Created Time\nFirm,Customer,2018-04-05 10:00:00\n"
    job = upload(client, text, "Accounts.csv")
    client.post(f"/imports/{job.pk}/mapping/", fields_of(client, job))
    run_due_jobs()
    client.post(f"/imports/{job.pk}/run/")
    run_due_jobs()
    assert Customer.objects.get().since == date(2018, 4, 5)


def test_cg5_consents_come_with_source_purpose_and_basis(cast, client_of):
    """CG-5: a yes without them stays outside, a no needs them not; the import is taken back by entries, not by erasing."""
    people = {name: ContactFactory(owner=cast.alice, email=f"{name}@x.test") for name in ("ann", "bob", "cat")}
    refuse_consent(people["cat"], Purpose.objects.get(code="marketing_email"), by=cast.alice, source="phone")
    text = (
        "Email,Purpose,Status,Source,Legal basis,Optin time,Optin IP\n"
        "ann@x.test,newsletter,yes,web,consent,2026-01-05 10:00,10.0.0.1\n"
        "ann@x.test,profiling,yes,,consent,,\nbob@x.test,marketing_phone,no,,,,nowhere\n"
        "cat@x.test,newsletter,yes,web,consent,,\nnobody@x.test,newsletter,yes,web,consent,,\n"
    )
    client = client_of(cast.alice)
    job = through(client, text, kind="consents")
    assert counts(job) == (2, 0, 0, 3), job.counts["reasons"]
    reasons = [may_contact([person], "marketing_email")[person.pk].reason for person in people.values()]
    assert reasons == ["granted", "missing", "denied"]
    assert Consent.objects.get(contact=people["ann"]).ip == "10.0.0.1"
    client.post(f"/imports/{job.pk}/undo/")
    run_due_jobs()
    assert may_contact([people["ann"]], "marketing_email")[people["ann"].pk].reason == "missing"
    assert Consent.objects.filter(contact=people["ann"]).count() == 2


OBJECTING = """First Name,Last Name,Email,Email Opt Out,Do Not Call,Unsubscribed Time
Ann,Lee,ann@x.test,true,false,2026-01-05 10:00
Bob,Fox,bob@x.test,FALSE,no,
Cat,Ray,cat@x.test,,x,
"""
REASONS = {"marketing_email": "missing", "marketing_phone": "missing"}


def reasons(email):
    """{purpose: why somebody may be written to or called, or may not}."""
    person = Contact.objects.filter(email=email).latest("pk")
    return {code: may_contact([person], code)[person.pk].reason for code in REASONS}


@pytest.mark.parametrize(("kind", "now", "then"), [("contacts", "withdrawn", "granted"), ("leads", "denied", "gone")])
def test_cg1_who_opted_out_elsewhere_is_not_written_to(cast, client_of, kind, now, then):
    """A no comes in as an objection of its day, of people who are here, too; no yes follows from a no that is missing."""
    ann = ContactFactory(owner=cast.alice, email="ann@x.test", first_name="Ann", last_name="Lee")
    purpose = Purpose.objects.get(code="marketing_email")
    give_consent(ann, purpose, by=cast.alice, source="phone", effective_from=datetime(2025, 1, 1, tzinfo=UTC))
    client = client_of(cast.alice)
    job = through(client, OBJECTING, kind=kind, chosen={"duplicates": "update"})
    assert sum(counts(job)[:2]) == 3, job.counts
    assert reasons("ann@x.test") == REASONS | {"marketing_email": now}
    assert reasons("bob@x.test") == REASONS
    assert reasons("cat@x.test") == REASONS | {"marketing_phone": "denied"}
    entry = Consent.objects.get(purpose=purpose, status=now)
    assert (entry.source, entry.effective_from.date(), entry.by) == (Consent.IMPORT, date(2026, 1, 5), cast.alice)
    assert not Contact.objects.filter(do_not_contact=True).exists()
    client.post(f"/imports/{job.pk}/undo/")
    run_due_jobs()
    assert reasons("ann@x.test")["marketing_email"] == then


def test_the_currency_of_an_account_is_read_as_people_write_it(cast, client_of):
    """A code in small letters or a sign; a word that is none is told, and the base currency stands in."""
    text = "Firma;Umsatz;Währung\nA;1.234,50;usd\nB;99;£\nC;5;TAL\n"
    job = through(client_of(cast.alice), text, kind="accounts")
    assert dict(Account.objects.values_list("name", "currency")) == {"A": "USD", "B": "GBP", "C": "EUR"}
    assert [row.text for row in job.problems.all()] == ["“TAL” is no currency that we know."]


@pytest.mark.parametrize(
    ("kind", "head", "name"), [("contacts", "First Name,Last Name", "Ann,Lee"), ("accounts", "Account Name", "Acme")]
)
def test_u37_a_new_street_is_an_update_that_can_be_taken_back(cast, client_of, kind, head, name):
    """U37: also where nothing else of the row is new."""
    head = f"Record Id,{head},Street,City,Zip Code\n"
    client = client_of(cast.rita)
    through(client, f"{head}z_1,{name},1 High Road,Leeds,LS1\n", kind=kind)
    party = (Contact if kind == "contacts" else Account).objects.get()
    streets = party.mechanisms.filter(type="postal").values_list("street", "city")
    job = through(client, f"{head}z_1,{name},2 Low Road,Leeds,LS1\n", kind=kind)
    assert (counts(job), list(streets)) == ((0, 1, 0, 0), [("2 Low Road", "Leeds")])
    client.post(f"/imports/{job.pk}/undo/")
    run_due_jobs()
    assert list(streets.all()) == [("1 High Road", "Leeds")]
