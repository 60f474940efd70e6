"""The proposed mapping is what a person would have chosen, and says why (PL-1, U37)."""

import json
import os
import time
from collections import namedtuple
from pathlib import Path

import pytest

from crm_site.core.imports.guessing import guess_kind, guess_mapping, normalise
from crm_site.core.imports.reading import open_table

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
Target = namedtuple("Target", "name label aliases type")
TYPES = {
    "email": "email", "email_secondary": "email", "mobile": "phone", "phone": "phone", "birthday": "date",
    "tags": "tags", "owner": "user", "website": "url", "amount": "money", "due_date": "date", "employees": "number",
}  # fmt: skip


def targets_of(names):
    return [
        Target(name, name.replace(".", " ").replace("_", " ").capitalize(), (), TYPES.get(name.split(".")[-1], "text"))
        for name in names.split()
    ]


CONTACT = targets_of(
    "external_id first_name last_name full_name salutation email email_secondary mobile phone job_title department "
    "account.name address.street address.city address.region address.postal_code address.country lead_source owner "
    "created_at tags notes birthday website consent.given_at consent.evidence_ip consent.confirmed_at"
)
MANY = targets_of(
    "contact.first_name contact.last_name contact.full_name contact.phone contact.email contact.email_secondary "
    "account.name account.address opportunity.name opportunity.amount activity.subject activity.due_date note.body"
)
KINDS = {
    "contacts": CONTACT,
    "accounts": targets_of(
        "external_id name account_type industry website phone owner parent employees annual_revenue"
    ),
    "activities": targets_of(
        "external_id subject activity_type starts_at ends_at due_date duration owner contact account"
    ),
    "users": targets_of("external_id username first_name last_name email role team manager is_active"),
}


def mapped(headers, samples=(), targets=CONTACT):
    return {header: guess.target for header, guess in guess_mapping(headers, samples, targets).items() if guess.target}


def test_names_are_normalised():
    assert normalise("E-mail 1 - Value") == normalise("eMail1Value*") == "e mail 1 value"
    assert normalise("  Prénom ") == "prenom"


def test_each_target_is_used_once_and_the_surest_claim_wins():
    assert mapped(["Title", "Job Title", "E-mail", "Email"]) == {"Job Title": "job_title", "Email": "email"}


def test_values_refuse_and_propose():
    rows = [["SMTP", "ana@example.com", "+49 30 901820"]] * 5
    assert mapped(["Email", "Kontakt", "Nummer 7"], rows) == {"Kontakt": "email", "Nummer 7": "mobile"}


def test_long_cells_cost_nothing():
    rows = [["1," * 50_000, "a." * 50_000, "1 " * 50_000]] * 100
    started = time.perf_counter()
    guess_mapping(["Employees", "Website", "Phone"], rows, KINDS["accounts"])
    assert time.perf_counter() - started < 1


def test_misspelt_and_padded_names():
    guesses = guess_mapping(["Emial address", "Primary Work Phone"], [], CONTACT)
    assert [guess.target for guess in guesses.values()] == ["email", "phone"]
    assert all(60 <= guess.confidence < 90 and guess.reason for guess in guesses.values())


def test_the_name_of_another_object_is_not_taken():
    assert mapped(["Organization - Name*", "Person - Name*"]) == {
        "Organization - Name*": "account.name",
        "Person - Name*": "full_name",
    }


def test_kind_is_told_by_name_and_headers():
    assert guess_kind(["First Name", "Last Name", "Email", "Phone"], KINDS) == "contacts"
    assert guess_kind(["Account Name", "Industry", "Website"], KINDS) == "accounts"
    assert guess_kind(["TASKID", "Subject", "Call Type"], KINDS) == "activities"
    assert guess_kind(["First Name", "Last Name", "Email"], KINDS, "Users 2024.csv") == "users"
    assert guess_kind(["QUOTEID", "Subject", "Owner"], KINDS) is None
    assert guess_kind([], KINDS) is None


def test_names_of_other_programs_and_languages():
    german = ["Vorname", "Nachname", "Firma", "Postleitzahl", "Geburtsdatum", "Betreuer", "Angelegt am", "Notizen"]
    wanted = [
        "first_name",
        "last_name",
        "account.name",
        "address.postal_code",
        "birthday",
        "owner",
        "created_at",
        "notes",
    ]
    assert list(mapped(german).values()) == wanted
    dynamics = mapped(["(Do Not Modify) Contact", "Full Name", "Address 1: Country/Region"])
    assert list(dynamics.values()) == ["external_id", "full_name", "address.country"]
    assert mapped(["Contact Number", "Id"])["Id"] == "external_id"
    assert guess_kind(["Firma", "Branche", "Mitarbeiter"], KINDS, "Firmen.csv") == "accounts"


def test_days_are_no_telephone_numbers():
    assert mapped(["Angelegt"], [["06.05.2023"]] * 5) == {}
    assert mapped(["Nummer 7"], [["0351 901 8203"]] * 5) == {"Nummer 7": "mobile"}


@pytest.mark.real_data
def test_mapping_truth():
    found = sorted(DATA.glob("import/*truth*.json"))
    if not found:
        pytest.skip("no data folder")
    for name, truth in json.loads(found[0].read_text()).items():
        table = open_table(found[0].with_name(name))
        prefixed = any(target.startswith("contact.") for target in truth["header_to_field"].values())
        result = mapped(table.headers, table.sample(), MANY if prefixed else CONTACT)
        for header, target in truth["header_to_field"].items():
            assert result.get(header) == target, (name, header)
        for header in truth["left_unmapped"]:
            assert header not in result, (name, header)


@pytest.mark.real_data
def test_kinds_of_real_exports():
    files = sorted(DATA.glob("crm/*/*.csv"))
    if not files:
        pytest.skip("no data folder")
    words = {"accounts": "accounts", "contacts": "contacts", "tasks": "activities", "calls": "activities",
             "events": "activities", "users": "users"}  # fmt: skip
    for path in files:
        expected = words.get(path.stem.lower())
        if expected:
            assert guess_kind(open_table(path).headers, KINDS, path.name) == expected, path.name
