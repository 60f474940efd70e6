"""Pages, panels and small forms of accounts, contacts and customers, for those who may and those who may not."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.operations import Refused
from customers.models import Account, Activity, Affiliation, Contact, ContactMechanism, Customer
from customers.operations.accounts import create_account, create_accounts, update_account
from customers.operations.activities import log_activity
from customers.operations.contacts import affiliate_contact, create_contact, end_affiliation, update_contact
from customers.operations.customers import create_customer

pytestmark = pytest.mark.django_db
HX = {"hx-request": "true"}


@pytest.fixture
def alices(cast):
    """(account, contact, customer) of Alice."""
    made = create_customer(
        {"company": "Alice Mark Works", "first_name": "Ann", "last_name": "Mark", "email": "ann@mark.test",
         "phone": "030 901820", "country": "DE"}, by=cast.alice,
    )  # fmt: skip
    return made.account, made.contact, made


def addresses(account, contact, customer):
    """Every address of this room that shows something of Alice's."""
    way, place = contact.mechanisms.first(), contact.affiliations.get()
    a, c, k = f"/accounts/{account.pk}/", f"/contacts/{contact.pk}/", f"/customers/{customer.pk}/"
    both = ("", "mechanisms/", "customers/", "mechanisms/new/", "edit/", "delete/")
    return [
        *(f"{a}{tail}" for tail in (*both, "contacts/", "tree/", "contacts/add/")),
        *(f"{c}{tail}" for tail in (*both, "accounts/", "accounts/add/")),
        *(f"{k}{tail}" for tail in ("", "people/", "mechanisms/", "statuses/", "status/", "edit/", "delete/")),
        f"/mechanisms/{way.pk}/edit/", f"/affiliations/{place.pk}/end/",
    ]  # fmt: skip


def test_pages_open_for_their_owner_and_for_nobody_else(cast, alices, client_of):
    hers, his = client_of(cast.alice), client_of(cast.charlie)
    for url in addresses(*alices):
        assert hers.get(url).status_code == 200, url
        assert his.get(url).status_code == 404, url


def test_buttons_of_others_are_no_pages(cast, alices, client_of):
    _account, contact, customer = alices
    way, place = contact.mechanisms.first(), contact.affiliations.get()
    his = client_of(cast.charlie)
    for url in (f"/mechanisms/{way.pk}/end/", f"/mechanisms/{way.pk}/primary/", f"/mechanisms/{way.pk}/remove/",
                f"/affiliations/{place.pk}/main/", f"/affiliations/{place.pk}/end/",
                f"/customers/{customer.pk}/status/"):  # fmt: skip
        assert his.post(url, {"on": "2020-01-01", "status": "former", "reason": "x"}).status_code == 404, url
    assert ContactMechanism.objects.get(pk=way.pk).valid_to is None


def test_pm1_who_only_reads_is_offered_no_change(cast, alices, client_of):
    """PM-1: a button that would lead nowhere is not drawn."""
    url = f"/accounts/{alices[0].pk}/contacts/"
    pages = [client_of(user).get(url, headers=HX).content.decode() for user in (cast.alice, cast.audrey)]
    assert ["contacts/add/" in page for page in pages] == [True, False]


def test_the_dialog_adds_edits_and_ends_a_way(cast, alices, client_of):
    _account, contact, _customer = alices
    hers = client_of(cast.alice)
    new = f"/contacts/{contact.pk}/mechanisms/new/"
    assert hers.post(new, {"type": "email", "value": "two@mark.test", "is_primary": "on"}).status_code == 302
    way = contact.mechanisms.get(normalised="two@mark.test")
    assert way.is_primary
    bad = hers.post(new, {"type": "email", "value": ""}, headers=HX | {"hx-target": "modal-content"})
    assert bad.status_code == 422
    hers.post(f"/mechanisms/{way.pk}/edit/", {"value": "three@mark.test", "is_primary": "on"})
    assert Contact.objects.get(pk=contact.pk).email == "three@mark.test"
    hers.post(new, {"type": "postal", "street": "Ring 2", "city": "Bonn", "country": "DE"})
    assert Contact.objects.get(pk=contact.pk).city == "Bonn"
    hers.post(f"/mechanisms/{way.pk}/end/")
    assert Contact.objects.get(pk=contact.pk).email == "ann@mark.test"


def test_cu2_a_shared_address_is_allowed_and_flagged(cast, alices, client_of):
    _account, contact, _customer = alices
    hers = client_of(cast.alice)
    assert b"Shared" not in hers.get(f"/contacts/{contact.pk}/mechanisms/", headers=HX).content
    create_contact({"first_name": "Ben", "last_name": "Mark", "email": "ANN@mark.test"}, by=cast.charlie)
    assert b"Shared" in hers.get(f"/contacts/{contact.pk}/mechanisms/", headers=HX).content


