"""R38, R08, R09: hostile texts, parameters, names, cursors and redirects; nothing breaks, nothing leads off the site."""

import base64
import html
import json
import re
import time
import zlib

import pytest
from django import forms
from django.db import connection, transaction

from crm_site.core.kinds import KINDS
from crm_site.core.lists import order_of, place
from crm_site.core.models import SavedView
from tests.architecture.routes import takes_number
from tests.architecture.samples import filled, make_record, text_fields
from tests.architecture.world import World, declared, undone
from tests.cast import writer
from tests.conftest import signed_in
from tests.factories import AccountFactory
from tests.security.corpus import ELSEWHERE, FULL, HOSTILE, PARAMETERS, naughty

pytestmark = pytest.mark.django_db


def kinds():
    """Every kind."""
    return [pytest.param(kind.key, id=kind.noun) for kind in KINDS.values()]


@pytest.fixture
def world(db):
    """Cast and records."""
    return World()


@pytest.mark.parametrize("key", kinds())
def test_r38_naughty_texts_are_kept_as_they_are(cast, key):
    """Every text in every text field: stored as typed or refused beside the field, shown escaped, never an error.

    A third of the texts is dealt out over the kinds; with KITH_WALK=full each kind gets all of them.
    """
    kind, faults = KINDS[key], []
    user = writer(kind, cast)
    client = signed_in(user)
    client.raise_request_exception = False
    position, texts = list(KINDS).index(key), naughty()
    offered = kind.form(user=user).fields
    names = [f.name for f in text_fields(kind.model, shortest=40) if f.editable and f.name in offered]
    for number, text in enumerate(texts if FULL else texts[position :: 3 * len(KINDS)]):
        name = names[number % len(names)]
        with transaction.atomic():
            before = kind.model.objects.unscoped("look").count()
            answer = client.post(kind.url("create"), filled(kind, user) | {name: text, "tags": text})
            if answer.status_code not in (200, 302, 400):
                faults.append(f"{name}={text[:40]!r}: {answer.status_code}")
            elif answer.status_code == 302 and kind.model.objects.unscoped("look").count() > before:
                faults += shown_wrongly(client, kind, name, text)
            transaction.set_rollback(True)
    assert not faults, "\n".join(faults)


def shown_wrongly(client, kind, name, text):
    """What is wrong with the way the newest record keeps and shows the text."""
    record = kind.model.objects.unscoped("look").order_by("-pk").first()
    stored = getattr(record, name)
    wanted = text.replace("\r\n", "\n").strip()
    if stored.replace("\r\n", "\n").strip() != wanted and name not in NORMALISED:
        return [f"{name}={text[:40]!r} was kept as {stored[:40]!r}"]
    wanted = stored.strip() if name in NORMALISED else wanted
    page = client.get(kind.record_url(record.pk))
    if page.status_code != 200:
        return [f"the page of {name}={text[:40]!r} answers {page.status_code}"]
    body = page.content.decode()
    if any(sign in text for sign in ("<script>alert", "<img src=x")) and text in body:
        return [f"{name}={text[:40]!r} is shown unescaped"]
    if 3 < len(wanted) < 80 and "\n" not in wanted and not shows(body, wanted):
        closed = re.findall(rf'hx-get="({kind.record_url(record.pk)}[a-z/]+)"', body)
        if not any(shows(client.get(part).content.decode(), wanted) for part in closed):
            return [f"{name}={text[:40]!r} is not shown as it is"]
    return []


def shows(body, wanted):
    """Whether the text is on the page as it is."""
    return html.escape(wanted) in body or wanted in html.unescape(body)


# Fields that an operation rightly brings into one form.
NORMALISED = {"domain", "email", "phone", "mobile", "website", "postal_code", "value"}


def parameters(kind, user):
    """The names of everything that an address of the list reads."""
    form = kind.filters({}, queryset=kind.model.objects.none(), user=user).form
    boxes = {name: getattr(field.widget, "suffixes", ()) for name, field in form.fields.items()}
    names = [read for name, ends in boxes.items() for read in ([f"{name}_{end}" for end in ends if end] or [name])]
    return ["q", "sort", "after", "before", "col", "view", "page_size", "filters", "read_by_none", *names]


