"""The page helpers: create, edit, delete, restore, cells, and what they answer."""

import pytest
from django.db import IntegrityError

from crm_site.core import pages
from crm_site.core.kinds import KINDS
from crm_site.core.models import User
from customers.models import Account
from tests.architecture.canary import pointing, token
from tests.architecture.samples import edit_data, filled, make_record
from tests.cast import writer
from tests.conftest import signed_in
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "modal-content"}


def kinds():
    """Every kind."""
    return [pytest.param(kind.key, id=kind.noun) for kind in KINDS.values()]


@pytest.mark.parametrize("key", kinds())
def test_the_life_of_a_record(cast, key):
    """Make, see, list, change, delete, find in the bin, bring back: every kind, through its pages."""
    kind = KINDS[key]
    client = signed_in(user := writer(kind, cast))
    page = client.get(kind.url("create"))
    assert page.status_code == 200
    made = client.post(kind.url("create"), filled(kind, user))
    assert made.status_code == 302
    record = kind.model.objects.visible_to(user).order_by("-pk").first()
    assert made["Location"] == kind.record_url(record.pk)
    assert str(record) in client.get(kind.base).content.decode()
    assert client.get(kind.record_url(record.pk)).status_code == 200
    assert client.get(kind.url("edit", record)).status_code == 200
    asked = client.get(kind.url("delete", record))
    assert asked.status_code == 200
    choices = {
        name: next(iter(dict(field.choices)))
        for name, field in asked.context_data["form"].fields.items()
        if hasattr(field, "choices")
    }
    assert client.post(kind.url("delete", record), choices).status_code == 302
    assert client.get(kind.record_url(record.pk)).status_code == 404
    assert str(record) in client.get(kind.url("bin")).content.decode()
    assert client.post(kind.url("restore", record)).status_code == 302
    assert client.get(kind.record_url(record.pk)).status_code == 200


@pytest.mark.parametrize("key", kinds())
def test_an_empty_form_is_shown_again(cast, key):
    """Required fields left out: the form comes back with what is wrong, in the dialog with 422, and nothing is made."""
    kind = KINDS[key]
    client = signed_in(writer(kind, cast))
    before = kind.model.objects.unscoped("count").count()
    page = client.post(kind.url("create"), {"owner": ""})
    assert page.status_code == 200
    assert page.context_data["form"].errors
    assert client.post(kind.url("create"), {"owner": ""}, headers=HTMX).status_code == 422
    assert kind.model.objects.unscoped("count").count() == before


def test_what_was_typed_is_kept(cast, client_of):
    """A refused form holds everything typed."""
    page = client_of(cast.alice).post("/accounts/new/", {"name": "", "industry": "Precious typing"})
    assert "Precious typing" in page.content.decode()


def test_a_rule_of_the_database_is_said_in_words(cast, client_of):
    """A broken rule is a sentence on the form, not an error page."""
    top = AccountFactory(owner=cast.alice)
    child = AccountFactory(owner=cast.alice, parent=top)
    data = filled(KINDS["customers.account"], cast.alice) | {"parent": child.pk, "version": 1}
    page = client_of(cast.alice).post(f"/accounts/{top.pk}/edit/", data)
    assert page.status_code == 200
    assert page.context_data["form"].errors
    top.refresh_from_db()
    assert top.parent is None
    assert "unknown" in pages.broken_rule(IntegrityError("x"))


def test_the_dialog_answers_with_an_address(cast, client_of):
    """Saved in the dialog, the browser is told where to go."""
    kind = KINDS["customers.account"]
    answer = client_of(cast.alice).post(kind.url("create"), filled(kind, cast.alice), headers=HTMX)
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/accounts/")


def test_htmx_asks_only_for_the_table(cast, client_of):
    """Sorting or filtering with htmx fetches the table alone."""
    AccountFactory(owner=cast.alice)
    part = (
        client_of(cast.alice).get("/accounts/", headers={"HX-Request": "true", "HX-Target": "records"}).content.decode()
    )
    assert "<html" not in part
    assert "Account" in part


def test_buttons_follow_rights(cast, client_of):
    """Who may not is not offered: no New, Edit, Delete or bulk for the auditor."""
    account = AccountFactory(owner=cast.alice)
    listing = client_of(cast.audrey).get("/accounts/").context_data
    assert not listing["create_url"]
    assert not listing["bulk_url"]
    page = client_of(cast.audrey).get(f"/accounts/{account.pk}/").context_data
    assert not page["edit_url"]
    assert not page["delete_url"]
    mine = client_of(cast.alice).get(f"/accounts/{account.pk}/").context_data
    assert mine["edit_url"]


