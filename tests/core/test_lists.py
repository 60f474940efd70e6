"""Lists: sort, keyset pages, search, counts, remembered columns."""

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_site.core import lists, planner
from crm_site.core.kinds import KINDS
from customers.models import Account
from tests.factories import AccountFactory, ActivityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind():
    """Accounts stand for every kind."""
    return KINDS["customers.account"]


def page(kind, user, query=""):
    """The page of an address."""
    return lists.page_of(kind, QueryDict(query), user)


def walk(kind, user, query, way="after"):
    """All rows by paging through a list."""
    found, address = [], query
    for _page in range(50):
        listing = page(kind, user, address)
        found = found + listing.rows if way == "after" else listing.rows + found
        more = listing.more_after if way == "after" else listing.more_before
        if not more:
            return found
        edge = listing.rows[-1] if way == "after" else listing.rows[0]
        address = f"{query}&{way}={lists.cursor(edge, listing.order)}"
    raise AssertionError("the list never ends")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from(["a", "A", "ä", "b", "B b", "ß", "Z", "10", "9"]), min_size=1, max_size=34),
    sort=st.sampled_from(["name", "-name", "new", "-new", "changed", "-changed"]),
)
def test_paging_shows_every_row_once(cast, kind, names, sort):
    """Whatever the names, walking forwards shows each row once and in order; also with equal sort values."""
    Account.objects.unscoped("a fresh table for each example").delete()
    for name in names:
        AccountFactory(name=name, owner=cast.alice)
    whole = [row.pk for row in page(kind, cast.alice, f"sort={sort}&page_size=100").rows]
    assert len(whole) == len(names)
    assert [row.pk for row in walk(kind, cast.alice, f"sort={sort}&page_size=10")] == whole


def test_paging_back_leads_to_the_start(cast, kind):
    """From the last page backwards one meets the same rows in the same order."""
    for number in range(35):
        AccountFactory(name=f"Same {number % 3}", owner=cast.alice)
    whole = page(kind, cast.alice, "page_size=100").rows
    last = page(kind, cast.alice, f"page_size=10&after={lists.cursor(whole[-2], ('name_sort', 'id'))}")
    assert [row.pk for row in last.rows] == [whole[-1].pk]
    assert last.more_before
    assert not last.more_after
    back = walk(kind, cast.alice, f"page_size=10&before={lists.cursor(whole[-1], ('name_sort', 'id'))}", way="before")
    assert back


def test_names_sort_as_people_read(cast, kind):
    """Case and accents do not separate."""
    for name in ("zeta", "Äpfel", "apple", "Beta"):
        AccountFactory(name=name, owner=cast.alice)
    assert [row.name for row in page(kind, cast.alice).rows] == ["Äpfel", "apple", "Beta", "zeta"]


@pytest.mark.parametrize(("text", "found"), [
    ("muller", ["Müller & Söhne"]), ("SOHNE mull", ["Müller & Söhne"]), ("100%", ["100% Wool"]), ("a_b", ["a_b"]), ("%", ["100% Wool"]),
    ("nothing", []), ("  ", ["100% Wool", "Müller & Söhne", "a_b"]), ("mü", ["Müller & Söhne"]), ("\\", []),
])  # fmt: skip
def test_search_finds_words_anywhere(cast, kind, text, found):
    """Every word counts, without accents and case; the database's wildcards are plain letters."""
    for name in ("Müller & Söhne", "100% Wool", "a_b"):
        AccountFactory(name=name, owner=cast.alice)
    params = QueryDict(mutable=True)
    params["q"] = text
    rows = lists.page_of(kind, params, cast.alice).rows
    if text == "%":
        assert "a_b" not in [row.name for row in rows]
        return
    assert sorted(row.name for row in rows) == found


def test_a_misspelt_word_finds_what_is_similar(cast, client_of, kind):
    """Where nothing has the word as typed, similar names are shown and said to be so; never those of strangers."""
    AccountFactory(name="Cordanski Ltd", owner=cast.alice, city="Bremen")
    AccountFactory(name="Cordanski Secret", owner=cast.charlie)
    AccountFactory(name="Bordeaux Wine", owner=cast.alice)
    for query in ("q=Cordansky", "q=kordanski", "q=cordansky+ltda"):
        listing = page(kind, cast.alice, query)
        assert ([row.name for row in listing.rows], listing.similar) == (["Cordanski Ltd"], True), query
    assert not page(kind, cast.alice, "q=Cordansky&status=closed").rows, "the filters hold for what is similar too"
    exact = page(kind, cast.alice, "q=cordanski")
    assert ([row.name for row in exact.rows], exact.similar) == (["Cordanski Ltd"], False)
    for query in ("q=00494212345", "q=zq", "q=Xylophon", "q=A-999999"):
        assert (page(kind, cast.alice, query).rows, page(kind, cast.alice, query).similar) == ([], False), query
    for address in ("/accounts/?q=Cordansky", "/search/?q=Cordansky"):
        text = client_of(cast.alice).get(address).content.decode()
        assert "Cordanski Ltd" in text
        assert "Nothing has exactly “Cordansky”" in text
        assert "Secret" not in text
    assert "Nothing found" in client_of(cast.alice).get("/search/?q=Xylophon").content.decode()


