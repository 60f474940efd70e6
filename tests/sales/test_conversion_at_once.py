"""LC-8 and R23: however many convert a lead at the same moment, there is one of each, and all are led to it."""

import threading
from unittest import mock

import pytest
from django.contrib.contenttypes.models import ContentType

from customers.models import Account, Contact, Customer
from customers.operations.accounts import create_account
from sales.models import Lead, Opportunity
from sales.operations import conversion
from sales.operations.conversion import convert_lead
from sales.operations.leads import create_lead, create_leads
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.conftest import signed_in

NEW = {"first_name": "Åsa", "last_name": "Berg", "company": "Åkerblom AB", "email": "asa@akerblom.test"}
ALL_NEW = {"account": "new", "opportunity": "new"}
PEOPLE = 8
LEADS = 100


@pytest.fixture
def cast(transactional_db):
    """The cast, visible to other connections."""
    ContentType.objects.clear_cache()
    return make_cast()


def counts():
    """How many accounts, contacts, customers and deals there are."""
    return tuple(m.objects.unscoped("count").count() for m in (Account, Contact, Customer, Opportunity))


def test_lc8_two_at_once_make_one_of_each(cast):
    """LC-8."""
    lead = create_lead(NEW, by=cast.alice)
    results = at_once(*[lambda: convert_lead(lead, ALL_NEW, by=cast.alice) for _copy in range(2)])
    assert sorted(result.repeated for result in results) == [False, True]
    assert len({result.opportunity.pk for result in results}) == 1
    assert counts() == (1, 1, 1, 1)


def test_lc8_two_clicks_lead_to_the_same_page(cast):
    """LC-8."""
    lead = create_lead(NEW, by=cast.alice)
    url = f"/leads/{lead.pk}/convert/"
    forms = {user: signed_in(user).get(url).context["form"] for user in (cast.alice, cast.bob)}

    def click(user):
        form = forms[user]
        names = ("contact", "account", "opportunity", "name", "currency", "version")
        data = {name: form[name].value() for name in names} | {"once": str(form.initial["once"])}
        return lambda: signed_in(user).post(url, data)

    answers = at_once(*[click(cast.alice) for _copy in range(3)], click(cast.bob))
    assert {getattr(a, "status_code", repr(a)) for a in answers} == {302}
    assert {answer["Location"] for answer in answers} == {f"/leads/{lead.pk}/"}
    assert counts() == (1, 1, 1, 1)


def test_lc8_without_the_lock_there_would_be_two(cast):
    """LC-8: Negative control: the lead read without its lock, by both before either writes."""
    lead, both = create_lead(NEW, by=cast.alice), threading.Barrier(2)

    def unlocked(record, _by, _action="change"):
        found = Lead.objects.get(pk=record.pk)
        both.wait(timeout=20)
        return found

    with mock.patch.object(conversion, "lock", unlocked):
        at_once(*[lambda: convert_lead(lead, ALL_NEW, by=cast.alice) for _copy in range(2)])
    assert counts()[3] == 2


@pytest.mark.slow
def test_r23_eight_people_and_many_leads(cast):
    """R23: eight people, a hundred leads."""
    rows = [NEW | {"last_name": f"Berg{n}", "company": f"C{n}", "email": f"b{n}@x.test"} for n in range(LEADS)]
    leads = create_leads(rows, by=cast.alice)

    def every():
        return [convert_lead(lead, ALL_NEW, by=cast.alice).repeated for lead in leads]

    results = at_once(*[every for _person in range(PEOPLE)])
    assert [sum(not column for column in row) for row in zip(*results, strict=True)] == [1] * LEADS
    assert counts() == (LEADS, LEADS, LEADS, LEADS)


def test_two_leads_of_one_account_at_once_make_one_customer(cast):
    works = create_account({"name": "Works"}, by=cast.alice)
    leads = create_leads([NEW, NEW | {"last_name": "Ek", "email": "ek@x.test"}], by=cast.alice)
    jobs = [lambda lead=lead: convert_lead(lead, {"account": works, "opportunity": "new"}, by=cast.alice)
            for lead in leads]  # fmt: skip
    results = at_once(*jobs)
    assert len({result.customer.pk for result in results}) == 1
    assert counts() == (1, 2, 1, 2)
