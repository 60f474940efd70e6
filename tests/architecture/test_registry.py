"""Guard 6 and the whole kit: a new model says what becomes of it, and every kind of record has everything."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.urls import NoReverseMatch

from crm_site.core.history import event_models
from crm_site.core.kinds import KINDS
from crm_site.core.models import Record
from tests.architecture.person_registry import REGISTRY
from tests.architecture.world import World

PEOPLE = {"customers.contact", "customers.account", "customers.customer", "core.user"}
VERBS = ("list", "create", "bin", "count", "filters", "options", "export", "bulk", "view_save")
RECORD_VERBS = ("record", "edit", "delete", "restore", "history", "access", "share", "files")


def kinds():
    """Every kind."""
    return [pytest.param(kind.key, id=kind.noun) for kind in KINDS.values()]


def pointers(every):
    """Names of the columns that point at a person, an account, a customer or a user, and of rows that name any record."""
    found = []
    for model in every:
        if hasattr(model, "pgh_tracked_model") or model._meta.app_label in ("pghistory", "sessions"):
            continue
        label = model._meta.label_lower
        names = {field.name for field in model._meta.get_fields()}
        for field in model._meta.concrete_fields:
            if field.related_model and field.related_model._meta.label_lower in PEOPLE:
                found.append(f"{label}.{field.name}")
        if {"content_type", "object_id"} <= names:
            found.append(f"{label}.*")
        if {"regarding_type", "regarding_id"} <= names:
            found.append(f"{label}.regarding")
    return found


def unlisted(every):
    """Pointers that nobody thought about."""
    return [
        name for name in pointers(every)
        if name not in REGISTRY and not (f"*.{name.rsplit('.', 1)[1]}" in REGISTRY and issubclass(apps.get_model(name.rsplit(".", 1)[0]), Record))
    ]  # fmt: skip


def test_every_pointer_at_a_person_is_listed():
    """Merge, export and erasure cannot forget a table that is in the registry."""
    assert unlisted(apps.get_models()) == []


def test_no_entry_is_left_over():
    """An entry of a column that is gone would hide the next of its name."""
    there = set(pointers(apps.get_models()))
    assert [name for name in REGISTRY if not name.startswith("*") and name not in there | LATER] == []


# Tables that a room is still building.
LATER = {"core.bulkchange.*", "core.pendinglink.*", "core.importmapping.user"}


def test_a_new_pointer_is_found():
    """Negative control."""

    class Forgotten(models.Model):
        contact = models.ForeignKey("customers.Contact", models.CASCADE)

        class Meta:
            app_label = "customers"
            managed = False

    try:
        assert unlisted([Forgotten]) == ["customers.forgotten.contact"]
    finally:
        del apps.all_models["customers"]["forgotten"]
        apps.clear_cache()


def test_every_record_is_a_kind_with_history():
    """No record without a kind, without history, or with history that nobody keeps."""
    records = {model for model in apps.get_models() if issubclass(model, Record)}
    assert {model._meta.label_lower for model in records} == set(KINDS)
    tracked = {model.pgh_tracked_model for model in event_models()}
    assert {model.__name__ for model in records - tracked} == set()


@pytest.mark.parametrize("key", kinds())
def test_every_kind_has_the_whole_kit(key):
    """List, record, forms, bin, history, options, export, change of many and files: each under its name."""
    kind, missing = KINDS[key], []
    for verb in (*VERBS, *RECORD_VERBS):
        try:
            kind.url(verb, *([1] if verb in RECORD_VERBS else []))
        except NoReverseMatch:
            missing.append(verb)
    assert missing == []
    assert kind.model in admin.site._registry, "register it in the administration"
    assert kind.columns
    assert kind.form
    assert kind.filters
    assert str(kind.label)
    assert str(kind.purpose), "say on the empty list what the kind is for"


@pytest.mark.parametrize("key", kinds())
def test_what_a_kind_names_exists(key):
    """Highlights, groups, sorts, quick fields and fields of a change of many are real."""
    kind = KINDS[key]
    columns = {column.name for column in kind.columns}
    named = {*kind.highlights, *(name for _title, names in kind.groups for name in names)}
    assert named - columns == set()
    assert {column.sort for column in kind.columns if column.sort} - set(kind.sorts) == set()
    assert {c.kind for c in kind.columns if c.type == "link"} - set(KINDS) == set()
    assert kind.default_sort.lstrip("-") in kind.sorts
    assert set(kind.quick) - set(kind.form.base_fields) == set()
    assert len(columns) == len(kind.columns), "two columns of one name"


@pytest.mark.parametrize("key", kinds())
def test_every_sort_is_served_by_an_index(key):
    """A sort's fields lead an index, for all rows and behind the owner and the team; none may be empty."""
    kind = KINDS[key]
    indexes = {tuple(index.fields) for index in kind.model._meta.indexes}
    for name, sort in kind.sorts.items():
        order = tuple(sort.order)
        assert order[-1].lstrip("-") == "id", name
        assert len({part.startswith("-") for part in order}) == 1, name
        assert not any(kind.model._meta.get_field(part.lstrip("-")).null for part in order), name
        back = tuple(part[1:] if part[0] == "-" else f"-{part}" for part in order)
        for lead in ((), ("owner",), ("team",)):
            wanted = {(*lead, *order), (*lead, *back)}
            assert wanted & indexes or (order in (("-id",), ("id",)) and not lead), f"{name}: {lead + order}"


def test_every_kind_is_in_the_demo_and_the_volume_data():
    """A kind that the demo company or the big data lacks is never looked at."""
    from crm_site import demo, volume

    for room, package in (("demo", demo), ("volume", volume)):
        text = "\n".join(
            path.read_text().lower().replace("_", "") for folder in package.__path__ for path in _files(folder)
        )
        missing = [k.key for k in KINDS.values() if k.model.__name__.lower().rstrip("y") not in text]
        assert missing == [], room


def _files(folder):
    from pathlib import Path

    return [path for path in Path(folder).rglob("*") if path.suffix in (".py", ".sql", ".json")]


@pytest.mark.django_db
@pytest.mark.parametrize("key", kinds())
def test_a_record_s_text_is_read_with_its_label(key, django_assert_num_queries):
    """R08, PL-2: what str() says needs no field besides LABEL_FIELDS, and the expression for exports says the same."""
    World()
    model = KINDS[key].model
    rows = model.objects.unscoped("a test reads all").annotate(as_text=model.label())
    with django_assert_num_queries(1):
        texts = [(str(row), row.as_text) for row in rows.only(*model.LABEL_FIELDS)]
    assert texts
    assert all(said == written for said, written in texts), texts
