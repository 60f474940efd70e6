"""Ways to reach people, and the columns that repeat the primary ones."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm_site.core.operations import Refused
from customers.models import Account, Affiliation, Contact, ContactMechanism, Customer
from customers.operations.accounts import create_account
from customers.operations.contacts import create_contact, create_contacts, update_contact
from customers.operations.customers import create_customer
from customers.operations.mechanisms import (
    add_mechanism,
    end_mechanism,
    remove_mechanism,
    set_primary,
    update_mechanism,
)
from customers.operations.reach import drifted, normalise

pytestmark = pytest.mark.django_db
ANN = {"first_name": "Ann", "last_name": "Ödegård", "email": "Ann <Ann@Example.ORG>", "phone": "030 901820",
       "city": "Berlin", "street": "Ring 1", "postal_code": "10115", "country": "Germany"}  # fmt: skip


def test_cu2_values_are_normalised_and_the_unreadable_is_kept(cast):
    ann = create_contact(ANN | {"mobile": "ring me"}, by=cast.alice)
    ways = {way.type: way for way in ann.mechanisms.all()}
    assert ways["email"].normalised == "ann@example.org"
    assert (ways["phone"].value, ways["phone"].normalised, ways["phone"].status) == ("030 901820", "+4930901820", "ok")
    assert (ways["mobile"].value, ways["mobile"].status) == ("ring me", "invalid")
    assert (ways["postal"].country, ways["postal"].value) == ("DE", "Ring 1, 10115 Berlin, DE")
    assert (ann.email, ann.phone, ann.city, ann.country) == ("ann@example.org", "+4930901820", "Berlin", "DE")


@pytest.mark.parametrize(
    ("kind", "typed", "country", "expected"),
    [
        ("phone", "12", "DE", ("12", "invalid")),
        ("phone", "+1 650 253 0000", "", ("+16502530000", "ok")),
        ("email", "not an address", "", ("not an address", "invalid")),
        ("web", "https://www.Example.org/", "", ("example.org", "ok")),
    ],
)
def test_cu2_normalised(kind, typed, country, expected):
    assert normalise(kind, typed, country) == expected


def test_cu2_one_primary_a_type_is_a_rule_of_the_database(cast):
    ann = create_contact(ANN, by=cast.alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactMechanism.objects.create(contact=ann, type="email", value="b@x.org", is_primary=True)


def test_the_columns_follow_every_operation(cast):
    account = create_account({"name": "Works", "phone": "030 901821", "country": "DE"}, by=cast.alice)
    ann = create_contact(ANN | {"account": account}, by=cast.alice)
    firm = create_customer({"account": account, "contact": ann}, by=cast.alice)
    person = create_customer({"kind": "individual", "contact": ann}, by=cast.alice)
    assert (firm.phone, firm.email, firm.city) == ("+4930901821", "ann@example.org", "Berlin")
    second = add_mechanism(ann, {"type": "email", "value": "second@x.org"}, by=cast.alice)
    assert not second.is_primary
    set_primary(second, by=cast.alice)
    person.refresh_from_db()
    firm.refresh_from_db()
    assert person.email == firm.email == Contact.objects.get(pk=ann.pk).email == "second@x.org"
    update_mechanism(second, {"value": "third@x.org"}, by=cast.alice)
    assert Customer.objects.get(pk=person.pk).email == "third@x.org"
    end_mechanism(second, by=cast.alice)
    assert Contact.objects.get(pk=ann.pk).email == "ann@example.org"
    remove_mechanism(ann.mechanisms.get(type="phone"), by=cast.alice)
    assert Contact.objects.get(pk=ann.pk).phone == ""
    update_contact(ann, {"mobile": "0171 1234567", "city": "Köln"}, by=cast.alice)
    ann.refresh_from_db()
    assert (ann.phone, ann.city, ann.country) == ("+491711234567", "Köln", "DE")
    update_contact(ann, {"email": ""}, by=cast.alice)
    assert Contact.objects.get(pk=ann.pk).email == ""
    assert drifted() == {"customers_contact": 0, "customers_account": 0, "customers_customer": 0}


def test_drift_is_seen(cast):
    ann = create_contact(ANN, by=cast.alice)
    Contact.objects.filter(pk=ann.pk).update(email="else@x.org")
    assert drifted()["customers_contact"] == 1


def test_refusals_of_mechanisms(cast):
    ann = create_contact(ANN, by=cast.alice)
    with pytest.raises(Refused):
        add_mechanism(ann, {"type": "email", "value": "ANN@example.org"}, by=cast.alice)
    with pytest.raises(Refused):
        add_mechanism(ann, {"type": "phone", "value": "  "}, by=cast.alice)
    with pytest.raises(PermissionDenied):
        add_mechanism(ann, {"type": "phone", "value": "030 901822"}, by=cast.charlie)
    with pytest.raises(PermissionDenied):
        end_mechanism(ann.mechanisms.first(), by=cast.charlie)
    ended = end_mechanism(ann.mechanisms.get(type="email"), by=cast.alice)
    with pytest.raises(Refused):
        set_primary(ended, by=cast.alice)


def test_many_contacts_take_the_statements_of_one(cast):
    works = create_account({"name": "Works"}, by=cast.alice)
    counts = []
    for size in (200, 400):
        rows = [ANN | {"email": f"a{n}@x.org", "account": works, "role": "Buyer"} for n in range(size)]
        with CaptureQueriesContext(connection) as caught:
            create_contacts(rows, by=cast.alice)
        counts.append(len(caught))
    assert counts[1] <= counts[0] <= 20
    assert Affiliation.objects.filter(account=works, is_main=True, role="Buyer").count() == 600
    assert drifted()["customers_contact"] == 0


def test_contacts_at_an_account_out_of_reach_are_refused(cast):
    hers = Account.objects.create(name="Hers", owner=cast.alice, team=cast.north)
    with pytest.raises(PermissionDenied):
        create_contacts([ANN | {"account": hers}], by=cast.charlie)


@pytest.mark.parametrize(("kind", "typed", "shown"), [
    ("web", "Linked.example/In/AnnLee", "https://linked.example/In/AnnLee"), ("web", "http://old.example", "http://old.example"),
    ("social", "https://chat.example/@Ann", "https://chat.example/@Ann"), ("social", "@ann", ""), ("web", "javascript:x", ""),
    ("phone", "030.901820", ""),
])  # fmt: skip
def test_a_web_address_leads_where_it_was_typed(kind, typed, shown):
    assert ContactMechanism(type=kind, value=typed).web_address == shown
