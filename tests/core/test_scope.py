"""The gate: PM-1 to PM-5 and PM-9."""

import datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_site.core.kept import kept_objects, written_for
from crm_site.core.models import REACHES, Membership, Share, User
from crm_site.core.scope import explain, remember
from crm_site.core.sharing import share_record, unshare_record
from customers.models import Account, Activity
from tests.cast import grant
from tests.conftest import fresh
from tests.factories import AccountFactory, ActivityFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def names(rows):
    """The names of the rows, sorted."""
    return sorted(row.name for row in rows)


@kept_objects("name")
def kept_accounts(user, action):
    """The accounts on which a user may do something, by a statement that is made once for all who are alike."""
    return Account.objects.visible_to(user, action)


def names_kept(user, action="view"):
    """The names of what a kept statement shows to the user, in a request of their own."""
    remember(asking := fresh(user))
    return names(kept_accounts(asking, action))


@pytest.fixture
def tree(cast):
    """One account in each place: Nora's own, her team's, of a team below, above, elsewhere, and nobody's."""
    middle = TeamFactory(name="Middle", parent=TeamFactory(name="Top"))
    below = TeamFactory(name="Below", parent=middle)
    User.objects.filter(pk=cast.nora.pk).update(team=middle)
    Membership.objects.create(user=cast.nora, team=middle)
    for name, team, owner in [
        ("own", None, cast.nora), ("team", middle, cast.pat), ("below", below, cast.pat), ("above", middle.parent, cast.pat),
        ("elsewhere", cast.north, cast.alice), ("nobody", None, None),
    ]:  # fmt: skip
        AccountFactory(name=name, owner=owner, team=team)
    return cast


@pytest.mark.parametrize(("reach", "expected"), [
    ("none", []), ("own", ["own"]), ("team", ["own", "team"]), ("subtree", ["below", "own", "team"]),
    ("all", ["above", "below", "elsewhere", "nobody", "own", "team"]),
])  # fmt: skip
@pytest.mark.parametrize("action", ["view", "change", "delete", "export", "bulk", "merge"])
def test_pm1_reach_decides(tree, reach, expected, action):
    """PM-1: none, own, team, subtree and all mean what they say, for every action alike."""
    nora = grant(tree.nora, Account, **{action: reach})
    assert names(Account.objects.visible_to(nora, action)) == names_kept(nora, action) == expected
    assert names(Account.objects.all().first_of(nora, 50, ("name_sort", "id"), action)) == expected
    others = {"view", "change", "delete", "export", "bulk", "merge"} - {action}
    assert not any(Account.objects.visible_to(nora, other).exists() for other in others)


def test_pm1_the_widest_role_wins(tree):
    """PM-1: several roles never take away from each other, in whatever order they were given."""
    for reaches in (["own", "subtree", "team"], ["none"]):
        for reach in reaches:
            nora = grant(tree.nora, Account, view=reach)
    assert nora.reach(Account, "view") == "subtree"
    assert names(Account.objects.visible_to(nora)) == ["below", "own", "team"]


def test_pm1_a_role_of_one_kind_opens_no_other(tree):
    """PM-1: a role for accounts says nothing about activities."""
    nora = grant(tree.nora, Account, view="all")
    ActivityFactory(owner=tree.alice)
    assert Activity.objects.visible_to(nora).count() == 0


@pytest.mark.parametrize(("who", "sees"), [
    ("alice", ["N1", "N2"]), ("bob", ["F1", "N1", "N2", "S1"]), ("charlie", ["S1"]), ("dora", ["F1", "N1", "N2", "S1", "X"]),
    ("audrey", ["F1", "N1", "N2", "S1", "X"]), ("rita", ["F1", "N1", "N2", "S1", "X"]), ("nora", []), ("paula", []), ("pat", []),
])  # fmt: skip
def test_pm2_the_cast(cast, who, sees):
    """PM-2: the rep sees his team's, the manager all below him, a stranger and a portal user nothing."""
    colleague = UserFactory(team=cast.north)
    AccountFactory(name="N1", owner=cast.alice)
    AccountFactory(name="N2", owner=colleague)
    AccountFactory(name="S1", owner=cast.charlie)
    AccountFactory(name="F1", team=cast.far_south, owner=None)
    AccountFactory(name="X", owner=None)
    assert names(Account.objects.visible_to(getattr(cast, who))) == names_kept(getattr(cast, who)) == sees