@pytest.mark.slow
@pytest.mark.parametrize("key", kinds())
def test_r38_hostile_parameters_of_lists(cast, key):
    """Values that are no value in each parameter of a list: an answer every time, and soon.

    The values are dealt out over the parameters and kinds, those of a sort, a place and a search three times as thickly.
    The first of each parameter, and a fourth of the others, ask for the whole page; the rest for its table, which is
    what differs between kinds, unless it is a sort or a place that is no sort or place.
    """
    kind, client = KINDS[key], signed_in(cast.rita)
    client.raise_request_exception = False
    make_record(kind, cast.alice)
    faults, names = [], parameters(kind, cast.rita)
    assert {"mine", "created_after", "created_before"} <= set(names)
    position = list(KINDS).index(key)
    for number, name in enumerate(names, position):
        step = 1 if FULL else 8 if name in ("sort", "after", "q") else 24
        for nth, value in enumerate(HOSTILE[number % step :: step]):
            whole = FULL or not nth or (position + nth) % 4 == 0
            if whole or not dropped(kind, name, value):
                faults += broken(client, kind, name, value, whole=whole)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("key", kinds())
def test_r38_a_list_of_what_hangs_on_nothing_is_empty(cast, key):
    """Each filter by a record that other pages link to, with one that never was: a list without rows."""
    kind, client = KINDS[key], signed_in(cast.rita)
    form = kind.filters({}, queryset=kind.model.objects.none(), user=cast.rita).form
    for name, field in form.fields.items():
        if field.widget.is_hidden and isinstance(field, forms.DecimalField):
            assert (
                client.get(kind.base, {name: "0"}, headers={"HX-Request": "true", "HX-Target": "records"}).status_code
                == 200
            )


def dropped(kind, name, value):
    """Whether a list takes nothing from the value: not offered as a sort, or no place in the list."""
    sort, order = order_of(kind, value if name == "sort" else "")
    return sort != value if name == "sort" else name == "after" and place(value, order, kind.model) is None


def broken(client, kind, name, value, *, whole=True):
    """What is wrong with the list's answer to a value of a parameter: an error, or time spent on a sleep."""
    headers = {} if whole else {"HX-Request": "true", "HX-Target": "records"}
    answer, took = timed(client, kind.base, {name: value}, headers)
    if answer.status_code >= 500:
        yield f"{name}={value[:40]!r}: {answer.status_code}"
    # Asked twice: a busy machine is slow once, a sleep is slow each time.
    if "pg_sleep" in value and took > 2.5 and timed(client, kind.base, {name: value}, headers)[1] > 2.5:
        yield f"{name}={value!r} slept"


def timed(client, address, query, headers):
    """(the answer, the seconds it took)."""
    began = time.monotonic()
    return client.get(address, query, headers=headers), time.monotonic() - began


def test_r38_and_r08_a_careless_search_is_seen(cast, monkeypatch):
    """Negative controls: a search that chokes on a text, and one that puts it into its SQL, are both reported."""
    kind, client = KINDS["customers.account"], signed_in(cast.rita)
    client.raise_request_exception = False
    monkeypatch.setattr("crm_site.core.lists.search", lambda rows, text, model=None: rows.filter(pk=int(text)))
    assert [*broken(client, kind, "q", "x")] == ["q='x': 500"]

    def spliced(rows, text, model=None):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT '{text}'")
        return rows

    monkeypatch.setattr("crm_site.core.lists.search", spliced)
    value = "'; SELECT pg_sleep(3); --"
    assert [*broken(client, kind, "q", value)] == [f"q={value!r} slept"]


def test_r38_a_text_that_was_changed_is_seen(cast):
    """Negative control: a text that is kept or shown otherwise than it was typed is reported."""
    kind, client = KINDS["customers.account"], signed_in(cast.alice)
    AccountFactory(owner=cast.alice, name="Kept & shown")
    assert shown_wrongly(client, kind, "name", "Kept & shown") == []
    assert shown_wrongly(client, kind, "name", "Kept  &  shown") != []


