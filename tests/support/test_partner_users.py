"""People of a partner come in by the staff's door and have there what names that partner, and no more (PM-1, PP-1)."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from crm_site.core.kept import kept_objects
from crm_site.core.models import User
from crm_site.core.operations import Refused, update_record
from crm_site.core.scope import explain, remember
from customers.models import Account, Contact, Customer
from customers.operations.activities import log_activities
from sales import board
from sales.models import Lead, Opportunity, Quote, Sale
from sales.operations.leads import create_leads
from support.models import Case, DealRegistration
from support.operations.registrations import register_deal
from tests.cast import grant
from tests.conftest import signed_in
from tests.factories import (
    AccountFactory,
    CaseFactory,
    DealRegistrationFactory,
    LeadFactory,
    OpportunityFactory,
    QuoteFactory,
)

NAMING = {
    Lead: LeadFactory,
    Opportunity: OpportunityFactory,
    Case: CaseFactory,
    DealRegistration: DealRegistrationFactory,
}
PAGES = {Lead: "/leads/", Opportunity: "/opportunities/", Case: "/cases/", DealRegistration: "/registrations/"}


@pytest.fixture
def firms(cast):
    """Pat's company and another one, whose person is Nora; neither owns any record."""
    mine, theirs = AccountFactory(name="Mine", is_partner=True), AccountFactory(name="Theirs", is_partner=True)
    User.objects.filter(pk=cast.pat.pk).update(partner=mine)
    cast.nora.groups.set(cast.pat.groups.all())
    User.objects.filter(pk=cast.nora.pk).update(partner=theirs)
    cast.mine, cast.theirs, cast.pat, cast.nora = mine, theirs, fresh(cast.pat), fresh(cast.nora)
    return cast


def fresh(user):
    """The user as a new request has them."""
    remember(found := User.objects.get(pk=user.pk))
    return found


@kept_objects("id")
def seen(user, model):
    """What the user sees, by a statement that all who are alike share."""
    return model.objects.visible_to(user)


@pytest.mark.parametrize("model", NAMING)
def test_what_names_the_partner_is_its_peoples(firms, model):
    """PM-1: in each way to ask, each partner's person finds the one row that names the own company."""
    make, owner = NAMING[model], firms.alice
    own, other, nobodys = (
        make(owner=owner, partner=firm) for firm in (firms.mine, firms.theirs, None or AccountFactory())
    )
    for user, row in ((firms.pat, own), (firms.nora, other)):
        assert [found.pk for found in seen(fresh(user), model)] == [row.pk]
        assert list(model.objects.visible_to(user)) == [row]
        assert list(model.objects.all().first_of(user, 9, ("-id",))) == [row]
        assert model.objects.all().first_of(user, 9, ()).count() == 1
        client = signed_in(user)
        assert client.get(f"{PAGES[model]}{row.pk}/").status_code == 200
        others = {own, other, nobodys} - {row}
        assert {client.get(f"{PAGES[model]}{each.pk}/").status_code for each in others} == {404}
        page = client.get(PAGES[model], {"view": "all"}).content.decode()
        assert f"{PAGES[model]}{row.pk}/" in page
        assert not any(f"{PAGES[model]}{each.pk}/" in page for each in others)
        assert "partner" in explain(user, row)[0]


def test_deals_that_the_partner_serves_are_its_too(firms):
    deal = OpportunityFactory(owner=firms.alice, serviced_by=firms.mine)
    assert list(Opportunity.objects.visible_to(firms.pat)) == [deal]


def test_wider_roles_open_no_more_of_these_kinds(firms):
    """Default deny: whatever role is given by mistake, of what can name a partner only what names theirs is seen."""
    OpportunityFactory(owner=firms.alice)
    user = grant(firms.pat, Opportunity, view="all", change="subtree", export="all")
    assert [user.reach(Opportunity, action) for action in ("view", "change", "export", "delete")] == ["own"] * 3 + [
        "none"
    ]
    assert not Opportunity.objects.visible_to(user).exists()


