"""The volume: the same shapes at any size, and lists that agree with the gate on it."""

import pytest
from django.contrib.postgres.aggregates import ArrayAgg
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Max, Min, Sum

from crm_site.core.kinds import KINDS
from crm_site.core.models import Team, TeamClosure, User
from crm_site.volume import load
from customers.models import Account, Activity, Consent, Contact, Customer
from customers.operations.reach import drifted
from sales import rollup
from sales.models import Credit, Opportunity, OpportunityChange, OpportunityLine, Quote, Sale
from sales.models.opportunity import WATCHED
from support.dues import refresh
from support.models import Case, Clock, Message

pytestmark = [pytest.mark.django_db]
SIZES = {"contacts": 1500, "customers": 500, "accounts": 500, "activities": 3000, "users": 40, "teams": 15}

SOLD = {"opportunities": 1200, "leads": 300, "quotes": 200, "products": 60, "campaigns": 20}


@pytest.fixture(scope="module")
def loaded(standing):
    """The addresses of the first three users of a small volume."""
    sizes = {name: SIZES[name] for name in ("accounts", "contacts", "customers", "activities")} | SOLD
    sizes |= {"cases": 800, "running": 120}
    options = {"users": 40, "teams": 15, "seed": 7, "password": "volume-password-1", "history_percent": 10, "say": str}
    standing(lambda: load.load(sizes, **options))
    return [f"volume-{number:04d}@example.test" for number in (1, 2, 3)]


@pytest.fixture
def volume(loaded, db):
    """A small volume; its first three users: administrator, manager above all, seller of the oldest rows."""
    return [User.objects.get(email=email) for email in loaded]


def every(model):
    return model.objects.unscoped("a test counts all")


def test_the_shapes_are_those_asked_for(volume):
    _admin, top, small = volume
    assert every(Contact).count() == 1500
    assert every(Activity).exclude(regarding_type__model="opportunity").count() == 3000
    assert Consent.objects.filter(status="withdrawn").exists()
    assert TeamClosure.objects.aggregate(deep=Max("depth"))["deep"] == 3
    assert TeamClosure.objects.filter(ancestor=top.team).count() == Team.objects.count() == 15
    for model in (Account, Contact, Customer):
        own = every(model).filter(owner=small)
        assert own.count() == 30
        assert (
            own.aggregate(m=Max("created_at"))["m"]
            <= every(model).exclude(owner=small).aggregate(m=Min("created_at"))["m"]
        )
    busiest = every(Activity).values("customer").exclude(customer=None).annotate(n=Count("pk")).order_by("-n")[0]["n"]
    assert busiest >= 750


def test_deals_have_the_past_that_their_changes_tell(volume):
    """Each deal stands as its latest change left it; a change begins where the one before it ended."""
    told = [name for name in WATCHED if name != "currency"]
    deals = {deal.pk: deal for deal in every(Opportunity)}
    assert len(deals) == SOLD["opportunities"]
    latest = {}
    for change in OpportunityChange.objects.order_by("at", "id"):
        before = latest.get(change.opportunity_id)
        assert change.from_alive == bool(before)
        if before:
            assert [getattr(change, f"from_{x}") for x in told] == [getattr(before, f"to_{x}") for x in told]
        latest[change.opportunity_id] = change
    for pk, deal in deals.items():
        assert [getattr(latest[pk], f"to_{x}") for x in told] == [getattr(deal, x) for x in told]
        assert latest[pk].to_alive == (deal.deleted_at is None)
        assert latest[pk].at == deal.changed_at
    states = [deal.state for deal in deals.values()]
    assert 0.2 < states.count("open") / len(states) < 0.3
    assert rollup.repair() == 0


def test_quotes_and_sales_add_up(volume):
    assert every(Quote).count() == pytest.approx(SOLD["quotes"], abs=1)
    won = every(Opportunity).filter(state="won", deleted_at=None)
    assert every(Sale).count() == won.count() > 0
    for papers in (every(Quote), every(Sale)):
        for paper in papers.prefetch_related("lines"):
            lines = paper.lines.all()
            assert (sum(x.net for x in lines), sum(x.tax for x in lines)) == (paper.net, paper.tax)
    for deal in every(Opportunity).filter(amount_from_lines=True)[:50]:
        assert OpportunityLine.objects.filter(opportunity=deal).aggregate(s=Sum("net"))["s"] == deal.amount
    assert Credit.objects.count() == every(Sale).exclude(owner=None).count()
    numbers = sorted(every(Sale).filter(sold_on__year=2025).values_list("document", flat=True))
    assert [int(number[-5:]) for number in numbers] == list(range(1, len(numbers) + 1))


def test_derived_columns_are_true_and_new_records_follow(volume):
    assert set(drifted().values()) == {0}
    last = every(Account).aggregate(last=Max("pk"))["last"]
    assert Account.objects.create(name="The next one").pk == last + 1
    for contact in every(Contact).filter(account__isnull=False)[:50]:
        assert contact.affiliations.get(is_main=True).account_id == contact.account_id


def test_cases_are_as_their_clocks_say(volume):
    """Each case has its clock, whole from its first moment; what is due next is what the clock says."""
    assert every(Case).count() == 800
    assert every(Case).filter(category__in=["new", "open", "waiting"]).count() == 120
    assert Message.objects.count() == sum(every(Case).values_list("message_count", flat=True))
    running = Clock.objects.filter(state="running")
    assert dict(running.values_list("case_id", "due_at")) == dict(
        every(Case).filter(category__in=["new", "open"]).values_list("pk", "due_at")
    )
    ended = Clock.objects.filter(state__in=["met", "breached"])
    assert ended.count() == 680
    assert {state for (state,) in ended.values_list("state")} == {"met", "breached"}
    assert not ended.exclude(segments__ended_at=F("stopped_at")).exists()
    before = dict(every(Case).values_list("pk", "due_at"))
    refresh(list(before))
    assert dict(every(Case).values_list("pk", "due_at")) == before


def test_triggers_and_indexes_are_back(volume):
    account = Account.objects.create(name="Watched")
    assert account.events.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone()[0] == "origin"


def test_it_refuses_a_database_in_use(volume):
    with pytest.raises(CommandError, match="holds records"):
        call_command("make_volume", **SIZES)


@pytest.mark.parametrize("query", [{}, {"q": "son"}, {"q": "zanvi"}, {"tags__contains": ["vip"]}])
@pytest.mark.parametrize("key", ["customers.account", "customers.contact", "customers.activity"])
def test_a_first_page_is_what_the_gate_opens(volume, key, query):
    from crm_site.core.lists import search

    kind = KINDS[key]
    people = [
        *volume,
        User.objects.get(email="volume-0004@example.test"),
        User.objects.get(email="volume-0040@example.test"),
    ]
    for user in people:
        for sort in kind.sorts.values():
            rows = kind.model.objects.all()
            rows = search(rows, query["q"], kind.model) if "q" in query else rows.filter(**query)
            asked = [row.pk for row in rows.first_of(user, 51, sort.order)]
            assert asked == list(rows.visible_to(user).order_by(*sort.order).values_list("pk", flat=True)[:51]), (
                user,
                sort,
            )
            assert rows.first_of(user, 10_000, ()).count() == rows.visible_to(user).count()


def test_same_arguments_same_rows(volume):
    shape = every(Contact).aggregate(names=ArrayAgg("last_name", order_by="pk"))["names"][:5]
    assert shape[0] != shape[1]
    assert all(name[0].isupper() for name in shape)
