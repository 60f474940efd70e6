"""The administration writes through the operations."""

import pytest

from customers.models import Account, Contact, ContactMechanism, Customer
from customers.operations.accounts import create_account
from customers.operations.contacts import create_contact
from customers.operations.customers import create_customer

pytestmark = pytest.mark.django_db


def test_the_pages_of_the_administration_open(cast, client_of):
    made = create_customer({"company": "Works", "first_name": "A", "last_name": "B", "email": "a@b.test"}, by=cast.rita)
    rita = client_of(cast.rita)
    records = {"account": made.account_id, "contact": made.contact_id, "customer": made.pk,
               "contactmechanism": made.contact.mechanisms.get().pk,
               "affiliation": made.contact.affiliations.get().pk}  # fmt: skip
    for name, pk in records.items():
        for tail in ("", "?q=works", "add/", f"{pk}/change/", f"{pk}/delete/"):
            assert rita.get(f"/admin/customers/{name}/{tail}").status_code == 200, (name, tail)
    assert client_of(cast.alice).get("/admin/customers/account/").status_code in (302, 403, 404)


def test_saving_goes_through_the_operations(cast, client_of):
    rita = client_of(cast.rita)
    data = {"name": "Made", "status": "active", "tags": "", "_save": "1"}
    assert rita.post("/admin/customers/account/add/", data).status_code == 302
    made = Account.objects.get()
    assert made.created_by == cast.rita
    ann = create_contact({"first_name": "Ann", "last_name": "Lee"}, by=cast.rita)
    way = {"contact": ann.pk, "type": "email", "value": "ANN@lee.test", "_save": "1"}
    assert rita.post("/admin/customers/contactmechanism/add/", way).status_code == 302
    assert Contact.objects.get(pk=ann.pk).email == "ann@lee.test"
    rita.post(f"/admin/customers/contactmechanism/{ContactMechanism.objects.get().pk}/delete/", {"post": "yes"})
    assert Contact.objects.get(pk=ann.pk).email == ""


def test_deleting_is_the_bin_and_a_refusal_is_told(cast, client_of):
    rita = client_of(cast.rita)
    top, low = create_account({"name": "Top"}, by=cast.rita), None
    low = create_account({"name": "Low", "parent": top}, by=cast.rita)
    data = {"name": "Top", "status": "active", "parent": low.pk, "tags": "", "_save": "1"}
    answer = rita.post(f"/admin/customers/account/{top.pk}/change/", data, follow=True)
    assert b"lies below it" in answer.content
    rita.post(f"/admin/customers/account/{low.pk}/delete/", {"post": "yes"})
    assert Account.objects.get(pk=low.pk).deleted_at
    made = create_customer({"account": top}, by=cast.rita)
    data = {"status": "active", "tags": "", "_save": "1", "status_changes-TOTAL_FORMS": "0",
            "status_changes-INITIAL_FORMS": "0"}  # fmt: skip
    assert rita.post(f"/admin/customers/customer/{made.pk}/change/", data).status_code == 302
    assert Customer.objects.get(pk=made.pk).status == "active"
    assert made.status_changes.count() == 2