def test_companies_people_and_papers_stay_closed(firms):
    """A deal that names the partner opens neither its account nor its papers."""
    deal = OpportunityFactory(owner=firms.alice, partner=firms.mine)
    QuoteFactory(opportunity=deal, owner=firms.alice)
    for model in (Account, Contact, Customer, Quote, Sale):
        assert not model.objects.visible_to(firms.pat).exists()
    client = signed_in(firms.pat)
    assert client.get(f"/accounts/{deal.account_id}/").status_code == 404
    assert f"/accounts/{deal.account_id}/" not in client.get(f"/opportunities/{deal.pk}/").content.decode()


def test_of_a_timeline_partners_people_read_what_is_theirs(firms):
    """What others noted on a deal that names the partner stays among them, on the deal and by its own address."""
    deal = OpportunityFactory(owner=firms.alice, partner=firms.mine)
    [ours] = log_activities([{"kind": "note", "subject": "OURS", "regarding": deal}], by=firms.alice)
    [theirs] = log_activities([{"kind": "note", "subject": "THEIRS", "regarding": deal}], by=firms.pat)
    client = signed_in(firms.pat)
    for query in ("", "?kind=note"):
        page = client.get(f"/opportunities/{deal.pk}/timeline/{query}").content.decode()
        assert "THEIRS" in page
        assert "OURS" not in page
    assert client.get(f"/activities/{theirs.pk}/").status_code == 200
    assert client.get(f"/activities/{ours.pk}/").status_code == 404
    both = signed_in(firms.alice).get(f"/opportunities/{deal.pk}/timeline/").content.decode()
    assert "OURS" in both
    assert "THEIRS" in both


def test_what_the_partners_people_enter_names_their_company(firms):
    """They cannot name another one, neither at first nor later, and no form offers it."""
    [lead] = create_leads([{"first_name": "A", "last_name": "B", "company": "C"}], by=firms.pat)
    assert (lead.partner_id, lead.owner) == (firms.mine.pk, firms.pat)
    with pytest.raises(Refused):
        create_leads([{"first_name": "A", "last_name": "B", "partner": firms.theirs}], by=firms.pat)
    with pytest.raises(PermissionDenied):
        update_record(lead, {"partner": firms.theirs}, by=firms.pat)
    assert register_deal({"name": "Prospect"}, by=firms.pat).partner_id == firms.mine.pk
    with pytest.raises(Refused):
        register_deal({"name": "Prospect", "partner": firms.theirs}, by=firms.pat)
    client = signed_in(firms.pat)
    assert 'name="partner"' not in client.get("/registrations/new/").content.decode()
    client.post("/registrations/new/", {"name": "By hand", "partner": firms.theirs.pk})
    assert DealRegistration.objects.unscoped("a test").get(name="By hand").partner_id == firms.mine.pk


def test_sums_are_of_the_deals_that_are_seen(firms):
    """OP-7: the board's heads add up what the partner sees, not what somebody owns; a forecast is not their business."""
    deal = OpportunityFactory(owner=firms.alice, partner=firms.mine, amount=500)
    OpportunityFactory(owner=firms.alice, amount=900, stage=deal.stage)
    rows = Opportunity.objects.filter(pipeline=deal.pipeline, state="open")
    sums = board.totals(rows, firms.pat, deal.pipeline, narrowed=False)
    assert {stage: found["count"] for stage, found in sums.items()} == {deal.stage_id: 1}
    client = signed_in(firms.pat)
    assert client.get("/forecast/").status_code == 404
    assert 'href="/forecast/"' not in client.get("/").content.decode()


def test_people_of_partners_are_no_administrators(firms):
    """A constraint of the database, and a sentence in the administration."""
    for values in ({"is_superuser": True}, {"is_staff": True}, {"door": User.PORTAL}):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=firms.pat.pk).update(**values)
    client, page = signed_in(firms.rita), f"/admin/core/user/{firms.alice.pk}/change/"
    known = client.get(page).context["adminform"].form.initial
    form = {name: value for name, value in known.items() if isinstance(value, str | bool | int) and value is not False}
    form |= {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    refused = client.post(page, form | {"partner": AccountFactory().pk})
    assert "This account is no partner." in refused.content.decode()
    assert client.post(page, form | {"partner": firms.mine.pk}).status_code == 302
    assert User.objects.get(pk=firms.alice.pk).partner_id == firms.mine.pk
