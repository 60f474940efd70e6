"""R01, R02, R04, R11: every address × every actor × every method, against the table in expectations.py."""

import zlib

import pytest
from django.http import HttpResponse
from django.urls import path

from sales.models import Lead
from tests.architecture.canary import OUTSIDERS, forbidden, leaks, make_world, questions, token
from tests.architecture.expectations import PUBLIC_LIMIT, RULES, Rule, anybody, rule_for, staff
from tests.architecture.routes import Route, all_routes
from tests.architecture.world import METHODS, declared, undone
from tests.cast import ACTORS
from tests.security.corpus import FULL, HOSTILE, PARAMETERS

# The whole product takes minutes: without KITH_WALK=full a rare method is tried by a visitor and by one of those who
# could profit from it, and the administration by one of each sort, since one decorator guards all of it.
PROBERS = ("charlie", "paula", "audrey")
ADMIN_PROBERS = {"anonymous", "alice", "audrey", "paula", "rita"}
# Pages that open are costly; of the rest of the cast each opens every fourth, always the same ones.
ALWAYS = {"anonymous", "rita"}
WORKING = (200, 204, 302, 405)
DENIED = {404, 405}
DOORS = ("/auth/login/", "/portal/sign-in/")


@pytest.fixture(scope="module")
def made(standing):
    """Alice's records are marked, Charlie's point at them; they stand for all tests here."""
    return standing(make_world)


@pytest.fixture
def world(made, db):
    """Cast and records."""
    return made.again()


def test_every_address_is_declared():
    """An address without a rule is one that nobody thought about."""
    assert [str(route) for route in all_routes() if rule_for(route) is None] == []


def test_an_undeclared_address_is_found():
    """Negative control."""
    forgotten = [path("forgotten/", lambda request: HttpResponse(), name="forgotten")]
    assert [str(r) for r in all_routes(forgotten) if rule_for(r) is None] == ["forgotten"]


def test_no_rule_is_left_over():
    """A rule for an address that is gone would cover the next one of that name."""
    used = {rule for _route, rule in declared()}
    assert [rule.pattern for rule in RULES if rule not in used] == []


@pytest.mark.slow
@pytest.mark.parametrize("actor", ["anonymous", *ACTORS])
def test_walk(world, actor):
    """Each address answers the actor as declared, never breaks, and changes nothing where it should not.

    Without signing in at most PUBLIC_LIMIT addresses show anything, each of them declared public. And each address
    works for somebody: if the administrator gets no page, redirect within the site or "POST only", another one does.
    What the administrator posts is hostile.
    No address shows an outsider any text of Alice's: pages, lists, search, options, exports, panels, history.
    """
    faults, answers, hidden = [], {}, set()
    if actor in OUTSIDERS:
        hidden = forbidden(world, getattr(world.cast, actor))
        assert hidden, "everybody but those who reach all must be an outsider to something"
    for route, rule in declared():
        if not route.is_admin or actor in ADMIN_PROBERS or FULL:
            faults += walk_route(world, actor, route, rule, answers, hidden)
    if actor == "anonymous":
        faults += shown_to_anybody(answers)
    if actor == "rita":
        faults += working_for_nobody(world, answers)
    assert not faults, "\n".join(faults)


def outcome(response):
    """The status of an answer; 401 where it leads to a page for signing in."""
    return 401 if response.get("Location", "").startswith(DOORS) else response.status_code


def shown_to_anybody(answers):
    """What is wrong with the pages that a visitor was shown; `answers` holds the outcome of each address by route."""
    assert len(answers) == len(declared())
    shown = [(route, rule) for route, rule in declared() if answers[route] == 200]
    faults = [
        f"{route} is shown to anybody" for route, rule in shown if not rule.public and route.name != "admin:login"
    ]
    return faults + ([f"{len(shown)} addresses are public"] if len(shown) > PUBLIC_LIMIT else [])


def working_for_nobody(world, answers):
    """The addresses that did not work for who has these `answers`, nor for the others of the cast."""
    assert len(answers) == len(declared())
    faults = []
    for route, rule in declared():
        if answers[route] in WORKING or rule.quiet or rule.secret or route.name == "readyz":
            continue
        target = world.path(route, world.subjects(route, rule)[0])
        others = (undone(world.client(actor), "GET", target)[0] for actor in ("alice", "anonymous", "paula"))
        if not any(outcome(response) in WORKING for response in others):
            faults.append(f"{route}: {answers[route]}, and no other answers for anybody")
    return faults