def test_pm2_a_kept_statement_asks_for_each_users_own(cast):
    """PM-2: made for one rep, it shows another rep only theirs; what was shared with one is another statement."""
    shared = AccountFactory(name="S", owner=cast.charlie)
    AccountFactory(name="N", owner=cast.alice)
    assert (names_kept(cast.alice), names_kept(cast.charlie)) == (["N"], ["S"])
    made = written_for.cache_info().misses
    assert (names_kept(cast.charlie), names_kept(cast.alice)) == (["S"], ["N"])
    assert written_for.cache_info().misses == made
    share_record(shared, by=cast.charlie, reason="he helps", user=cast.alice)
    assert names_kept(cast.alice) == ["N", "S"]
    assert names_kept(cast.alice, "change") == names(Account.objects.changeable_by(fresh(cast.alice)))
    unasked = fresh(cast.alice)
    assert names(kept_accounts(unasked, "view")) == ["N", "S"]  # as outside of a request


def test_pm2_a_team_moved_is_followed_at_once(cast):
    """PM-2: the closure of teams is kept by the database; a moved team is seen by its new managers only."""
    AccountFactory(name="F1", team=cast.far_south, owner=None)
    assert Account.objects.visible_to(cast.bob).count() == 1
    cast.south.parent = None
    cast.south.save()
    assert Account.objects.visible_to(fresh(cast.bob)).count() == 0


def test_pm2_the_bin_is_closed(cast):
    """What is in the bin is seen by no gate but deleted_for."""
    account = AccountFactory(owner=cast.alice, deleted_at=timezone.now())
    for rows in (Account.objects.visible_to(cast.rita), Account.objects.changeable_by(cast.alice),
                 Account.objects.all().first_of(cast.rita, 5, ("id",))):  # fmt: skip
        assert account not in rows
    assert account in Account.objects.deleted_for(cast.alice)
    assert account not in Account.objects.deleted_for(cast.charlie)


def test_pm2_shares_widen(cast):
    """PM-2: a share opens one record to one user or team; to read, or also to change; never to delete or export."""
    account = AccountFactory(owner=cast.alice)
    other = AccountFactory(owner=cast.alice)
    share_record(account, by=cast.alice, user=cast.charlie, reason="joint bid")
    assert list(Account.objects.visible_to(cast.charlie)) == [account]
    assert list(Account.objects.all().first_of(cast.charlie, 5, ("name_sort", "id"))) == [account]
    assert not Account.objects.changeable_by(cast.charlie).exists()
    share_record(account, by=cast.alice, user=cast.charlie, can_change=True, reason="joint bid")
    assert Share.objects.count() == 1
    assert list(Account.objects.changeable_by(cast.charlie)) == [account]
    for action in ("delete", "export", "bulk", "merge"):
        assert not Account.objects.visible_to(cast.charlie, action).exists()
    assert other not in Account.objects.visible_to(cast.charlie)


def test_pm2_a_share_with_a_team_opens_to_its_members(cast):
    """PM-2: sharing with a team opens to its members, not to those above it or beside it."""
    account = AccountFactory(owner=cast.alice)
    share_record(account, by=cast.alice, team=cast.service, reason="support takes over")
    no_role = UserFactory()
    Membership.objects.create(user=no_role, team=cast.service)
    assert account in Account.objects.visible_to(no_role)
    assert account not in Account.objects.visible_to(cast.charlie)
    Membership.objects.filter(user=no_role).delete()
    assert account not in Account.objects.visible_to(no_role)