@pytest.mark.parametrize(
    ("text", "found"), [("ba", ["Bach call", "To Bach"]), ("b", ["Bach call", "To Bach"]), ("t b", ["To Bach"])]
)
def test_short_words_begin_words_of_a_subject(cast, text, found):
    """A kind without a name to sort by finds one or two letters at the start of any word."""
    for subject in ("Bach call", "To Bach", "Alibaba"):
        ActivityFactory(subject=subject, owner=cast.alice)
    rows = page(KINDS["customers.activity"], cast.alice, f"q={text.replace(' ', '+')}").rows
    assert sorted(row.subject for row in rows) == found


def test_scarce_rows_and_common_ones_come_in_the_same_order(cast, kind, monkeypatch):
    """Whether rows are sorted or looked for along an index changes nothing of what a page shows."""
    for number in range(25):
        AccountFactory(name=f"Same {number % 3}", owner=cast.alice)
    for sort in ("name", "-name", "new", "-new", "changed", "-changed"):
        seen = []
        for most in (10_000, -1):
            monkeypatch.setattr(planner, "SCARCE", most)
            seen.append([row.pk for row in walk(kind, cast.alice, f"q=same&sort={sort}&page_size=10")])
        assert seen[0] == seen[1]
        assert len(set(seen[0])) == 25