def test_a_default_view_opens_the_list(cast, client_of):
    """The view that a user chose opens the list, for that user alone."""
    client = client_of(cast.alice)
    client.post(
        "/accounts/views/save/", {"name": "Mine", "visibility": "private", "query": "mine=true", "is_default": "on"}
    )
    assert "mine=true" in client.get("/accounts/")["Location"]
    assert client_of(cast.bob).get("/accounts/").status_code == 200


def test_private_views_are_private(cast, client_of):
    """Another's private view has no tab; a public one has, and only its owner can delete it."""
    client_of(cast.alice).post(
        "/accounts/views/save/", {"name": "Quite private", "visibility": "private", "query": "q=1"}
    )
    client_of(cast.alice).post(
        "/accounts/views/save/", {"name": "For everybody", "visibility": "public", "query": "q=2"}
    )
    text = client_of(cast.charlie).get("/accounts/").content.decode()
    assert "Quite private" not in text
    assert "For everybody" in text


def test_cells_show_and_save(cast, client_of):
    """A cell: its editor, the saved value, the way back, and nothing for a stranger."""
    account = AccountFactory(owner=cast.alice)
    address, client = f"/accounts/{account.pk}/cell/industry/", client_of(cast.alice)
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 200
    saved = client.post(address, {"industry": "Shipping", "version": 1}, headers={"HX-Request": "true"})
    assert "Shipping" in saved.content.decode()
    assert "Shipping" in client.get(f"{address}?show=1", headers={"HX-Request": "true"}).content.decode()
    assert client_of(cast.charlie).get(address).status_code == 404


@pytest.mark.parametrize("key", kinds())
def test_editing_nothing_changes_nothing(cast, key):
    """The form sent back as it was shown: saved without a new version, even with links to what the editor cannot see."""
    kind = KINDS[key]
    user = writer(kind, cast)
    record = kind.model.objects.visible_to(user).get(pk=make_record(kind, user).pk)
    answer = signed_in(user).post(kind.url("edit", record), edit_data(kind, record, user))
    assert answer.status_code == 302, answer.context["form"].errors
    before = {field.attname: getattr(record, field.attname) for field in kind.model._meta.concrete_fields}
    record.refresh_from_db()
    assert {name: getattr(record, name) for name in before} == before


@pytest.mark.parametrize("key", kinds())
def test_a_hidden_link_survives_an_edit(cast, key):
    """Editing a record that points at something hidden neither names nor loses any of its links."""
    kind, client = KINDS[key], signed_in(cast.charlie)
    if cast.charlie.reach(kind.model, "change") == "none":
        return
    made = pointing(kind, cast.charlie, cast.alice)
    record = kind.model.objects.visible_to(cast.charlie).get(pk=made.pk)
    page = client.get(kind.url("edit", record))
    hidden = {token(k) for k in KINDS.values() if cast.charlie.reach(k.model, "view") != "all"}
    assert not {t for t in hidden if t in page.content.decode()}
    links = {f.attname: getattr(record, f.attname) for f in kind.model._meta.concrete_fields if f.is_relation}
    data = edit_data(kind, record, cast.charlie)
    answer = client.post(kind.url("edit", record), data | {"tags": "edited"})
    assert answer.status_code == 302, answer.context["form"].errors
    record.refresh_from_db()
    assert record.tags == ["edited"]
    assert {name: getattr(record, name) for name in links} == links


def test_a_record_of_somebody_who_left_can_be_edited(cast):
    """PM-8: the owner who is not active any more stays the owner when somebody else edits."""
    account = AccountFactory(owner=cast.alice)
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    record = Account.objects.visible_to(cast.bob).get(pk=account.pk)
    kind, client = KINDS["customers.account"], signed_in(cast.bob)
    assert "Alice Tester" in client.get(kind.url("edit", record)).content.decode()
    answer = client.post(kind.url("edit", record), edit_data(kind, record, cast.bob) | {"industry": "Ships"})
    assert answer.status_code == 302, answer.context["form"].errors
    record.refresh_from_db()
    assert (record.owner, record.industry) == (cast.alice, "Ships")
    refused = client.post(kind.url("create"), filled(kind, cast.bob) | {"owner": cast.alice.pk})
    assert refused.status_code == 200, "nobody new is given to who left"


def test_u19_the_short_form_asks_in_the_order_that_the_kind_names(cast, client_of):
    """U19, CU-1: a new customer begins with the company and the person, not with pickers of what is here already."""
    form = client_of(cast.alice).get("/customers/new/", headers=HTMX).context_data["form"]
    shown = [field.name for field in form.visible_fields()]
    assert shown == list(KINDS["customers.customer"].quick)
    assert shown[:5] == ["kind", "company", "first_name", "middle_initial", "last_name"]