def test_public_and_broken_addresses_are_seen(world):
    """Negative controls: a page shown to anybody, too many of them, and one that works for nobody."""
    silent = dict.fromkeys([route for route, _rule in declared()], 404)
    assert shown_to_anybody(silent) == []
    hidden = next(route for route, rule in declared() if not rule.public)
    assert shown_to_anybody(silent | {hidden: 200}) == [f"{hidden} is shown to anybody"]
    public = [route for route, rule in declared() if rule.public]
    assert any("addresses are public" in fault for fault in shown_to_anybody(silent | dict.fromkeys(public, 200)))
    gone = next(route for route, _rule in declared() if route.name == "customers:account_record")
    world.path = lambda route, subject: "/accounts/0/"
    assert len(working_for_nobody(world, dict.fromkeys(silent, 200) | {gone: 404})) == 1


def methods_for(actor, route, *, may):
    """The methods that the actor tries on the route: the rare ones where they must not help."""
    if FULL or (actor == "anonymous" and not may and not route.is_admin):
        return METHODS
    if not may:
        turn = zlib.crc32(str(route).encode())
        rare = () if route.is_admin else enumerate(METHODS[2:], turn)
        return ("GET", "POST", *(method for n, method in rare if PROBERS[n % len(PROBERS)] == actor))
    turn = zlib.crc32(f"{actor} {route}".encode())
    chosen = actor in ALWAYS or not turn % 4
    # Charlie looks everywhere for what is not his to see, the other outsiders on every second page.
    looks = chosen or actor == "charlie" or (actor in OUTSIDERS and not turn % 2)
    # Nothing that the auditor posts may change anything; what the administrator posts is hostile, everywhere.
    tried = {"GET": looks, "POST": actor == "rita" or (not route.is_admin and (chosen or actor == "audrey"))}
    return tuple(method for method, tries in tried.items() if tries)


def walk_route(world, actor, route, rule, answers, hidden=frozenset()):
    """What is wrong with the route for the actor, as sentences; `answers` gets the outcome of the first GET.

    `hidden` are the tokens that must be in no answer; where a page shows anything, it is asked further questions.
    """
    user = None if actor == "anonymous" else getattr(world.cast, actor)
    faults, seen = [], set()
    for subject in world.subjects(route, rule):
        may = rule.public if user is None else rule.who(user, route, subject)
        if may in seen and not (FULL or (may and hidden)):
            continue  # the second record is there for who sees only one of the two
        seen.add(may)
        target, further = world.path(route, subject), ()
        for method in methods_for(actor, route, may=may):
            sent = hostile(route) if (actor, method) == ("rita", "POST") else None
            response, tables = world.asked(world.client(actor), method, target, sent)
            if method == "GET":
                answers.setdefault(route, outcome(response))
                further = questions(route) if hidden and may and response.status_code == 200 else ()
            found = [wrong(response, tables, method=method, user=user, may=may, rule=rule), *leaks(response, hidden)]
            faults += [f"{actor} {method} {target} ({route}): {fault}" for fault in found if fault]
            if rule.personal and user and response.wsgi_request.user.pk != user.pk:
                world.clients.clear()
        for question in further:
            response, _tables = world.asked(world.client(actor), "GET", target, question, {"HX-Request": "true"})
            faults += [f"{actor} {target} {question}: {leak}" for leak in leaks(response, hidden)]
    return faults


def hostile(route):
    """R38: what the administrator posts: a value that breaks careless software in everything that is likely to be read."""
    return dict.fromkeys(PARAMETERS, HOSTILE[zlib.crc32(str(route).encode()) % len(HOSTILE)])


def wrong(response, tables, *, method, user, may, rule):
    """Why the answer is not the declared one, or an empty text."""
    status = response.status_code
    if status >= 500:
        return (
            ""
            if status == 503 and rule.pattern == "readyz"
            else f"broke with {status}: {getattr(response, 'exc_info', None) and response.exc_info[1]!r}"[:300]
        )
    if method in ("GET", "HEAD", "OPTIONS") and tables - set(rule.notes):
        return f"a {method} wrote to {sorted(tables)}"
    if not may:
        if tables:
            return f"was denied with {status} and still wrote to {sorted(tables)}"
        return denied_wrongly(response, user, rule)
    if user and user.groups.filter(name="Auditor").exists() and tables - set(rule.notes) and not rule.personal:
        return f"the auditor wrote to {sorted(tables)}"
    missed = method == "GET" and status in (401, 403, 404) and not (rule.public or rule.quiet)
    return f"should be allowed, got {status}" if missed else ""