def test_cu3_several_accounts_and_an_end_that_keeps_history(cast, alices):
    account, contact, _customer = alices
    other = create_account({"name": "Other"}, by=cast.alice)
    second = affiliate_contact(contact, other, by=cast.alice, role="Adviser")
    assert Contact.objects.get(pk=contact.pk).account == account
    first = contact.affiliations.get(account=account)
    end_affiliation(first, by=cast.alice)
    assert Contact.objects.get(pk=contact.pk).account == other
    assert Affiliation.objects.get(pk=first.pk).valid_to == timezone.localdate()
    assert Affiliation.objects.get(pk=second.pk).is_main
    update_contact(contact, {"account": account}, by=cast.alice)
    assert contact.affiliations.count() == 3
    assert Contact.objects.get(pk=contact.pk).account == account
    with pytest.raises(Refused):
        end_affiliation(second, by=cast.alice, on=timezone.localdate() + timezone.timedelta(days=1))


def test_cu4_a_loop_is_refused_with_a_sentence_beside_the_field(cast, client_of):
    top, middle, low = create_accounts([{"name": n} for n in ("Top", "Middle", "Low")], by=cast.alice)
    update_account(middle, {"parent": top}, by=cast.alice)
    update_account(low, {"parent": middle}, by=cast.alice)
    with pytest.raises(Refused) as caught:
        update_account(top, {"parent": low}, by=cast.alice)
    assert caught.value.field == "parent"
    top.refresh_from_db()
    page = client_of(cast.alice).post(
        f"/accounts/{top.pk}/edit/", {"name": "Top", "status": "active", "parent": low.pk, "version": top.version}
    )
    assert page.context["form"].errors["parent"]
    assert Account.objects.get(pk=top.pk).parent is None


def test_cu4_sums_over_the_subtree_pass_the_gate(cast, client_of):
    top = create_account({"name": "Top"}, by=cast.alice)
    for user, name in ((cast.alice, "Hers"), (cast.charlie, "His")):
        low = Account.objects.create(name=name, parent=top, owner=user, team=user.team)
        create_customer({"account": low, "status": "active"}, by=user)
    log_activity({"subject": "Ring", "kind": "task", "status": "open", "account": top}, by=cast.alice)
    with CaptureQueriesContext(connection) as caught:
        page = client_of(cast.alice).get(f"/accounts/{top.pk}/tree/", headers=HX)
    assert (page.context["accounts"], page.context["activities"]) == (1, 1)
    assert [n for _label, n in page.context["customers"]] == [1]
    assert b"His" not in page.content
    assert sum("RECURSIVE" in query["sql"] for query in caught) == 1
    everything = client_of(cast.bob).get(f"/accounts/{top.pk}/tree/", headers=HX)
    assert everything.context["accounts"] == 2


def test_cu5_what_hangs_off_is_shown_and_needs_a_choice(cast, alices, client_of):
    account, _contact, customer = alices
    task = log_activity({"subject": "Ring", "kind": "task", "status": "open", "account": account}, by=cast.alice)
    hers, url = client_of(cast.alice), f"/accounts/{account.pk}/delete/"
    page = hers.get(url)
    assert {d["name"]: d["count"] for d in page.context["dependents"]} == {"": 1, "customers": 1, "activities": 1}
    assert hers.post(url, {}).status_code == 200
    assert Account.objects.get(pk=account.pk).deleted_at is None
    assert hers.post(url, {"customers": "delete", "activities": "close"}).status_code == 302
    assert Account.objects.get(pk=account.pk).deleted_at
    assert Customer.objects.get(pk=customer.pk).deleted_at
    assert Activity.objects.get(pk=task.pk).status == Activity.CANCELLED
    assert hers.post(f"/accounts/{account.pk}/restore/").status_code == 302
    assert Customer.objects.get(pk=customer.pk).deleted_at is None


def test_cu5_a_customer_made_anew_is_not_doubled_by_restoring(cast, alices, client_of):
    account, _contact, customer = alices
    hers = client_of(cast.alice)
    hers.post(f"/customers/{customer.pk}/delete/", {"sure": "1"})
    create_customer({"account": account}, by=cast.alice)
    assert hers.post(f"/customers/{customer.pk}/restore/").status_code == 302
    assert Customer.objects.get(pk=customer.pk).deleted_at


def test_cu6_the_status_form_needs_a_reason(cast, alices, client_of):
    customer = alices[2]
    hers, url = client_of(cast.alice), f"/customers/{customer.pk}/status/"
    assert hers.post(url, {"status": "active", "reason": ""}).status_code == 200
    assert hers.post(url, {"status": "active", "reason": "signed"}).status_code == 302
    assert Customer.objects.get(pk=customer.pk).status == "active"