def test_many_rows_with_a_tag_are_walked_to_in_their_order(cast, kind, settings):
    """An index has the rows with tags in the order of the list: the same rows come from it, one's own and all."""
    for number in range(40):
        AccountFactory(name=f"Same {number % 3}", owner=cast.alice if number % 2 else cast.charlie,
                       tags=["fair"] if number % 4 < 2 else ["vip"] if number % 8 == 2 else [])  # fmt: skip
    seen = {}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_account")
        for way in ("seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    for settings.COUNT_CAP in (1000, 5):
        with CaptureQueriesContext(connection) as asked:
            seen[settings.COUNT_CAP] = [
                [row.pk for row in walk(kind, user, f"tag=fair&sort={sort}&page_size=10")]
                for user in (cast.alice, cast.rita) for sort in ("name", "-name", "new")
            ]  # fmt: skip
        assert any("NOT (" in query["sql"] for query in asked) == (settings.COUNT_CAP == 5)
    assert seen[5] == seen[1000]
    assert [len(rows) for rows in seen[5]] == [10] * 3 + [20] * 3


def test_a_number_finds_its_record(cast, kind):
    """The human number leads to the record, with or without prefix zeros; never to one out of reach."""
    mine, other = AccountFactory(owner=cast.alice), AccountFactory(owner=cast.charlie)
    assert [row.pk for row in page(kind, cast.alice, f"q={mine.number}").rows] == [mine.pk]
    assert [row.pk for row in page(kind, cast.alice, f"q=a-{mine.pk}").rows] == [mine.pk]
    assert page(kind, cast.alice, f"q={other.number}").rows == []


def test_counts_stop_at_the_cap(cast, kind, settings):
    """The count on a page looks at no more rows than the cap; the exact one is asked for."""
    settings.COUNT_CAP = 5
    AccountFactory.create_batch(12, owner=cast.alice)
    listing = page(kind, cast.alice, "page_size=10")
    assert (listing.count, listing.capped) == (5, True)


def test_a_count_that_would_be_a_long_walk_is_left_until_it_is_asked_for(cast, kind, monkeypatch):
    """What filters leave is counted where that costs little; else a page says that it shows not all of them."""
    AccountFactory.create_batch(12, owner=cast.alice, status="closed")
    AccountFactory.create_batch(2, owner=cast.charlie, status="closed")
    told = []
    for few, cheap in ((10_000, 3_000), (-1, 3_000), (-1, -1)):
        monkeypatch.setattr(planner, "SCARCE", few)
        monkeypatch.setattr(planner, "COSTLY", cheap)
        listing = page(kind, cast.alice, "status=closed&page_size=10")
        told.append((listing.count, listing.capped, len(listing.rows), listing.more_after))
    assert told == [(12, False, 10, True), (12, False, 10, True), (10, True, 10, True)]


def test_a_count_that_would_only_tell_more_is_left_sooner(cast, kind, monkeypatch, settings):
    """Where the planner expects more rows than a page counts, less is spent on being told so."""
    AccountFactory.create_batch(30, owner=cast.alice, status="closed")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_account")
    monkeypatch.setattr(planner, "SCARCE", -1)
    monkeypatch.setattr(planner, "COSTLY_MORE", -1)
    told = []
    for settings.COUNT_CAP in (1000, 5):
        listing = page(kind, cast.alice, "status=closed&page_size=10")
        told.append((listing.count, listing.capped))
    assert told == [(30, False), (10, True)]


def test_filters_narrow_and_can_be_taken_off(cast, kind):
    """A filter in the address narrows, shows as a chip, and its chip leads to the list without it."""
    AccountFactory(name="Open", owner=cast.alice)
    AccountFactory(name="Shut", owner=cast.alice, status="closed")
    listing = page(kind, cast.alice, "status=closed&sort=name")
    assert [row.name for row in listing.rows] == ["Shut"]
    chips = lists.chips(listing)
    assert len(chips) == 1
    assert "status" not in chips[0]["remove_url"]
    assert "sort=name" in chips[0]["remove_url"]


def test_a_wrong_filter_is_no_filter_that_leaks(cast, kind):
    """A filter that makes no sense never shows what the gate hides."""
    AccountFactory(owner=cast.charlie)
    for query in ("status=nonsense", "owner=999999999999999999", "team=x", "created_after=2026-99-99"):
        assert page(kind, cast.alice, query).rows == []


def test_hidden_links_are_not_named(cast):
    """A link column names only what the viewer may see."""
    secret = AccountFactory(name="Secret", owner=cast.charlie)
    child = AccountFactory(name="Child", owner=cast.alice, parent=secret)
    columns = [KINDS["customers.account"].column("parent")]
    assert lists.linked(columns, [child], cast.alice) == {}
    assert next(iter(lists.linked(columns, [child], cast.rita).values()))[0] == "Secret"


def columns_of(answer):
    """The names of the columns that a list shows, in their order."""
    return [head["name"] for head in answer.context["heads"]]


def test_columns_are_remembered_with_their_order(cast, client_of):
    """U21: the last choice holds for the list and for exports, not for other lists, users or saved views."""
    client = client_of(cast.alice)
    usual = columns_of(client.get("/accounts/"))
    assert columns_of(client.get("/accounts/?col=status&col=name&col=password")) == ["status", "name"]
    cookie = client.cookies["kith_columns_accounts"]
    assert (cookie.value, cookie["path"], cookie["httponly"]) == (f"{cast.alice.pk}:status.name", "/accounts/", True)
    again = client.get("/accounts/")
    assert columns_of(again) == ["status", "name"]
    offered = client.get("/accounts/columns/").context["columns"]
    assert [column["name"] for column in offered][:2] == ["status", "name"]
    exported = client.get("/accounts/export/").context["columns"]
    assert [column["name"] for column in exported if column["shown"]] == ["status", "name"]
    client.get("/accounts/?col=city&view=7")
    assert columns_of(client.get("/accounts/")) == ["status", "name"]
    assert "status" not in columns_of(client.get("/contacts/"))
    client.force_login(cast.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert columns_of(client.get("/accounts/")) == usual


def test_the_choice_of_columns_is_forgotten_and_checked(cast, client_of):
    """`col=` brings back the usual columns; a cookie that was tampered with does too."""
    client = client_of(cast.alice)
    usual = columns_of(client.get("/accounts/?col=name"))
    assert usual == ["name"]
    usual = columns_of(client.get("/accounts/?col="))
    assert len(usual) > 1
    assert columns_of(client.get("/accounts/")) == usual
    for value in ("", "x", f"{cast.alice.pk}:password.__class__", f"{cast.alice.pk}:" + "a." * 3000):
        client.cookies["kith_columns_accounts"] = value
        assert columns_of(client.get("/accounts/")) == usual


def test_columns_are_the_kinds_own(cast, kind):
    """Only declared columns can be shown, in the order asked for, each once."""
    shown = lists.shown_columns(kind, QueryDict("col=status&col=name&col=status&col=password"))
    assert [column.name for column in shown] == ["status", "name"]


def test_rows_that_one_may_only_read_are_marked(cast, client_of):
    """U18: a colleague's row is shown without editors, one's own with them; who may change all asks for nothing more."""
    mine, theirs = (
        AccountFactory(owner=owner, team=cast.north, name=owner.first_name) for owner in (cast.alice, cast.bob)
    )
    rows = {row["id"]: row["fixed"] for row in client_of(cast.alice).get("/accounts/").context_data["rows"]}
    assert rows == {mine.pk: False, theirs.pk: True}
    assert (
        f'<tr data-fixed><td class="pick"><input type="checkbox" name="row" value="{theirs.pk}"'
        in client_of(cast.alice).get("/accounts/").text
    )
    assert not any(row["fixed"] for row in client_of(cast.rita).get("/accounts/").context_data["rows"])
