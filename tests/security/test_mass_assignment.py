"""R05: posting more than a form offers changes nothing, by whichever door."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from crm_site.core.kinds import KINDS
from customers.models import Account
from tests.architecture.samples import edit_data, filled, make_record, sample
from tests.cast import grant, writer
from tests.conftest import signed_in
from tests.security.corpus import FULL

pytestmark = pytest.mark.django_db
MOMENT = timedelta(hours=1)
# What the forms for changes of many ask for.
ASKED = {"owner", "team", "tags", "remove", "change"}


def kinds():
    """Every kind."""
    return [pytest.param(kind.key, id=kind.noun) for kind in KINDS.values()]


def hostile(kind, cast, offered=()):
    """{every field of the model that is not offered, by name and by column: a value that would show}."""
    found = {}
    for field in kind.model._meta.concrete_fields:
        value = {"BooleanField": "on", "DateTimeField": "2001-01-01T00:00", "DateField": "2001-01-01"}.get(
            field.get_internal_type(), "7777"
        )
        if field.related_model is type(cast.alice):
            value = str(cast.dora.pk)
        elif field.choices:
            value = str(list(dict(field.flatchoices))[-1])
        found |= {name: value for name in (field.name, field.attname) if name not in offered}
    return found


def columns(record):
    """{column: value} of what is stored; moments of just now and what tells two rows apart are alike."""
    found = {}
    for field in type(record)._meta.concrete_fields:
        value = getattr(record, field.attname)
        if isinstance(value, datetime) and abs(timezone.now() - value) < MOMENT:
            value = "now"
        own = field.primary_key or field.related_model is type(record)
        found[field.attname] = "itself" if own and value == record.pk else value
    return {name: value for name, value in found.items() if name not in ("number", "document")}


def posted(client, address, data, look):
    """(status, columns of the record) after a post that is undone again; `look` finds the record."""
    with transaction.atomic():
        response = client.post(address, data | {"once": str(uuid.uuid4())})
        assert response.status_code < 500, address
        seen = columns(look())
        transaction.set_rollback(True)
    return response.status_code, seen


def differences(kind, client, cast, address, data, look, offered):
    """{column: (honest, hostile)} that a post with every field's name changed beyond the same post without them."""
    honest, hidden = (
        posted(client, address, data, look),
        posted(client, address, hostile(kind, cast, offered) | data, look),
    )
    assert honest[0] in (200, 302), (address, honest[0])
    return {name: (value, hidden[1][name]) for name, value in honest[1].items() if hidden[1][name] != value}


def newest(kind):
    """The record made last."""
    return kind.model.objects.unscoped("look").order_by("-pk").first()


@pytest.mark.parametrize("key", kinds())
def test_r05_create_takes_only_what_it_offers(cast, key):
    """Every column's name posted to the create form: what is stored is what the form alone would have stored."""
    kind = KINDS[key]
    user = writer(kind, cast)
    data, before = filled(kind, user), newest(kind)
    if key == "sales.lead":  # else each post would make a person of its own
        data["contact"] = make_record(KINDS["customers.contact"], user).pk
    offered = kind.form(user=user).fields
    assert differences(kind, signed_in(user), cast, kind.url("create"), data, lambda: newest(kind), offered) == {}
    response = signed_in(user).post(kind.url("create"), hostile(kind, cast, offered) | data)
    assert response.status_code == 302, response.context["form"].errors
    record = newest(kind)
    assert record != before
    assert (record.version, record.created_by, record.owner, record.deleted_at) == (1, user, user, None)


@pytest.mark.parametrize("key", kinds())
def test_r05_edit_takes_only_what_it_offers(cast, key):
    """The same for the edit form and for a third of the cells that can be edited in place; with KITH_WALK=full for all."""
    kind = KINDS[key]
    user = writer(kind, cast)
    client, made = signed_in(user), make_record(kind, user)
    record = kind.model.objects.unscoped("look").get(pk=made.pk)
    offered, data = kind.form(user=user, instance=record).fields, edit_data(kind, record, user)
    doors = [(kind.url("edit", record), data, offered)]
    cells = [column.name for column in kind.columns if column.edit]
    for name in cells if FULL else cells[list(KINDS).index(key) % 3 :: 3]:
        doors.append((kind.url("cell", record, name=name), {name: data.get(name, ""), "version": "1"}, {name}))
    for address, data, names in doors:
        found = differences(
            kind, client, cast, address, data, lambda: kind.model.objects.unscoped("look").get(pk=made.pk), names
        )
        assert found == {}, address


@pytest.mark.parametrize("key", kinds())
def test_r05_changes_of_many_take_only_what_they_offer(cast, key):
    """The same for changes of many: fields beside those ticked, and ticks at fields that are not offered."""
    kind, client = KINDS[key], signed_in(cast.rita)
    record = make_record(kind, writer(kind, cast))
    before = columns(newest(kind))
    asked = kind.form(user=cast.rita, only=kind.bulk_fields).fields
    ticked = {name: sample(asked[name], cast.rita) for name in kind.bulk_fields if name in asked}
    choices = {"tag": {"tags": "seen"}, "assign": {"owner": cast.mia.pk}} | ({"edit": ticked} if ticked else {})
    for action, values in choices.items():
        data = {"action": action, "row": record.pk, "change": list(values), "step": "do"} | values
        found = differences(kind, client, cast, f"{kind.base}bulk/", data, lambda: newest(kind), set(data) | ASKED)
        assert found == {}, action
    every = [f.name for f in kind.model._meta.concrete_fields]
    data = hostile(kind, cast) | {"action": "edit", "row": record.pk, "change": every, "once": str(uuid.uuid4())}
    assert client.post(f"{kind.base}bulk/", data).status_code in (200, 422)
    assert columns(newest(kind)) == before


