"""The home page: a user's day (U25), the first-day checklist (U60), the banner of the demo (U61)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site import home
from crm_site.core.models import Notification, Setting
from customers.models import Account
from customers.operations import activities as do
from tests.factories import AccountFactory, ActivityFactory, ContactFactory, CustomerFactory
from tests.sales.making import deal_of

pytestmark = pytest.mark.django_db


def fill(cast, number):
    """Tasks, meetings and changed records of Alice's."""
    now = timezone.now()
    for _n in range(number):
        customer = CustomerFactory(owner=cast.alice)
        contact = ContactFactory(owner=cast.alice, account=customer.account)
        links = {"customer": customer, "account": customer.account, "contact": contact}
        ActivityFactory(owner=cast.alice, kind="task", status="open", at=now - timedelta(days=2), **links)
        ActivityFactory(owner=cast.alice, kind="meeting", status="open", at=now + timedelta(hours=1), **links)
        Account.objects.filter(pk=customer.account_id).update(changed_by=cast.bob)


def test_u25_home_costs_the_same_with_one_and_fifty(cast, client_of):
    """At most thirteen statements, however much there is to do."""
    counts = []
    for number in (1, 49):
        fill(cast, number)
        client = client_of(cast.alice)
        client.get("/")
        with CaptureQueriesContext(connection) as seen:
            answer = client.get("/")
        assert answer.status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 13, counts


def test_u25_home_shows_the_day(cast, client_of):
    """Overdue and due tasks, meetings, what one opened, and what others changed; not one's own changes."""
    fill(cast, 1)
    account = Account.objects.get()
    own = AccountFactory(owner=cast.alice, name="Changed by myself")
    client = client_of(cast.alice)
    client.get(f"/accounts/{account.pk}/")
    answer = client.get("/")
    assert [len(answer.context[name]) for name in ("overdue", "meetings", "recent", "changes")] == [1, 1, 1, 1]
    assert {"by": "Bob Tester"}.items() <= next(
        c for c in answer.context["changes"] if c["link"][0] == account.name
    ).items()
    assert own.name not in answer.content.decode()


def test_u25_home_says_when_it_did_not_look_far_enough(cast, client_of, monkeypatch):
    """U25: after so many changes of one's own, those of others before them are not denied; others' deals are theirs."""
    monkeypatch.setattr(home, "changes_of", home.changes_of.__wrapped__)
    monkeypatch.setattr(home, "LOOKED_AT", 2)
    AccountFactory.create_batch(3, owner=cast.alice, changed_by=cast.alice)
    page = client_of(cast.alice).get("/")
    assert (page.context["changes"], page.context["looked_at"]) == ([], 2)
    assert "Nobody changed" not in page.content.decode()
    deal_of(cast.alice, [("A", "1", "100")], close_date=timezone.localdate() - timedelta(days=9))
    assert client_of(cast.bob).get("/").context["deals"]
    assert not client_of(cast.dora).get("/").context["deals"]


def test_home_names_only_what_is_visible(cast, client_of):
    """A record that went to somebody else disappears from the recent ones."""
    account = AccountFactory(owner=cast.alice, name="Handed over")
    client = client_of(cast.alice)
    client.get(f"/accounts/{account.pk}/")
    Account.objects.filter(pk=account.pk).update(owner=cast.charlie, team=cast.south)
    assert "Handed over" not in client.get("/").content.decode()


def test_quick_log_from_home(cast, client_of):
    """A task from the home page is the user's own."""
    client_of(cast.alice).post("/activities/log/", {"kind": "task", "subject": "Think"})
    assert "Think" not in client_of(cast.alice).get("/").content.decode()  # due tomorrow
    do.log_activity({"kind": "task", "subject": "Act", "at": timezone.now()}, by=cast.alice)
    assert "Act" in client_of(cast.alice).get("/").content.decode()


def test_u60_checklist_for_administrators(cast, client_of):
    """It counts what is done, ticks by a button, and can be put away; nobody else has it."""
    client = client_of(cast.rita)
    assert client.get("/").context["start"]["done"] == 1  # colleagues are there
    client.post("/start/company/", {"name": "Kith & Sons"})
    client.post("/start/", {"step": "zone"})
    client.post("/start/", {"step": "mail"})
    assert client.get("/").context["start"]["done"] == 4
    assert Notification.objects.get().user == cast.rita
    client.post("/start/", {"dismiss": "1"})
    assert client.get("/").context["start"] is None
    other = client_of(cast.alice)
    assert other.get("/").context["start"] is None
    for path in ("/start/", "/start/company/", "/demo/remove/"):
        assert other.post(path, {"step": "zone", "name": "x"}).status_code == 404
    assert Setting.objects.get(pk="company").value["name"] == "Kith & Sons"


def test_who_has_no_role_is_told(cast, client_of):
    """An empty page says nothing of why it is empty."""
    assert "You have no role yet" in client_of(cast.nora).get("/").content.decode()
    assert "You have no role yet" not in client_of(cast.alice).get("/").content.decode()
    assert "You have no role yet" not in client_of(cast.rita).get("/").content.decode()


def test_u61_banner_of_the_demo(cast, client_of):
    """Demo users see that the company is invented; an administrator removes it by one button."""
    cast.rita.is_demo = True
    cast.rita.save()
    assert 'action="/demo/remove/"' in client_of(cast.rita).get("/").content.decode()
    assert "/demo/remove/" not in client_of(cast.bob).get("/").content.decode()


def test_search_is_a_page_without_scripts(cast, client_of, django_assert_max_num_queries):
    """U54: what the dialog shows as options is a page with links for whoever comes without htmx; few statements."""
    account = AccountFactory(name="Findable Mill", owner=cast.alice)
    client, htmx = client_of(cast.alice), {"HX-Request": "true"}
    plain, part = (client.get("/search/?q=findable", headers=h) for h in ({}, htmx))
    link = f'<a href="/accounts/{account.pk}/">'
    assert (link in plain.text, 'name="q" value="findable"' in plain.text) == (True, True)
    assert (link in part.text, "<html" in part.text, "/accounts/" in part.text) == (False, False, True)
    with django_assert_max_num_queries(5):
        client.get("/search/?q=findable", headers=htmx)
    with django_assert_max_num_queries(9):
        assert account.name in client.get("/search/?q=fyndable+mill", headers=htmx).text
    assert 'href="/desk/?view=mine"' in client_of(cast.dora).get("/search/?q=des", headers=htmx).text
    assert "/desk/" not in client_of(cast.mia).get("/search/?q=des", headers=htmx).text
