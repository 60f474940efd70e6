"""The demo company: believable, safe to show, gone without a trace."""

import json
import re
import shutil
import stat
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_site import demo
from crm_site.core.history import event_models
from crm_site.core.models import Membership, Record, SavedView, Setting, Team, User
from crm_site.core.roles import SHIPPED
from crm_site.demo.removing import record_models
from customers.models import Account, Activity, Consent, Contact, Customer
from sales.models import Lead
from support.models import Article, CannedReply, Case, Clock, Macro, Message, OutgoingMail, PortalAccess, Queue

pytestmark = [pytest.mark.django_db, pytest.mark.slow(together=True)]


@pytest.fixture(scope="module")
def loaded(standing, tmp_path_factory):
    """The sign-ins of the demo company, which stands for all tests here."""
    folder = tmp_path_factory.mktemp("demo")
    settings.ENV.state, before = folder, settings.ENV.state
    with TestCase.captureOnCommitCallbacks(execute=True):
        standing(demo.load)
    settings.ENV.state = before
    return folder / "demo-sign-ins.json"


@pytest.fixture
def company(loaded, db, tmp_path):
    """The demo company, with its sign-ins in a folder of the test's own."""
    settings.ENV.state, before = tmp_path, settings.ENV.state
    shutil.copy2(loaded, tmp_path)
    yield tmp_path / loaded.name
    settings.ENV.state = before


def every(model):
    return model.objects.unscoped("a test counts all")


def staff():
    return User.objects.filter(is_demo=True, door=User.STAFF)


def test_it_is_a_whole_company(company):
    assert {user.groups.get().name for user in staff()} == set(SHIPPED)
    assert Team.objects.count() == 5
    assert 100 <= every(Account).count() <= 140
    asked = every(Lead).filter(converted_at__isnull=True).values("contact")
    assert 300 <= every(Contact).exclude(pk__in=asked).count() <= 400
    assert 120 <= every(Customer).count() <= 180
    assert set(Consent.objects.values_list("status", flat=True)) >= {"granted", "denied", "withdrawn"}
    assert 2000 <= every(Activity).count() <= 3500
    assert every(Account).filter(parent__isnull=False).count() > 10
    assert SavedView.objects.filter(visibility="public").count() > 2
    assert not every(Activity).filter(status="done", at__gt=timezone.now()).exists()
    assert every(Activity).filter(customer__isnull=True).count() == 0


def test_every_seller_has_work_overdue_today_and_ahead(company):
    today = timezone.localdate()
    for rep in User.objects.filter(groups__name="Sales rep"):
        days = {row.date() for row in every(Activity).filter(owner=rep, status="open").values_list("at", flat=True)}
        assert {day < today for day in days} == {True, False}, rep
        assert today in days, rep


def test_service_has_a_year_behind_it(company):
    covered = every(Case).filter(entitlement__isnull=False, policy_why__contains="Service contract")
    assert 10 < covered.count() < 60
    assert Macro.objects.exists()
    """Cases in every state, promises kept and broken, talk in both directions, and no mail to anybody."""
    assert {case.category for case in every(Case)} == {"new", "open", "waiting", "resolved", "closed"}
    assert {clock.state for clock in Clock.objects.all()} >= {"running", "met", "breached"}
    assert every(Case).filter(reopened__gt=0).exists()
    assert Message.objects.filter(kind="public", direction="out").count() > 50
    assert not OutgoingMail.objects.exists()
    assert not Message.objects.filter(at__gt=timezone.now()).exists()
    assert every(Article).filter(audience="public", published__isnull=False).count() > 2
    assert PortalAccess.objects.filter(user__is_demo=True, revoked_at=None).count() == 2


def test_each_customer_has_the_history_of_its_status(company):
    for customer in every(Customer).prefetch_related("status_changes"):
        steps = sorted(customer.status_changes.all(), key=lambda change: change.at)
        assert steps[-1].to_status == customer.status
        assert [s.from_status for s in steps] == ["", *(s.to_status for s in steps[:-1])]
        assert steps[0].at == customer.created_at


