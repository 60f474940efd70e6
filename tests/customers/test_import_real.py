"""Whole exports of other systems come in as they are (PL-1): counts, links, dates, and nothing twice."""

import csv
import json
import os
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db.models import F

from crm_site.core.imports.propose import detect, guesses_of
from crm_site.core.imports.reading import open_table
from crm_site.core.imports.registry import IMPORTERS
from crm_site.core.models import ExternalId, Job, PendingLink, User
from customers.models import Account, Activity, Affiliation, Contact, Customer

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_data]
FIGURES = ("created", "updated", "skipped", "failed")


def folder(pattern):
    """The folder of the first file that the pattern finds."""
    found = sorted(DATA.glob(pattern))
    if not found:
        pytest.skip("no data folder")
    return found[0].parent


def rows_of(path):
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def bring(path, system, user, **options):
    """Import a file or folder and return {file name: counts} of its jobs."""
    before = Job.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    call_command("import_data", str(path), system=system, user=user.email, **options)
    jobs = Job.objects.filter(pk__gt=before)
    return {job.options["file_name"]: tuple(job.counts[name] for name in FIGURES) for job in jobs}


def ids(model, system):
    """{id there: our id}."""
    rows = ExternalId.objects.filter(system=system, content_type__model=model._meta.model_name)
    return dict(rows.values_list("external_id", "object_id"))


@pytest.mark.slow
def test_a_whole_company_comes_in_once(cast):
    data = folder("crm/*/Calls.csv")
    names = ("Users", "Accounts", "Contacts", "Calls", "Events", "Tasks")
    files = {name: rows_of(data / f"{name}.csv") for name in names}
    counts = {}
    for name in names:
        counts |= bring(data / f"{name}.csv", "zoho", cast.rita)
    assert counts == {f"{name}.csv": (len(files[name]), 0, 0, 0) for name in names}
    accounts, contacts = ids(Account, "zoho"), ids(Contact, "zoho")
    at = dict(Affiliation.objects.filter(is_main=True).values_list("contact_id", "account_id"))
    for row in files["Contacts"]:
        assert at.get(contacts[row["CONTACTID"]]) == accounts.get(row["Account Id"])
    owners = dict(Account.objects.values_list("pk", "owner_id"))
    users = ids(User, "zoho")
    assert all(owners[accounts[row["ACCOUNTID"]]] == users[row["Account Owner Id"]] for row in files["Accounts"])
    assert Customer.objects.count() == sum(row["Account Type"] == "Customer" for row in files["Accounts"])
    kinds = {kind: Activity.objects.filter(kind=kind).count() for kind in ("call", "meeting", "task")}
    assert kinds == {"call": len(files["Calls"]), "meeting": len(files["Events"]), "task": len(files["Tasks"])}
    check_links_and_values(files, accounts, contacts)
    again = {}
    for name in names:
        again |= bring(data / f"{name}.csv", "zoho", cast.rita)
    assert again == {f"{name}.csv": (0, 0, len(files[name]), 0) for name in names}
    assert Activity.objects.count() == sum(kinds.values())


def check_links_and_values(files, accounts, contacts):
    """Calls are at their contacts with their minutes; what is not here yet waits; dates of all formats are read."""
    calls = ids(Activity, "zoho")
    made = {a.pk: a for a in Activity.objects.filter(kind="call")}
    for row in files["Calls"]:
        call = made[calls[f"call:{row['TASKID']}"]]
        assert call.contact_id == contacts.get(row["CONTACTID"])
        assert call.duration == int(row["Call Duration (in minutes)"])
        assert call.direction == {"Inbound": "in", "Outbound": "out"}[row["Call Type"]]
        if row["ACCOUNTID"] in accounts:
            assert call.account_id == accounts[row["ACCOUNTID"]]
    assert Activity.objects.filter(kind="meeting", ends_at__gt=F("at")).count() == len(files["Events"])
    done = sum(row["Status"] == "Completed" for row in files["Tasks"])
    assert Activity.objects.filter(kind="task", status="done").count() == done
    waiting = PendingLink.objects.filter(system="zoho")
    assert waiting.filter(wanted="sales.opportunity").exists()
    assert waiting.filter(wanted="customers.account").count() == sum(
        bool(row[column]) and row[column] not in accounts
        for name, column in (("Calls", "ACCOUNTID"), ("Events", "ACCOUNTID"), ("Contacts", "Account Id"))
        for row in files[name]
    )
    assert not Account.objects.filter(name__regex=r"^\d+$").exists()