def admin_data(page):
    """({name: value} that the administration's form would send back unchanged, names of its fields)."""
    form, data = page.context["adminform"].form, {}
    for name, field in form.fields.items():
        value = field.prepare_value(form.get_initial_for_field(field, name))
        if isinstance(value, datetime):
            value = timezone.localtime(value)
            data |= {f"{name}_0": value.date().isoformat(), f"{name}_1": value.strftime("%H:%M:%S")}
        elif value not in (None, False):
            data[name] = "on" if value is True else value
    for inline in page.context["inline_admin_formsets"]:
        data |= {f"{inline.formset.prefix}-{name}": value for name, value in
                 (("TOTAL_FORMS", 0), ("INITIAL_FORMS", 0))}  # fmt: skip
    return data, set(form.fields)


@pytest.mark.parametrize("key", kinds())
def test_r05_the_administration_takes_only_what_it_offers(cast, key):
    """The same for the forms of the administration."""
    kind, client = KINDS[key], signed_in(cast.rita)
    record = make_record(kind, writer(kind, cast))
    address = reverse(f"admin:{kind.model._meta.app_label}_{kind.model._meta.model_name}_change", args=[record.pk])
    data, offered = admin_data(client.get(address))
    found = differences(
        kind, client, cast, address, data, lambda: kind.model.objects.unscoped("look").get(pk=record.pk), offered
    )
    assert found == {}


def test_r05_a_form_that_takes_more_is_seen(cast, monkeypatch):
    """Negative control: an operation that takes the posted data as it comes is reported."""
    kind, client = KINDS["customers.account"], signed_in(cast.alice)
    data, real = filled(kind, cast.alice), kind.form.values

    def careless(form):
        return real(form) | {name: form.data[name] for name in ("version",) if name in form.data}

    monkeypatch.setattr(kind.form, "values", careless)
    offered = kind.form(user=cast.alice).fields.keys() - {"version"}
    found = differences(kind, client, cast, kind.url("create"), data, lambda: newest(kind), offered)
    assert "7777" in str(found["version"])


def test_r05_giving_away_needs_the_right_to_assign(cast):
    """A record can be handed to others only by who may assign; by create, edit and cell alike."""
    kind = KINDS["customers.account"]
    nora = grant(cast.nora, Account, view="all", add="all", change="all")
    client = signed_in(nora)
    data = filled(kind, nora) | {"owner": cast.charlie.pk}
    assert client.post(kind.url("create"), data).status_code == 200
    assert not Account.objects.unscoped("look").exists()
    record = make_record(kind, nora)
    edit = filled(kind, nora) | {"owner": cast.charlie.pk, "version": record.version}
    client.post(kind.url("edit", record), edit)
    client.post(kind.url("cell", record, name="owner"), {"owner": cast.charlie.pk, "version": record.version})
    record.refresh_from_db()
    assert record.owner == nora
    grant(nora, Account, assign="all")
    assert (
        signed_in(nora)
        .post(kind.url("cell", record, name="owner"), {"owner": cast.charlie.pk, "version": 1})
        .status_code
        < 400
    )
    record.refresh_from_db()
    assert record.owner == cast.charlie


def test_r05_a_column_that_is_not_offered_has_no_cell(cast):
    """Cells exist only for the columns that say so."""
    kind = KINDS["customers.account"]
    record = make_record(kind, cast.alice)
    for name in ("version", "created_at", "deleted_at", "id", "number", "created_by", "search_text", "_state"):
        assert signed_in(cast.alice).post(f"{kind.record_url(record.pk)}cell/{name}/", {name: "1"}).status_code == 404


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "door", "groups", "email", "is_active", "password"])
def test_r05_nobody_promotes_themselves(cast, field):
    """A user's own settings never reach rights, address or password."""
    before = (
        type(cast.alice)
        .objects.filter(pk=cast.alice.pk)
        .values("is_staff", "is_superuser", "door", "email", "is_active", "password")
        .get()
    )
    data = {
        "first_name": "Alice",
        "last_name": "Tester",
        "theme": "dark",
        field: "on" if field.startswith("is_") else "portal",
    }
    signed_in(cast.alice).post("/me/", data)
    after = type(cast.alice).objects.filter(pk=cast.alice.pk).values(*before).get()
    assert after == before
    assert list(cast.alice.groups.values_list("name", flat=True)) == ["Sales rep"]


def test_r05_another_team_needs_the_right_to_assign(cast):
    """Without the right to assign, a record stays in the user's own teams."""
    kind = KINDS["customers.account"]
    nora = grant(cast.nora, Account, view="all", add="all", change="all")
    refused = signed_in(nora).post(kind.url("create"), filled(kind, nora) | {"team": cast.south.pk})
    assert refused.status_code == 200
    assert not Account.objects.unscoped("look").exists()
    record = make_record(kind, nora)
    signed_in(nora).post(kind.url("edit", record), filled(kind, nora) | {"team": cast.south.pk, "version": 1})
    record.refresh_from_db()
    assert record.team is None
    grant(nora, Account, assign="own")
    data = filled(kind, nora) | {"name": record.name, "team": cast.south.pk, "version": 1}
    assert signed_in(nora).post(kind.url("edit", record), data).status_code == 302
    record.refresh_from_db()
    assert record.team == cast.south