def denied_wrongly(response, user, rule):
    """Why this is no proper refusal, or an empty text."""
    status, target = response.status_code, response.get("Location", "")
    inside = response.request["PATH_INFO"].startswith("/portal/")
    # To each of the two doors the other's people are strangers.
    stranger = user is None or (user.door == user.PORTAL) != inside
    if status == 302 and target.startswith((*([DOORS[inside]] if stranger else []), "/admin/login/")):
        return ""
    if status in DENIED and (user is not None or rule.secret):
        return ""
    return f"should be refused, got {status} {target}"


def test_walk_sees_an_open_door(world):
    """Negative controls: an address that lets strangers in, breaks, writes on a GET or shows a mark is reported."""
    kind_route = next(r for r in all_routes() if r.name == "customers:account_record")
    mark = token(kind_route.kind)
    assert any(mark in fault for fault in walk_route(world, "rita", kind_route, rule_for(kind_route), {}, {mark}))
    too_strict = Rule("*", lambda user, route, subject: False)
    assert any("should be refused" in fault for fault in walk_route(world, "alice", kind_route, too_strict, {}))
    too_wide = Rule("*", anybody)
    gone = HttpResponse(status=404)
    assert "should be allowed" in wrong(
        gone, set(), method="GET", user=world.cast.alice, may=True, rule=Rule("*", staff)
    )
    broken = type("Broken", (), {"status_code": 500})()
    assert "broke" in wrong(broken, set(), method="GET", user=None, may=True, rule=too_wide)
    fine = HttpResponse(status=404)
    assert "still wrote" in wrong(
        fine, {"customers_account"}, method="POST", user=world.cast.nora, may=False, rule=too_wide
    )
    assert "a GET wrote" in wrong(fine, {"core_team"}, method="GET", user=world.cast.nora, may=False, rule=too_wide)


def test_the_counter_sees_what_was_undone(world):
    """Negative control of R02: a write that is rolled back before the answer still counts."""
    _response, tables = world.asked(
        world.client("alice"), "POST", "/accounts/new/", {"name": "Counted", "status": "active"}
    )
    assert "customers_account" in tables
    _response, tables = world.asked(
        world.client("nora"), "POST", "/accounts/new/", {"name": "Counted", "status": "active"}
    )
    assert tables == set()


@pytest.mark.slow
def test_every_post_needs_its_token(world):
    """R11: without the token every unsafe request of every address is refused with 403, whoever asks."""
    faults = []
    for route, rule in declared():
        target = world.path(route, world.subjects(route, rule)[0])
        response, tables = world.asked(world.client("rita", enforce_csrf_checks=True), "POST", target)
        if (response.status_code != 403 and not rule.tokenless) or tables:
            faults.append(f"{target}: {response.status_code} {tables}")
    assert not faults, "\n".join(faults)


def test_one_address_takes_posts_without_a_token(world):
    """R11: only the public web form, which knows nobody: who is signed in is nobody to it, and others get no cookie."""
    assert [str(route.name) for route, rule in declared() if rule.tokenless] == [
        "sales:webform_public",
        "support:mail_post",
    ]
    address = f"/forms/{world.things['webform'].key}/"
    inquiry = {"last_name": "Asker", "email": "asker@kith.test"}
    for actor in ("alice", "anonymous"):
        answer = world.client(actor, enforce_csrf_checks=True).post(address, inquiry)
        assert answer.status_code in (200, 302)
    assert not answer.cookies
    assert Lead.objects.unscoped("look").latest("pk").created_by is None


def test_route_paths_are_real():
    """The walker's addresses lead to the routes that they were made from."""
    made = Route("x", "accounts/<big:pk>/cell/<slug:name>/", None, ()).path(pk=5, name="status")
    assert made == "/accounts/5/cell/status/"
    assert Route("x", "auth/^confirm-email/(?P<key>[-:\\w]+)/$", None, ()).path(key="k") == "/auth/confirm-email/k/"
