"""What agents have ready is kept by whoever is in charge of all cases, on pages of their own (U31, U32)."""

import pytest
from django.core.exceptions import PermissionDenied

from crm_site.core.roles import LEAD
from support.models import CannedReply, Macro
from support.operations.ready import remove_ready, save_ready
from tests.cast import person
from tests.conftest import signed_in
from tests.factories import CaseFactory, ContactFactory

TEXT = {
    "name": "Which machine",
    "shortcut": "which",
    "body": "Dear {contact.first_name}, which one?",
    "is_active": "on",
}


@pytest.fixture
def desk(cast):
    """The pages as the head of service opens them."""
    cast.lead = person("Lea", cast.service, LEAD)
    return signed_in(cast.lead)


def test_u31_a_canned_reply_is_read_on_a_case_before_it_is_kept(cast, desk):
    """Looked at, refused for an unknown placeholder beside the field, kept, changed and removed."""
    case = CaseFactory(contact=ContactFactory(first_name="Ann"))
    looked = desk.post("/cases/ready/texts/new/", TEXT | {"do": "look"})
    assert looked.context["preview"]["case"] == case
    assert "Dear Ann, which one?" in looked.content.decode()
    assert not CannedReply.objects.exists()
    wrong = desk.post("/cases/ready/texts/new/", TEXT | {"body": "Dear {contact.nickname}"})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["body"])
    desk.post("/cases/ready/texts/new/", TEXT)
    kept = CannedReply.objects.get()
    again = desk.post("/cases/ready/texts/new/", TEXT | {"name": "Another"})
    assert (again.status_code, list(again.context["form"].errors)) == (422, ["shortcut"])
    assert "/which" in desk.get("/cases/ready/").content.decode()
    desk.post(f"/cases/ready/texts/{kept.pk}/", TEXT | {"body": "Which?", "is_active": ""})
    kept.refresh_from_db()
    assert (kept.body, kept.is_active) == ("Which?", False)
    desk.post(f"/cases/ready/texts/{kept.pk}/remove/")
    assert not CannedReply.objects.exists()


def test_u32_a_macro_is_put_together_and_says_what_it_does(cast, desk):
    CaseFactory(contact=ContactFactory(first_name="Ann"))
    data = {
        "name": "Asked", "order": 1, "is_active": "on", "do_0": "reply", "text_0": "Dear {contact.first_name}",
        "do_1": "owner", "on_1": "user:me",
    }  # fmt: skip
    looked = desk.post("/cases/ready/macros/new/", data | {"do": "look"}).context["preview"]
    assert looked["said"] == [("Reply", "Dear Ann"), ("Assign to", "whoever runs it")]
    assert desk.post("/cases/ready/macros/new/", data | {"on_1": ""}).status_code == 422
    desk.post("/cases/ready/macros/new/", data)
    kept = Macro.objects.get()
    assert kept.actions == [{"do": "reply", "value": "Dear {contact.first_name}"}, {"do": "owner", "value": "me"}]
    page = desk.get("/cases/ready/").content.decode()
    assert "Assign to: whoever runs it" in page
    assert "whoever runs it" in desk.get(f"/cases/ready/macros/{kept.pk}/").content.decode()


def test_agents_use_what_is_ready_and_do_not_change_it(cast):
    """Neither by the pages nor by the operations."""
    row = CannedReply.objects.create(name="Hello", shortcut="hello", body="x")
    client = signed_in(cast.dora)
    assert client.get("/cases/ready/").status_code == 404
    assert client.post(f"/cases/ready/texts/{row.pk}/remove/").status_code == 404
    for verb in (save_ready, remove_ready):
        with pytest.raises(PermissionDenied):
            verb(row, by=cast.dora)
    assert CannedReply.objects.filter(pk=row.pk).exists()