def test_pm2_a_share_ends(cast):
    """PM-2: the last day still counts, the day after no more; a share that is taken back closes at once."""
    today = timezone.localdate()
    account = AccountFactory(owner=cast.alice)
    for until, seen in [(today, True), (today + datetime.timedelta(1), True), (today - datetime.timedelta(1), False)]:
        share = share_record(account, by=cast.alice, user=cast.charlie, until=until, reason="for a while")
        assert (account in Account.objects.visible_to(cast.charlie)) is seen
        assert bool(Account.objects.all().first_of(cast.charlie, 5, ("id",))) is seen
    share = share_record(account, by=cast.alice, user=cast.charlie, reason="again")
    unshare_record(account, share, by=cast.alice)
    assert account not in Account.objects.visible_to(cast.charlie)


def test_pm2_a_share_of_one_kind_opens_no_other(cast):
    """PM-2: ids of different kinds meet; a share of account 7 opens no activity 7."""
    account = AccountFactory(owner=cast.alice)
    activity = ActivityFactory(owner=cast.alice, id=account.pk)
    share_record(account, by=cast.alice, user=cast.charlie, reason="joint bid")
    assert activity not in Activity.objects.visible_to(cast.charlie)


def test_pm3_children_follow_for_reading_unless_private(cast):
    """PM-3: who sees the record that an activity belongs to reads it, but not a private one."""
    told = ActivityFactory(owner=cast.bob, team=None, followed_owner=cast.charlie)
    by_team = ActivityFactory(owner=cast.bob, team=None, followed_team=cast.south)
    secret = ActivityFactory(owner=cast.bob, team=None, followed_owner=cast.charlie, is_private=True)
    assert set(Activity.objects.visible_to(cast.charlie)) == {told, by_team}
    assert set(Activity.objects.all().first_of(cast.charlie, 9, ("-at", "-id"))) == {told, by_team}
    assert secret in Activity.objects.visible_to(cast.bob)
    assert secret not in Activity.objects.visible_to(cast.rita)


def test_pm4_unscoped_wants_a_reason(cast):
    """PM-4: going past the gate is possible, but never silently."""
    with pytest.raises(ValueError, match="why"):
        Account.objects.unscoped("")


ORDERS = [("name_sort", "id"), ("-id",), ("-changed_at", "-id")]
ROW = st.tuples(st.integers(0, 3), st.integers(0, 4), st.booleans(), st.sampled_from("abC ä"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, max_size=14), reach=st.sampled_from(REACHES), order=st.sampled_from(ORDERS), limit=st.integers(1, 6),
    shared=st.booleans(),
)  # fmt: skip
def test_pm4_first_of_is_the_top_of_visible_to(cast, rows, reach, order, limit, shared):
    """PM-4: the quick ways over the indexes give the same rows in the same order as the plain gate."""
    people, teams = (
        [cast.pat, cast.alice, cast.charlie, None],
        [None, cast.sales, cast.north, cast.south, cast.far_south],
    )
    with transaction.atomic():
        Membership.objects.create(user=cast.pat, team=cast.sales)
        Membership.objects.create(user=cast.pat, team=cast.south)
        user = grant(cast.pat, Account, view=reach)
        made = [
            AccountFactory(name=f"x{name}", owner=people[owner], team=teams[team], deleted_at=timezone.now() if binned else None)
            for owner, team, binned, name in rows
        ]  # fmt: skip
        if shared and made:
            Share.objects.create(
                content_type_id=content_type(Account), object_id=made[-1].pk, user=user, reason="hypothesis"
            )
        plain = list(Account.objects.visible_to(user).order_by(*order)[:limit])
        assert list(Account.objects.all().first_of(user, limit, order)) == plain
        mine = set(Account.objects.visible_to(user).filter(owner=user)) if reach != "none" else set()
        assert set(Account.objects.own_of(user)) == mine
        transaction.set_rollback(True)