def test_cu1_the_form_makes_all_three_and_says_what_is_missing(cast, client_of):
    hers = client_of(cast.alice)
    empty = hers.post("/customers/new/", {"kind": "business", "status": "prospect", "first_name": "Ann"})
    assert {"company", "last_name"} <= set(empty.context["form"].errors)
    made = hers.post("/customers/new/", {"kind": "business", "status": "prospect", "company": "Neu",
                                         "first_name": "Ann",
                                         "last_name": "Neu", "email": "ann@neu.test", "country": "DE"})  # fmt: skip
    assert made.status_code == 302, made.context["form"].errors
    assert Customer.objects.get().account.contacts.get().email == "ann@neu.test"


def test_forms_of_all_three_save_what_they_show(cast, alices, client_of):
    account, contact, customer = alices
    hers = client_of(cast.alice)
    for url in (f"/accounts/{account.pk}/edit/", f"/contacts/{contact.pk}/edit/", f"/customers/{customer.pk}/edit/"):
        form = hers.get(url).context["form"]
        data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
        data["tags"] = "vip"
        assert hers.post(url, data).status_code == 302, url
    assert contact.mechanisms.count() == 2
    assert Contact.objects.get(pk=contact.pk).tags == ["vip"]


def test_dd4_what_is_out_of_reach_is_only_counted(cast, alices, client_of):
    for url, data in (
        ("/contacts/similar/", {"first_name": "Ann", "last_name": "Mark", "email": "ann@mark.test"}),
        ("/accounts/similar/", {"name": "Alice Mark Works"}),
        ("/customers/similar/", {"company": "alice mark works", "email": "ann@mark.test"}),
    ):
        hers = client_of(cast.alice).post(url, data, headers=HX)
        assert hers.context["found"], url
        assert "same" in hers.content.decode()
        his = client_of(cast.charlie).post(url, data, headers=HX)
        assert his.context["found"] == []
        assert his.context["hidden"] >= 1
        assert b"Mark" not in his.content


def test_dd2_the_look_for_duplicates_costs_few_statements(cast, alices, client_of):
    for n in range(30):
        create_contact({"first_name": "Ann", "last_name": f"Mark {n}", "email": "ann@mark.test"}, by=cast.alice)
    client = client_of(cast.alice)
    data = {"first_name": "Ann", "last_name": "Mark", "email": "ann@mark.test", "phone": "030 901820"}
    client.post("/contacts/similar/", data)
    with CaptureQueriesContext(connection) as caught:
        client.post("/contacts/similar/", data, headers=HX)
    own = [q for q in caught if "customers_" in q["sql"]]
    assert len(own) <= 4


def test_an_edited_record_is_no_duplicate_of_itself(cast, alices, client_of):
    contact = alices[1]
    data = {"first_name": "Ann", "last_name": "Mark", "email": "ann@mark.test", "itself": contact.pk}
    assert client_of(cast.alice).post("/contacts/similar/", data, headers=HX).context["found"] == []


def test_panels_cost_the_same_with_one_row_and_with_many(cast, alices, client_of):
    account, contact, customer = alices
    client, counts = client_of(cast.alice), []
    urls = [
        f"/accounts/{account.pk}/contacts/",
        f"/customers/{customer.pk}/people/",
        f"/contacts/{contact.pk}/mechanisms/",
    ]
    for _round in range(2):
        with CaptureQueriesContext(connection) as caught:
            for url in urls:
                assert client.get(url, headers=HX).status_code == 200
        counts.append(len(caught))
        for n in range(8):
            create_contact({"first_name": "B", "last_name": f"B{n}", "account": account}, by=cast.alice)
    assert counts[1] <= counts[0]


def test_activities_follow_a_new_owner(cast, alices):
    account = alices[0]
    task = log_activity({"subject": "Ring", "kind": "task", "status": "open", "account": account}, by=cast.alice)
    update_account(account, {"owner": cast.charlie, "team": cast.south}, by=cast.bob)
    followed = Activity.objects.get(pk=task.pk)
    assert (followed.followed_owner, followed.followed_team) == (cast.charlie, cast.south)


def test_only_the_right_people_change(cast, alices):
    account, contact, _customer = alices
    for act in (
        lambda: update_contact(contact, {"job_title": "x"}, by=cast.charlie),
        lambda: update_account(account, {"industry": "x"}, by=cast.audrey),
        lambda: affiliate_contact(contact, account, by=cast.charlie),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_filters_find_by_folded_prefix_flag_and_country(cast, client_of):
    create_accounts(
        [{"name": "One", "industry": "Étail", "is_partner": True, "city": "Bern", "country": "CH"}, {"name": "Two"}],
        by=cast.alice,
    )
    client = client_of(cast.alice)
    for query in ("industry=eta", "is_partner=true", "country=CH"):
        rows = client.get(f"/accounts/?{query}").context["rows"]
        assert [row["label"] for row in rows] == ["One"], query
    assert client.get("/accounts/?industry=%25").context["rows"] == []