def test_history_began_when_the_records_did(company):
    account = every(Account).order_by("created_at").first()
    event = account.events.get(pgh_label="insert")
    assert event.pgh_created_at == account.created_at
    # An inquiry's contact is known as long as the inquiry: nobody seems to have come with the loading.
    assert not every(Contact).filter(created_at__gt=timezone.now() - timedelta(hours=1)).exists()
    person = every(Lead).filter(status=Lead.DISQUALIFIED).first().contact
    assert person.events.get(pgh_label="insert").pgh_created_at == person.created_at


def test_sign_ins_are_secret_and_work(company, client):
    assert stat.S_IMODE(company.stat().st_mode) == 0o600
    rows = json.loads(company.read_text())
    assert {row["role"] for row in rows} == {*SHIPPED, "Customer (/portal/)"}
    assert len({row["password"] for row in rows}) == len(rows)
    answer = client.post(reverse("account_login"), {"login": rows[2]["email"], "password": rows[2]["password"]})
    assert answer.status_code == 302


def test_a_second_start_changes_nothing(company, capsys):
    before = company.read_text(), every(Activity).count()
    call_command("demo")
    assert (company.read_text(), every(Activity).count()) == before


def asks_itself(sql):
    """Whether a deletion asks its own table again for each row: on a table that nobody looked at yet, for minutes."""
    table = re.match(r'DELETE FROM ("\w+event")', sql)
    return table is not None and sql.count(f"FROM {table[1]}") > 1


def test_removal_leaves_nothing_of_it_and_all_of_the_rest(company, django_capture_on_commit_callbacks):
    own = Team.objects.create(name="Ours")
    real = User.objects.create_superuser("boss@real.test", "a-long-password-1", team=own)
    Membership.objects.create(user=real, team=own)
    demo_account = every(Account).first()
    kept = Account.objects.create(
        name="Real Ltd", owner=User.objects.filter(is_demo=True).first(), parent=demo_account, created_by=real
    )
    talk = Activity.objects.create(
        kind="note", subject="Ours", at=timezone.now(), account=demo_account, owner=real, created_by=real
    )
    needed = every(Account).filter(is_supplier=True).first()
    ours = Customer.objects.create(kind="business", name=needed.name, account=needed, owner=real, created_by=real)
    with django_capture_on_commit_callbacks(execute=True), CaptureQueriesContext(connection) as asked:
        call_command("demo", "--remove")
    assert not [query["sql"] for query in asked if asks_itself(query["sql"])]
    kept.refresh_from_db(), talk.refresh_from_db()
    assert (kept.owner, kept.parent, talk.account) == (None, None, None)
    needed.refresh_from_db()
    assert needed.owner is None
    assert {row.pk for model in record_models() for row in every(model)} == {kept.pk, talk.pk, needed.pk, ours.pk}
    assert list(User.objects.all()) == [real]
    assert list(Team.objects.all()) == [own]
    assert [queue.name for queue in Queue.objects.all()] == ["Support"]
    assert not Macro.objects.exists()
    assert not CannedReply.objects.exists()
    assert not Setting.objects.filter(pk="company").exists()
    assert not company.exists()
    for event in event_models():
        if issubclass(event.pgh_tracked_model, Record):
            assert set(event.objects.values_list("pgh_obj_id", flat=True)) <= {kept.pk, talk.pk, needed.pk, ours.pk}, (
                event
            )
        else:
            living = event.pgh_tracked_model.objects.values_list("pk", flat=True)
            assert set(event.objects.values_list("pgh_obj_id", flat=True)) <= set(living), event


def test_the_only_administrator_can_remove_it_and_stays(company, client, django_capture_on_commit_callbacks):
    admin = User.objects.get(is_superuser=True)
    client.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("demo_remove"))
    assert answer.status_code == 302
    assert not demo.is_there()
    assert list(User.objects.all()) == [admin]
    assert every(Customer).count() == 0
    assert client.get("/").status_code == 200