def content_type(model):
    """The id of a model's content type."""
    from django.contrib.contenttypes.models import ContentType

    return ContentType.objects.get_for_model(model).pk


def test_pm5_the_gate_is_one_condition(cast):
    """PM-5: no list of ids is built in Python; one statement, however many teams and records there are."""
    for number in range(20):
        TeamFactory(parent=cast.south, name=f"Deep {number}")
    list(Account.objects.visible_to(cast.bob))
    with CaptureQueriesContext(connection) as queries:
        list(Account.objects.visible_to(cast.bob))
        list(Account.objects.all().first_of(cast.bob, 50, ("name_sort", "id")))
    assert len(queries) <= 4
    assert all(len(query["sql"]) < 6000 for query in queries)


def test_pm8_who_is_not_active_reaches_nothing(cast):
    """PM-8: a deactivated user sees nothing, and the records stay visible to others."""
    account = AccountFactory(owner=cast.alice)
    share_record(account, by=cast.alice, user=cast.charlie, reason="joint bid")
    User.objects.filter(pk__in=[cast.alice.pk, cast.charlie.pk, cast.rita.pk]).update(is_active=False)
    for user in (cast.alice, cast.charlie, cast.rita):
        assert not Account.objects.visible_to(fresh(user)).exists()
        assert not Account.objects.all().first_of(fresh(user), 5, ("id",)).exists()
    assert account in Account.objects.visible_to(cast.bob)


def test_pm8_a_deactivated_user_is_signed_out(cast, client_of):
    """PM-8: an open session ends with the user."""
    client = client_of(cast.alice)
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    assert client.get("/accounts/").status_code == 302


@pytest.mark.parametrize(("who", "action", "words"), [
    ("alice", "view", ["own it", "North"]), ("bob", "view", ["North"]), ("audrey", "view", ["reaches all"]),
    ("rita", "delete", ["Administrators"]), ("charlie", "view", ["shared"]), ("charlie", "delete", ["not theirs"]),
    ("nora", "view", ["None of their roles"]), ("paula", "view", ["portal"]),
])  # fmt: skip
def test_pm9_explained(cast, who, action, words):
    """PM-9: who can see this, and why, in sentences that name the deciding reason."""
    account = AccountFactory(owner=cast.alice)
    share_record(account, by=cast.alice, user=cast.charlie, reason="joint bid")
    said = " ".join(map(str, explain(getattr(cast, who), account, action)))
    assert all(word in said for word in words), said


@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "dora", "audrey", "rita", "nora", "paula", "pat"])
@pytest.mark.parametrize("action", ["view", "change", "delete"])
def test_pm9_the_explanation_agrees_with_the_gate(cast, who, action):
    """PM-9: a refusal is explained as one exactly when the gate refuses; also private, binned and inactive."""
    account = AccountFactory(owner=cast.alice)
    share_record(account, by=cast.alice, user=cast.charlie, reason="joint bid", can_change=True)
    secret = ActivityFactory(owner=cast.alice, is_private=True)
    user = getattr(cast, who)
    for record in (account, secret):
        seen = type(record).objects.visible_to(user, action).filter(pk=record.pk).exists()
        said = " ".join(map(str, explain(user, record, action)))
        refused = any(
            word in said for word in ("None of their", "not theirs", "portal", "private", "not active", "in the bin")
        )
        assert seen is not refused, said
    account.deleted_at = timezone.now()
    assert "bin" in str(explain(user, account)[0])


def test_pm9_the_access_page(cast, client_of):
    """PM-9: the page shows the answer for any user asked about, to who may see the record."""
    account = AccountFactory(owner=cast.alice)
    page = client_of(cast.alice).get(f"/accounts/{account.pk}/access/", {"user": cast.charlie.pk}).content.decode()
    assert "It is not theirs" in page
    assert client_of(cast.charlie).get(f"/accounts/{account.pk}/access/").status_code == 404
