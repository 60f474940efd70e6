"""Whole exports of other systems come in as they are (PL-1): counts, links, dates, and nothing twice."""

import csv
import json
import os
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from crm_site.core.imports.propose import detect, guesses_of
from crm_site.core.imports.reading import open_table
from crm_site.core.imports.registry import IMPORTERS
from crm_site.core.models import ExternalId, Job
from customers.models import Account, Activity, Contact

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
pytestmark = [pytest.mark.django_db, pytest.mark.real_data]
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
    assert {len(code) for code in Account.objects.values_list("country", flat=True)} == {2}
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
        table = open_table(path)
        rows = table.sample(500)
        counts = bring(path, path.stem, cast.alice, kind="contacts")
        assert next(iter(counts.values()))[0] == len(rows), path.name
        guesses = guesses_of(IMPORTERS["contacts"], table.headers, table.sample())
        place = {guess.target: n for n, guess in enumerate(guesses[header] for header in table.headers)}
        for cells in (row.cells for row in rows[:20] if row.cells[place["email"]]):
            people = Contact.objects.filter(email=cells[place["email"]].lower())
            assert cells[place["last_name"]] in set(people.values_list("last_name", flat=True)), path.name
            if name := "account" in place and cells[place["account"]]:
                assert people.filter(account__name=name).exists(), path.name
    assert Account.objects.count() == Account.objects.values("name").distinct().count()


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
            # The truth knows no targets for ids of links, moments of change and what is gone; the importer does.
            assert guesses[header].target in ("", "owner.id", "account.id", "changed_at", "deleted_there"), (
                name,
                header,
            )


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