@pytest.mark.slow
def test_r38_hostile_parameters_everywhere(world):
    """Every address of the site asked with all its likely parameters holding a hostile value at once, the next one each time.

    What is posted to it is as hostile in the administrator's walk, in tests/architecture/test_urls.py.
    """
    faults = []
    for number, (route, rule) in enumerate(declared()):
        if route.name == "readyz" or (route.is_admin and number % 5):
            continue
        target = world.path(route, world.subjects(route, rule)[0])
        for value in HOSTILE if FULL else HOSTILE[number % len(HOSTILE) :][:1]:
            response, _found = undone(world.client("rita"), "GET", target, dict.fromkeys(PARAMETERS, value))
            if response.status_code >= 500:
                faults.append(f"{target} {value[:30]!r}: {response.status_code}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("value", ["Infinity", "1", "0", "x,1"])
def test_r38_a_form_of_the_administration_takes_only_keys(cast, client_of, value):
    """What the address fills in for a link and is no key is left out; a key is taken."""
    page = client_of(cast.rita).get("/admin/core/user/add/", {"team": value, "nonsense": value})
    assert page.status_code == 200
    taken = client_of(cast.rita).get("/admin/core/team/add/", {"parent": cast.north.pk, "name": value}).text
    assert f'<option value="{cast.north.pk}" selected>' in taken
    assert f'value="{value}"' in taken


@pytest.mark.slow
def test_r38_hostile_ids(world):
    """Ids that no row has, one in every address that takes one: never anything but "no such page"."""
    faults = []
    for route, _rule in declared():
        for name in route.arguments:
            values = ["0", "9" * 18] if takes_number(route, name) else ["x" * 200, "..", "%00", "-1", "'"]
            turn = zlib.crc32(f"{route} {name}".encode()) % len(values)
            for value in values if FULL else values[turn : turn + 1]:
                target = route.path(**{n: 1 if n != "name" else "status" for n in route.arguments} | {name: value})
                response, tables = world.asked(world.client("rita"), "GET", target)
                if response.status_code >= 500 or tables:
                    faults.append(f"{target}: {response.status_code} {tables}")
    for kind in KINDS.values():
        for value in ("9" * 19, "9" * 40, "-1", "1.5", "0x1", "1e5", "%00", "١", "a", "1%2F..", "null"):
            response, _found = undone(world.client("rita"), "GET", f"{kind.base}{value}/")
            if response.status_code not in (404, 400):
                faults.append(f"{kind.base}{value}/: {response.status_code}")
    assert not faults, "\n".join(faults)


def packed(values):
    """A cursor that holds these values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


FORGED = (
    "", "=", "x", "!!", "a" * 4000, packed([]), packed({}), packed([None]), packed(["x", "y"]), packed(["x", None]), packed([1]),
    packed(["x", 2**70]), packed(["\x00", 1]), packed([{"a": 1}, 1]), packed([[1], 1]), packed(["2026-99-99", 1]), packed([True, 1]),
    packed(["x", 1, 1]), packed(["x" * 3000, 1]), packed("text"), packed(7), packed(["infinity", 1]), packed(["0001-01-01T00:00:00", 1]),
    packed(["9999-12-31T23:59:59+14:00", 1]), packed([1e400, 1]), packed(["x", -(2**63)]),
)  # fmt: skip


@pytest.mark.parametrize("key", kinds())
def test_r08_forged_cursors(cast, key):
    """A cursor that is damaged, of another sort or forged gives the first page or a later one, never an error.

    The cursors are dealt out over the kinds, a third to each, all of them with KITH_WALK=full. The whole page is asked
    for onwards in the usual sort with a fourth of them; else its table, and in the other sorts where a cursor passes for
    a place.
    What is no place is dropped when the cursor is read, and gives the page that "x" gives.
    """
    kind, client = KINDS[key], signed_in(cast.alice)
    make_record(kind, cast.alice)
    position = list(KINDS).index(key)
    cursors = FORGED if FULL else ("x", *FORGED[position % 3 :: 3])
    for sort in ("", *kind.sorts):
        _name, order = order_of(kind, sort)
        for number, cursor in enumerate(cursors, position):
            if sort and cursor != "x" and place(cursor, order, kind.model) is None:
                continue
            for way in ("after", "before"):
                whole = FULL or (way == "after" and not sort and not number % 4)
                headers = {} if whole else {"HX-Request": "true", "HX-Target": "records"}
                response = client.get(kind.base, {way: cursor, "sort": sort}, headers=headers)
                assert response.status_code == 200, (sort, way, cursor)


def test_r08_a_cursor_opens_nothing(cast):
    """A cursor that points at another's record shows only one's own rows beyond it."""
    AccountFactory(name="Aaa of Charlie", owner=cast.charlie)
    AccountFactory(name="Zzz of Charlie", owner=cast.charlie)
    AccountFactory(name="Mmm of Alice", owner=cast.alice)
    page = signed_in(cast.alice).get("/accounts/", {"after": packed(["aaa of charlie", 1])}).content.decode()
    assert "Mmm of Alice" in page
    assert "of Charlie" not in page


@pytest.mark.parametrize(
    "sort",
    ["owner__password", "-owner__password", "password", "?", "id;", "name_sort", "deleted_at", "--name", "random()"],
)
def test_r08_sorts_come_from_a_list(cast, client_of, sort):
    """A sort that is not offered is the default, so that no hidden column can be read by its order."""
    for name in ("b", "a"):
        AccountFactory(name=name, owner=cast.alice)
    response = client_of(cast.alice).get("/accounts/", {"sort": sort})
    assert [row.name for row in response.context_data["rows"] and response.context_data.get("listing", [])] in (
        [],
        ["a", "b"],
    )
    assert response.status_code == 200


@pytest.mark.parametrize("name", [
    "owner__password", "owner__email__startswith", "deleted_at__isnull", "id__in", "_connector", "_negated", "pk", "__class__", "q[]", "created_by",
])  # fmt: skip
def test_r08_parameter_names_reach_no_query(cast, client_of, name):
    """A parameter with the name of a look-up filters nothing and breaks nothing."""
    AccountFactory(owner=cast.alice)
    with_it = client_of(cast.alice).get("/accounts/", {name: "1"})
    assert with_it.status_code == 200
    assert with_it.context_data["count_text"] == "1"


@pytest.mark.parametrize("query", [
    "sort=owner__password", "q=%00", "col=password&col=__class__", "after=!!!", "x" * 3990, "view=1&next=//evil.test", "#fragment", "?//evil.test",
    "q=1\r\nX-Injected: yes", "owner=99999999999999999999",
])  # fmt: skip
def test_r08_saved_views_hold_no_surprise(cast, query):
    """What is stored as a view is an address of the list and opens as one, whatever was posted."""
    client = signed_in(cast.alice)
    client.raise_request_exception = False
    answer = client.post(
        "/accounts/views/save/", {"name": "Trap", "visibility": "private", "query": query, "is_default": "on"}
    )
    assert answer.status_code in (200, 302, 400)
    if answer.status_code == 302:
        assert answer["Location"].startswith("/accounts/?")
        assert "\r" not in answer["Location"]
        assert "\n" not in answer["Location"]
        followed = client.get("/accounts/", follow=True)
        assert followed.status_code in (200, 400)
        assert len(followed.redirect_chain) <= 2
        assert SavedView.objects.filter(owner=cast.alice).count() == 1


@pytest.mark.parametrize(
    "text", ["{{7*7}}", "{% debug %}", "{0.__class__}", "%(name)s", "%s", "{name}", "${7*7}", "<%= 7*7 %>"]
)
def test_r08_templates_are_not_evaluated(cast, client_of, text):
    """A name that looks like a template stays a name in pages, messages, titles and history."""
    account = AccountFactory(name=text, owner=cast.alice)
    client = client_of(cast.alice)
    client.post(f"/accounts/{account.pk}/cell/industry/", {"industry": text, "version": 1})
    for address in ("/accounts/", f"/accounts/{account.pk}/", f"/accounts/{account.pk}/history/", f"/accounts/{account.pk}/delete/",
                    f"/accounts/{account.pk}/edit/", f"/accounts/{account.pk}/access/"):  # fmt: skip
        page = client.get(address)
        assert page.status_code == 200
        assert text in html.unescape(page.content.decode()) or address.endswith("access/")


def test_r08_a_template_that_is_evaluated_is_seen(cast, client_of, monkeypatch):
    """Negative control: where a name goes through a format, the page no longer holds it as it is."""
    account = AccountFactory(name="{0.__class__}", owner=cast.alice)
    monkeypatch.setattr(type(account), "__str__", lambda self: self.name.format(self))
    page = client_of(cast.alice).get(f"/accounts/{account.pk}/delete/")
    assert account.name not in html.unescape(page.content.decode())


def test_r08_an_offered_sort_orders(cast, client_of):
    """Negative control: a sort that is offered does change the order, so that the others' silence means something."""
    for name in ("b", "a"):
        AccountFactory(name=name, owner=cast.alice)
    text = client_of(cast.alice).get("/accounts/", {"sort": "-name"}).content.decode()
    assert text.index(">b<") < text.index(">a<")


def stays(response):
    """Whether every address that an answer sends the browser to is on this site."""
    for header in ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "Refresh"):
        target = response.get(header, "")
        if target and (
            not target.startswith("/") or target.startswith(("//", "/\\")) or any(c in target for c in "\r\n\t\\")
        ):
            return False
    return "X-Injected" not in response and "evil.test" not in str(response.cookies)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_r09_nothing_leads_off_the_site(cast, target):
    """40 ways to say "somewhere else" in next, by form and by address: the answer stays on this site."""
    client = signed_in(cast.alice)
    client.raise_request_exception = False
    kind = KINDS["customers.account"]
    account = AccountFactory(owner=cast.alice)
    answers = []
    for headers in ({}, {"HX-Request": "true", "HX-Target": "modal-content"}):
        answers.append(client.post(kind.url("create"), filled(kind, cast.alice) | {"next": target}, headers=headers))
    edit = filled(kind, cast.alice) | {"next": target, "version": "1"}
    answers.append(client.post(kind.url("edit", account), edit))
    answers.append(client.post(f"{kind.url('create')}", filled(kind, cast.alice), query_params={"next": target}))
    answers.append(client.get("/auth/login/", {"next": target}))
    answers.append(client.post("/auth/logout/", {"next": target}))
    for answer in answers:
        assert answer.status_code < 500
        assert stays(answer), (answer.get("Location"), answer.get("HX-Redirect"))


