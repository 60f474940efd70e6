"""R05: posting more than a form offers changes nothing, by whichever door."""

import pytest
from django.db import transaction

from crm_site.core.kinds import KINDS
from customers.models import Account
from tests.architecture.samples import filled, make_record
from tests.cast import grant
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
PROTECTED = {
    "id", "version", "created_at", "created_by", "changed_at", "changed_by", "deleted_at", "deleted_by", "followed_owner",
    "followed_team", "reminded_at", "email", "phone", "city", "country",
}  # fmt: skip


def kinds():
    """Every kind."""
    return [pytest.param(kind.key, id=kind.noun) for kind in KINDS.values()]


def hostile(kind, cast):
    """{every field of the model, by name and by column: a value that would show}."""
    found = {}
    for field in kind.model._meta.concrete_fields:
        value = {"BooleanField": "on", "DateTimeField": "2001-01-01T00:00", "DateField": "2001-01-01"}.get(
            field.get_internal_type(), "7777"
        )
        if field.related_model is type(cast.alice):
            value = str(cast.charlie.pk)
        found[field.name] = found[field.attname] = value
    return found


def protected_values(kind, record):
    """The values that no form may set."""
    offered = set(kind.form.base_fields)
    return {
        field.attname: getattr(record, field.attname) for field in kind.model._meta.concrete_fields
        if field.name in PROTECTED and not field.generated and field.name not in offered and field.name not in ("changed_at", "changed_by")
    }  # fmt: skip


def is_protected(kind, record, cast):
    """What a post must not have done to a new record."""
    assert record.version == 1
    assert record.created_by == cast.alice
    assert record.deleted_at is None
    assert record.deleted_by is None
    assert record.created_at.year > 2001
    assert record.pk != 7777


@pytest.mark.parametrize("key", kinds())
def test_r05_create_takes_only_what_it_offers(cast, key):
    """Every column's name posted to the create form: owner only by right, nothing else beyond the form."""
    kind = KINDS[key]
    typed = filled(kind, cast.alice)
    allowed = kind.form(user=cast.alice).fields
    extra = {name: value for name, value in hostile(kind, cast).items() if name not in allowed}
    response = signed_in(cast.alice).post(kind.url("create"), extra | typed)
    assert response.status_code == 302, response.context["form"].errors
    record = kind.model.objects.unscoped("look").order_by("-pk").first()
    is_protected(kind, record, cast)
    assert record.owner == cast.alice
    assert "7777" not in str(protected_values(kind, record))


@pytest.mark.parametrize("key", kinds())
def test_r05_edit_takes_only_what_it_offers(cast, key):
    """The same for the edit form and for each cell that can be edited in place."""
    kind, client = KINDS[key], signed_in(cast.alice)
    made = make_record(kind, cast.alice)
    before = protected_values(kind, kind.model.objects.unscoped("look").get(pk=made.pk))
    addresses = [kind.url("edit", made)] + [kind.url("cell", made, name=c.name) for c in kind.columns if c.edit]
    for address in addresses:
        with transaction.atomic():
            data = hostile(kind, cast) | filled(kind, cast.alice) | {"version": "1"}
            data.pop("owner", None)
            response = client.post(address, data)
            assert response.status_code < 500
            now = kind.model.objects.unscoped("look").get(pk=made.pk)
            after = protected_values(kind, now)
            changed = {name for name in before if before[name] != after[name] and name != "version"}
            # A form's own value may rightly feed a derived column, never the posted one.
            assert not {name for name in changed if "7777" in str(after[name])}, address
            assert now.version in (1, 2)
            assert now.owner_id != cast.charlie.pk
            transaction.set_rollback(True)


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