def test_links_by_name_and_by_address(cast):
    data = folder("crm/*/Customer_Interactions.csv")
    counts = {}
    for name in ("Accounts", "Contacts", "Customer_Interactions"):
        counts |= bring(data / f"{name}.csv", "sf", cast.alice)
    size = {name: len(rows_of(data / name)) for name in counts}
    assert counts == {name: (size[name], 0, 0, 0) for name in counts}
    for row in rows_of(data / "Contacts.csv"):
        contact = Contact.objects.get(email=row["Email"].lower())
        assert (contact.account.name, contact.job_title) == (row["Account Name"], row["Title"])
    assert set(Account.objects.values_list("country", flat=True)) == {"GB"}
    for row in rows_of(data / "Customer_Interactions.csv"):
        found = Activity.objects.filter(contact__email=row["Contact Email"].lower(), body=row["Notes"])
        assert [each.kind for each in found] == [row["Interaction Type"].lower()]
    again = {}
    for name in counts:
        again |= bring(data / name, "sf", cast.alice)
    assert again == {name: (0, 0, size[name], 0) for name in counts}


def test_large_companies_keep_their_names(cast):
    found = sorted(DATA.glob("companies/*.csv"))
    if not found:
        pytest.skip("no data folder")
    rows = rows_of(found[0])
    counts = bring(found[0], "", cast.alice, kind="accounts")
    assert list(counts.values()) == [(len(rows), 0, 0, 0)]
    assert set(Account.objects.values_list("name", flat=True)) == {row["Security"].strip() for row in rows}
    again = bring(found[0], "", cast.alice, kind="accounts")
    assert list(again.values()) == [(0, 0, len(rows), 0)]


def test_exports_of_address_books_come_in(cast):
    found = sorted(DATA.glob("import/*contacts*.csv")) + sorted(DATA.glob("import/*audience*.csv"))
    if not found:
        pytest.skip("no data folder")
    for path in found:
        counts = bring(path, path.stem, cast.alice, kind="contacts")
        assert next(iter(counts.values()))[0] == len(open_table(path).sample(500)), path.name
    person = Contact.objects.filter(email="beckittucker@dayrep.com", account__isnull=False).first()
    assert person.first_name == "Becki"
    assert Account.objects.filter(name="WWW Realty").count() == 1


# What the truth calls differently, and what cannot be imported yet.
NAMES = {"lead_source": "source", "account.name": "account", "notes": "description"}
NOT_YET = ("consent.", "opportunity.", "activity.", "note.", "account.address")


def test_mapping_truth_with_the_real_targets(cast):
    found = sorted(DATA.glob("import/*truth*.json"))
    if not found:
        pytest.skip("no data folder")
    importer = IMPORTERS["contacts"]
    for name, truth in json.loads(found[0].read_text()).items():
        table = open_table(found[0].with_name(name))
        guesses = guesses_of(importer, table.headers, table.sample())
        for header, target in truth["header_to_field"].items():
            if not target.startswith(NOT_YET):
                plain = target.removeprefix("contact.")
                assert guesses[header].target == NAMES.get(plain, plain), (name, header)
        for header in truth["left_unmapped"]:
            # The truth knows no targets for ids of links and for moments of change; the importer does.
            assert guesses[header].target in ("", "owner.id", "account.id", "changed_at"), (name, header)


def test_kinds_are_told_with_the_real_targets(cast):
    words = {"accounts": "accounts", "contacts": "contacts", "tasks": "activities", "calls": "activities",
             "events": "activities", "users": "users"}  # fmt: skip
    importers = list(IMPORTERS.values())
    for path in sorted(DATA.glob("crm/*/*.csv")):
        expected = words.get(path.stem.lower())
        if expected:
            assert detect(open_table(path).headers, path.name, importers).name == expected, path.name


def test_broken_tables_end_with_a_sentence_or_a_full_count(cast):
    files = [path for path in sorted(DATA.glob("csv/*/*")) if path.suffix in (".csv", ".xlsx", ".xls")]
    for path in files:
        try:
            table = open_table(path)
        except ValidationError:
            continue
        mapping = json.dumps({table.headers[0]: "name"})
        counts = bring(path, path.name, cast.alice, kind="accounts", mapping=mapping)
        assert sum(next(iter(counts.values()))) == table.count_rows(), path.name
