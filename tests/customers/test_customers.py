"""Customers: one form, one transaction; their status and its history."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_site.core.operations import Refused
from customers.models import Account, Affiliation, Contact, Customer
from customers.operations.accounts import create_account, update_account
from customers.operations.contacts import create_contact, update_contact
from customers.operations.customers import change_customer_status, create_customer, create_customers, update_customer
from customers.operations.reach import drifted

pytestmark = pytest.mark.django_db
NEW = {"kind": "business", "company": "Åkerblom AB", "first_name": "Åsa", "middle_initial": "L", "last_name": "Berg",
       "email": "asa@akerblom.test", "phone": "+46 8 123 456 78", "street": "Vägen 1", "city": "Stockholm",
       "country": "SE", "status": "active"}  # fmt: skip


def test_cu1_one_form_makes_account_contact_and_customer(cast):
    made = create_customer(NEW, by=cast.alice)
    assert (made.name, made.account.name, str(made.contact)) == ("Åkerblom AB", "Åkerblom AB", "Åsa L Berg")
    assert made.contact.account == made.account
    assert made.contact.affiliations.get().is_main
    assert (made.email, made.phone, made.city) == ("asa@akerblom.test", "+46812345678", "Stockholm")
    assert made.account.is_customer
    assert made.since is not None
    assert {r.owner for r in (made, made.account, made.contact)} == {cast.alice}
    assert not any(drifted().values())


def test_cu1_an_individual_is_a_contact_without_an_account(cast):
    made = create_customer(NEW | {"kind": "individual", "company": ""}, by=cast.alice)
    assert (made.account, made.name, made.city) == (None, "Åsa L Berg", "Stockholm")
    update_contact(made.contact, {"last_name": "Bergström"}, by=cast.alice)
    assert Customer.objects.get(pk=made.pk).name == "Åsa L Bergström"


@pytest.mark.parametrize(
    ("values", "field"),
    [({"kind": "business", "company": " "}, "company"), ({"kind": "individual", "first_name": "A"}, "last_name")],
)
def test_cu1_a_customer_without_its_name_is_refused(cast, values, field):
    with pytest.raises(Refused) as caught:
        create_customer(values, by=cast.alice)
    assert caught.value.field == field
    assert not Account.objects.exists()


def test_existing_records_are_used_only_when_chosen(cast):
    works = create_account({"name": "Works"}, by=cast.alice)
    ann = create_contact({"first_name": "Ann", "last_name": "Lee"}, by=cast.alice)
    made = create_customer({"kind": "business", "account": works, "contact": ann}, by=cast.alice)
    assert (made.account, made.contact, made.name) == (works, ann, "Works")
    assert Affiliation.objects.filter(contact=ann, account=works, is_main=True).exists()
    assert Contact.objects.get(pk=ann.pk).account == works
    again = create_customer({"kind": "business", "company": "Works"}, by=cast.alice)
    assert again.account != works
    update_account(works, {"name": "New Works"}, by=cast.alice)
    assert Customer.objects.get(pk=made.pk).name == "New Works"


def test_records_out_of_reach_cannot_be_used(cast):
    hers = create_account({"name": "Hers"}, by=cast.alice)
    with pytest.raises(PermissionDenied):
        create_customer({"kind": "business", "account": hers}, by=cast.charlie)
    assert create_customer({"kind": "business", "account": hers}, by=cast.bob).account == hers


def test_cu6_each_status_is_dated_and_has_its_reason(cast):
    made = create_customer(NEW | {"status": "prospect"}, by=cast.alice)
    with pytest.raises(Refused):
        change_customer_status(made, "active", " ", by=cast.alice)
    with pytest.raises(PermissionDenied):
        change_customer_status(made, "active", "signed", by=cast.charlie)
    changed = change_customer_status(made, "active", "signed", by=cast.alice)
    assert changed.since is not None
    update_customer(changed, {"status": "former", "reason": "moved away"}, by=cast.alice)
    rows = made.status_changes.order_by("id").values_list("from_status", "to_status", "reason", "by")
    assert list(rows) == [
        ("", "prospect", "New customer", cast.alice.pk), ("prospect", "active", "signed", cast.alice.pk),
        ("active", "former", "moved away", cast.alice.pk),
    ]  # fmt: skip


def test_many_customers_take_the_statements_of_one(cast):
    counts = []
    for size in (200, 400):
        with CaptureQueriesContext(connection) as caught:
            create_customers([NEW | {"company": f"C{n}", "email": f"c{n}@x.org"} for n in range(size)], by=cast.alice)
        counts.append(len(caught))
    assert counts[1] <= counts[0] <= 45
    assert not any(drifted().values())
