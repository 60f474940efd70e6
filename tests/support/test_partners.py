"""Partners: what they register, who decides, and what their numbers add up to (PP-1, PP-2)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from crm_site.core.models import Notification, User
from crm_site.core.operations import Refused
from sales.models import Stage
from support.models import Certification, DealRegistration
from support.operations.registrations import (
    approve_registration,
    bare_domain,
    certify_partner,
    expire_registrations,
    register_deal,
    reject_registration,
    update_registration,
)
from support.partners import report
from support.tasks import expire_registrations as sweep
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.factories import AccountFactory, CaseFactory, DealRegistrationFactory, OpportunityFactory, ProductFactory

TODAY = timezone.localdate


@pytest.fixture
def everyone(transactional_db):
    """The cast, visible to other connections."""
    ContentType.objects.clear_cache()
    return make_cast()


def partner(user=None, **values):
    """An account that is a partner."""
    return AccountFactory(is_partner=True, owner=user, **values)


def registered(user, **values):
    """A registration that the user made for a partner of their own."""
    return register_deal({"name": "Prospect", "partner": partner(user), **values}, by=user)


@pytest.mark.parametrize(("text", "domain"), [
    ("https://www.Kith.test/start", "kith.test"), ("ann@Kith.test", "kith.test"), (" kith.test ", "kith.test"), ("", ""),
    ("www.kith.test/x", "kith.test"),
])  # fmt: skip
def test_domains_are_compared_bare(text, domain):
    assert bare_domain(text) == domain


def test_pp1_an_approved_registration_protects_for_some_days(cast):
    """PP-1: pending, approved for N days, expired by the sweep; whoever registered hears of it."""
    made = registered(cast.alice, domain="https://www.acme.test", opportunity=OpportunityFactory(owner=cast.alice))
    assert (made.state, made.domain, made.account) == ("pending", "acme.test", made.opportunity.account)
    with pytest.raises(Refused):
        approve_registration(made, by=cast.alice)
    made = approve_registration(made, by=cast.bob, days=30, note="Good")
    assert (made.state, made.protected_until) == ("approved", TODAY() + timedelta(days=30))
    made.opportunity.refresh_from_db()
    assert made.opportunity.partner == made.partner, "the partner sourced the deal"
    with pytest.raises(Refused):
        update_registration(made, {"domain": "other.test"}, by=cast.alice)
    rows = DealRegistration.objects.unscoped("test").filter(pk=made.pk)
    assert expire_registrations(by=None) == 0
    rows.update(protected_until=TODAY() - timedelta(days=1))
    assert (sweep(), rows.get().state) == (1, "expired")
    assert sweep() == 0
    assert Notification.objects.filter(user=cast.alice, url=f"/registrations/{made.pk}/").count() == 2
    assert approve_registration(rows.get(), by=cast.bob).state == "approved", "it may be protected again"


def test_pp1_only_partners_register(cast):
    """PP-1: a partner is an account that says so."""
    with pytest.raises(Refused) as refusal:
        register_deal({"name": "x", "partner": AccountFactory()}, by=cast.alice)
    assert refusal.value.field == "partner"
    with pytest.raises(Refused):
        certify_partner(AccountFactory(owner=cast.alice), ProductFactory(), by=cast.alice)


def test_pp1_a_clash_is_shown_to_managers_only(cast, client_of):
    """PP-1: whoever registers the same prospect learns nothing; who decides sees it and has to say so."""
    account = AccountFactory(owner=cast.alice)
    first = approve_registration(registered(cast.charlie, account=account, domain="acme.test"), by=cast.bob)
    form = {
        "name": "Same one",
        "partner": partner(cast.alice, name="Second").pk,
        "account": account.pk,
        "owner": cast.alice.pk,
    }
    client = client_of(cast.alice)
    assert client.post("/registrations/new/", form).status_code == 302
    second = DealRegistration.objects.visible_to(cast.alice).get()
    for address in ("", "clashes/", "history/"):
        page = client.get(f"/registrations/{second.pk}/{address}").content.decode()
        assert first.partner.name not in page, address
    assert client.get(f"/registrations/{second.pk}/approve/").status_code == 404
    assert first.partner.name in client_of(cast.bob).get(f"/registrations/{second.pk}/").content.decode()
    answer = client_of(cast.bob).post(f"/registrations/{second.pk}/approve/", {"days": "10"})
    assert first.partner.name in answer.content.decode()
    second.refresh_from_db()
    assert second.state == "pending"
    client_of(cast.bob).post(f"/registrations/{second.pk}/approve/", {"days": "10", "anyway": "on"})
    second.refresh_from_db()
    assert second.state == "approved"
    by_domain = registered(cast.charlie, domain="www.ACME.test")
    with pytest.raises(Refused):
        approve_registration(by_domain, by=cast.bob)
    assert reject_registration(by_domain, "Taken", by=cast.bob).decision_note == "Taken"
    own = register_deal({"name": "x", "partner": first.partner, "domain": "acme.test"}, by=cast.charlie)
    reject_registration(second, "Mistake", by=cast.bob)
    assert approve_registration(own, by=cast.bob).state == "approved", "a partner does not clash with itself"


@pytest.mark.django_db(transaction=True)
def test_pp1_of_two_approved_at_once_one_is_refused(everyone):
    """PP-1 at the same moment, linked by account here and by domain there."""
    account = AccountFactory()
    rivals = [registered(everyone.alice, account=account, domain="a.test"), registered(everyone.alice, domain="a.test"),
              registered(everyone.alice, account=account), registered(everyone.alice, account=account, domain="a.test")]  # fmt: skip
    answers = at_once(*[lambda made=made: approve_registration(made, by=everyone.bob) for made in rivals])
    approved = DealRegistration.objects.unscoped("test").filter(state="approved")
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) + approved.count() == 4, answers
    assert approved.count() <= 2
    assert not approved.filter(account=account).count() > 1


@pytest.mark.django_db(transaction=True)
def test_pp1_many_sweeps_end_each_protection_once(everyone):
    """PP-1: SKIP LOCKED."""
    for _each in range(6):
        DealRegistrationFactory(owner=everyone.alice, state="approved", protected_until=TODAY() - timedelta(days=1))
    counts = at_once(*[lambda: expire_registrations(by=None) for _worker in range(4)])
    assert sum(counts) == 6
    assert Notification.objects.count() == 6


def test_pp1_the_partner_on_its_account_s_page(cast, client_of):
    """PP-1: tier, manager, certified products and registrations."""
    account, product = partner(cast.alice, partner_tier="gold", name="Reseller"), ProductFactory(name="Pump")
    client = client_of(cast.alice)
    client.post(f"/accounts/{account.pk}/certify/", {"product": product.pk, "until": "2030-01-01"})
    DealRegistrationFactory(owner=cast.alice, partner=account, name="Big fish")
    User.objects.filter(pk=cast.pat.pk).update(partner=account)
    page = client.get(f"/accounts/{account.pk}/").content.decode()
    assert all(word in page for word in ("Gold", "Pump", "Big fish", "Alice Tester", "Pat Tester"))
    client.post(f"/accounts/{account.pk}/certify/", {"remove": Certification.objects.get().pk})
    assert not Certification.objects.exists()
    assert "account-partner" not in client.get(f"/accounts/{AccountFactory(owner=cast.alice).pk}/").content.decode()


def test_pp2_the_report_adds_up_to_its_lists(cast, client_of):
    """PP-2: registered, approved, won, cycle time and open cases by partner; each number is its list's."""
    one, other = partner(cast.alice, name="One"), partner(cast.alice, name="Other")
    won = Stage.objects.filter(state=Stage.WON).first()
    now = timezone.now()
    ends = {"owner": cast.alice, "stage": won, "closed_at": now, "created_at": now - timedelta(days=10)}
    (
        OpportunityFactory(partner=one, amount=Decimal(100), **ends),
        OpportunityFactory(partner=one, amount=Decimal(50), **ends),
    )
    OpportunityFactory(partner=other, serviced_by=one, amount=Decimal(7), **ends)
    OpportunityFactory(partner=one, owner=cast.alice), OpportunityFactory(partner=one, **ends | {"owner": cast.charlie})
    for state in ("approved", "approved", "pending"):
        DealRegistrationFactory(owner=cast.alice, partner=one, state=state)
    CaseFactory(partner=one), CaseFactory(partner=one)
    rows = {account.name: figures for account, figures in report(cast.alice)}
    assert list(rows) == ["One", "Other"]
    assert {k: rows["One"][k] for k in ("registered", "approved", "won", "amount", "days", "serviced", "cases")} == {
        "registered": 3, "approved": 2, "won": 2, "amount": Decimal(150), "days": 10, "serviced": 1, "cases": 2,
    }  # fmt: skip
    client = client_of(cast.alice)
    lists = {
        "registered": f"/registrations/count/?partner={one.pk}", "won": f"/opportunities/count/?partner={one.pk}&state=won",
        "approved": f"/registrations/count/?partner={one.pk}&state=approved",
        "serviced": f"/opportunities/count/?serviced_by={one.pk}&state=won",
        "cases": f"/cases/count/?partner={one.pk}&category=new&category=open&category=waiting",
    }  # fmt: skip
    for name, address in lists.items():
        assert client.get(address).content.decode() == str(rows["One"][name]), name
    page = client.get("/partners/").content.decode()
    assert all(address.replace("count/", "").replace("&", "&amp;") in page for address in lists.values())
    assert client_of(cast.nora).get("/partners/").status_code == 404


def test_pp2_the_report_takes_few_statements(cast, client_of, django_assert_max_num_queries):
    """PP-2: the same number of statements for any number of partners."""
    for _each in range(12):
        DealRegistrationFactory(owner=cast.alice)
    with django_assert_max_num_queries(7):
        assert len(report(cast.alice)) == 12
