"""R03, R04, PM-4: what is out of a user's reach shows nowhere, and asking for it is like asking for nothing.

That no address shows it to an outsider is asked by the walk in test_urls.py.
"""

import re

import pytest
from django.http import HttpResponse

from crm_site.core.kinds import KINDS
from tests.architecture.canary import WORD, forbidden, leaks, make_world, token
from tests.architecture.samples import filled
from tests.architecture.world import declared, undone, written

NOWHERE = 987_654_321


@pytest.fixture(scope="module")
def made(standing):
    """The marked world, which stands for all tests here."""
    return standing(make_world)


@pytest.fixture
def world(made, db):
    """Alice's records are marked; Charlie's point at them."""
    return made.again()


def test_a_leak_is_seen(world):
    """Negative controls: Alice's own page holds the mark, the search finds it for her, and a leak is reported."""
    kind = next(iter(KINDS.values()))
    page = world.client("alice").get(kind.record_url(world.records[kind.key].pk))
    assert leaks(page, {token(kind)})
    assert leaks(world.client("alice").get("/search/", {"q": WORD}), {token(kind)})
    assert leaks(HttpResponse(f"x {token(kind)} y"), {token(kind)})


def test_links_to_hidden_records_are_not_named(world):
    """Charlie's records point at Alice's: the page says that there is something, not what."""
    hidden = forbidden(world, world.cast.charlie)
    for kind in KINDS.values():
        page = world.client("charlie").get(kind.record_url(world.others[kind.key].pk), {"stay": "1"})
        assert page.status_code == 200
        assert not leaks(page, hidden), kind.key


def test_counts_are_of_what_one_sees(world):
    """A count is no oracle: searching for Alice's mark counts nothing for an outsider."""
    hidden = forbidden(world, world.cast.charlie)
    for kind in KINDS.values():
        if token(kind) in hidden:
            response = world.client("charlie").get(f"{kind.base}count/", {"q": WORD})
            assert response.content == b"0", kind.key
            options = world.client("charlie").get(f"{kind.base}options/", {"q": WORD}).json()
            assert options == {"items": []}, kind.key


def test_similar_warnings_name_nothing_hidden(world):
    """The warning about duplicates may count what is out of reach, never name it."""
    hidden = forbidden(world, world.cast.charlie)
    for kind in KINDS.values():
        if kind.similar:
            record = world.records[kind.key]
            typed = {
                f.name: getattr(record, f.attname) or "" for f in kind.model._meta.concrete_fields if not f.is_relation
            }
            response = world.client("charlie").post(f"{kind.base}similar/", typed)
            assert response.status_code < 500
            assert not leaks(response, hidden), kind.key


def plain(response, pk):
    """An answer without what differs by itself: the id, tokens and the request's number."""
    text = response.content.decode().replace(f"/{pk}/", "/ID/")
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9]{32,64}|nonce-\S+", "X", text)


@pytest.mark.slow
def test_hidden_is_like_missing(world):
    """The answer for another's record is the one for a record that does not exist, to every method."""
    faults, hidden = [], forbidden(world, world.cast.charlie)
    for route, rule in declared():
        if route.kind is None or "pk" not in route.arguments or rule.subject != "record":
            continue
        record = world.records[route.kind.key]
        if token(route.kind) not in hidden:
            continue
        there, gone = world.path(route, record), world.path(route, record).replace(str(record.pk), str(NOWHERE), 1)
        for method in ("GET", "POST"):
            one, _found = undone(world.client("charlie"), method, there)
            other, _found = undone(world.client("charlie"), method, gone)
            same = one.status_code == other.status_code and plain(one, record.pk) == plain(other, NOWHERE)
            if not same:
                faults.append(f"{method} {there}: {one.status_code}, {method} {gone}: {other.status_code}")
    assert not faults, "\n".join(faults)


def foreign_fields(kind, user):
    """Names of the create form's fields that pick a record."""
    form = kind.form(user=user)
    return [
        (name, KINDS[field.queryset.model._meta.label_lower]) for name, field in form.fields.items()
        if hasattr(field, "queryset") and field.queryset.model._meta.label_lower in KINDS
    ]  # fmt: skip


def links_to(kind, name, stolen, by):
    """A function that counts what the user linked to the stolen id, in the record or in what hangs off it."""
    fields = {field.name for field in kind.model._meta.concrete_fields}
    if name in fields:
        return kind.model.objects.unscoped("look").filter(**{name: stolen}, changed_by=by).count
    before = {table: count for table, count in written().items() if "participant" in table or "affiliation" in table}
    return lambda: {table: count for table, count in written().items() if table in before} != before


def test_foreign_ids_are_refused_in_forms(world):
    """R03: another's id in a field of a form, typed or preset, neither links nor names the record."""
    faults, hidden = [], forbidden(world, world.cast.charlie)
    for kind in KINDS.values():
        if world.cast.charlie.reach(kind.model, "add") == "none":
            continue
        for name, target in foreign_fields(kind, world.cast.charlie):
            if token(target) not in hidden:
                continue
            stolen = world.records[target.key].pk
            data = filled(kind, world.cast.charlie, **{name: stolen})
            for address in (kind.url("create"), kind.url("edit", world.others[kind.key])):
                linked = links_to(kind, name, stolen, world.cast.charlie)
                response, links = undone(world.client("charlie"), "POST", address, data, then=linked)
                if links or leaks(response, hidden):
                    faults.append(f"{address} {name}={stolen}: {response.status_code}, {links} linked")
                preset, _found = undone(world.client("charlie"), "GET", address, {name: stolen})
                faults += [f"{address}?{name}={stolen} shows {leak}" for leak in leaks(preset, hidden)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", ["ids", "id", "pk", "row", "selected"])
def test_foreign_ids_are_refused_in_bulk(world, name):
    """R03: a list of ids changes none that is out of reach, under whatever name it comes."""
    hidden = forbidden(world, world.cast.charlie)
    for kind in KINDS.values():
        record = world.records[kind.key]
        for route, _rule in declared():
            if route.kind is not kind or "bulk" not in route.name or route.arguments:
                continue
            for action in ("assign", "edit", "tag", "delete", "export"):
                data = {
                    name: [record.pk],
                    "action": action,
                    "owner": world.cast.charlie.pk,
                    "tags": "stolen",
                    "do": action,
                }
                response, _found = undone(world.client("charlie"), "POST", world.path(route, None), data)
                assert response.status_code < 500
                assert not leaks(response, hidden)
                record.refresh_from_db()
                assert record.version == 1
                assert record.deleted_at is None