def test_r09_signing_in_stays_here(cast):
    """Signing in goes on to an address of this site only."""
    from tests.cast import PASSWORD

    for target in ELSEWHERE[:6]:
        client = signed_in(None)
        answer = client.post("/auth/login/", {"login": cast.nora.email, "password": PASSWORD, "next": target})
        assert answer.status_code in (200, 302, 429)
        assert stays(answer)
    client = signed_in(None)
    assert (
        client.post("/auth/login/", {"login": cast.mia.email, "password": PASSWORD, "next": "/accounts/"}).get(
            "Location"
        )
        == "/accounts/"
    )


def test_r09_a_good_next_is_followed(cast):
    """Negative control: the way back inside the site works, and an off-site answer would be told apart."""
    from django.http import HttpResponse

    kind = KINDS["customers.account"]
    answer = signed_in(cast.alice).post(kind.url("create"), filled(kind, cast.alice) | {"next": "/accounts/?q=x"})
    assert answer["Location"] == "/accounts/?q=x"
    for bad in ("https://evil.test", "//evil.test", "/\\evil.test"):
        assert not stays(HttpResponse(headers={"Location": bad}))


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=y", "a\nX-Injected: yes", "a\x0bb", "=?utf-8?q?x?="])
def test_r09_names_make_no_headers(cast, name):
    """A name with line breaks makes no header, message or cookie of its own."""
    client = signed_in(cast.alice)
    client.raise_request_exception = False
    kind = KINDS["customers.account"]
    answer = client.post(kind.url("create"), filled(kind, cast.alice) | {"name": name}, headers={"HX-Request": "true"})
    assert answer.status_code < 500
    assert stays(answer)
    assert "x" not in answer.cookies
