"""CS-10, PT-5: who sees what in the portal, and that staff and customers never share a door."""

import re

import pytest
from django.conf import settings
from django.utils import timezone
from django.utils.html import escape

from crm_site.core.middleware import portal_name
from support import portal
from support.models import Case, Message, OutgoingMail, PortalAccess, Watcher
from support.operations.merging import merge_cases
from support.operations.messages import post_reply, receive_message
from support.operations.portal import revoke_access
from support.operations.splitting import split_case
from tests.factories import AccountFactory
from tests.support.portal_world import TwoCompanies, browser, case_of, customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast):
    return TwoCompanies(cast)


def seen(access):
    return set(portal.cases_for(access).values_list("subject", flat=True))


def test_cs_10_reaches(world):
    """CS-10: own cases, those of the account, those of the accounts below it; nobody else's ever."""
    colleague = customer("Abel", world.acme)
    below = AccountFactory(name="Acme North", parent=world.acme)
    case_of(colleague, "Abel's")
    case_of(customer("Nora", below), "Nora's")
    case_of(customer("Nell", AccountFactory(name="Acme Far North", parent=below)), "Nell's")
    assert seen(world.ada) == {"Ada's printer"}
    world.ada.reach = PortalAccess.ACCOUNT
    assert seen(world.ada) == {"Ada's printer", "Abel's"}
    world.ada.reach = PortalAccess.SUBTREE
    assert seen(world.ada) == {"Ada's printer", "Abel's", "Nora's", "Nell's"}
    assert seen(world.eve) == {"Eve's scanner"}


@pytest.mark.parametrize("reach", [PortalAccess.ACCOUNT, PortalAccess.SUBTREE])
def test_cs_10_without_an_account_a_wide_reach_is_ones_own(world, reach):
    """CS-10: whoever belongs to no account does not see all cases that belong to none."""
    alone, other = customer("Alone", reach=reach), customer("Other", reach=reach)
    case_of(other, "Other's")
    assert seen(alone) == set()


@pytest.mark.parametrize("field", ["is_hidden", "is_spam", "deleted_at"])
def test_cs_10_what_the_portal_never_shows(world, field):
    """CS-10: hidden, spam and deleted cases are not there."""
    value = timezone.now() if field == "deleted_at" else True
    Case.objects.unscoped("set up").filter(pk=world.case.pk).update(**{field: value})
    assert seen(world.ada) == set()
    assert browser(world.ada).get(f"/portal/cases/{world.case.pk}/").status_code == 404


def test_cs_10_helpdesk_2025_another_companys_case(world):
    """CS-10, frappe/helpdesk#2025 and #1398: no page of the portal shows another company's case."""
    client = browser(world.ada)
    for path in ("", "cases/", "cases/?q=scanner", f"cases/{world.foreign.pk}/", "profile/data/"):
        answer = client.get(f"/portal/{path}")
        assert answer.status_code == (404 if str(world.foreign.pk) in path else 200), path
        # What was typed is in the field and in the link that looks for it elsewhere.
        assert b"scanner" not in re.sub(rb'(value="|[?]q=)scanner"', b"", answer.content)
    assert client.get(f"/portal/cases/{world.foreign.pk}/").status_code == 404


def test_cs_10_helpdesk_865_a_follower_of_another_company(world):
    """CS-10, OCA/helpdesk#865: who follows a case changes nothing: the customer stays in, the follower stays out."""
    Watcher.objects.create(case=world.case, contact=world.eve.contact)
    Watcher.objects.create(case=world.case, user=world.cast.charlie)
    Watcher.objects.create(case=world.case, email="somebody@else.test")
    path = f"/portal/cases/{world.case.pk}/"
    assert browser(world.ada).get(path).status_code == 200
    assert browser(world.eve).get(path).status_code == 404


def test_cs_10_helpdesk_1281_a_case_that_came_by_mail(world):
    """CS-10, frappe/helpdesk#1281: a case that came by e-mail opens in the portal and can be answered there."""
    case = case_of(world.ada, "By mail", channel=Case.EMAIL)
    receive_message(case, contact=world.ada.contact, email="ada@customer.test", body="More", channel=Case.EMAIL)
    client = browser(world.ada)
    page = client.get(f"/portal/cases/{case.pk}/").content.decode()
    assert "By mail" in page
    assert "More" in page
    assert client.post(f"/portal/cases/{case.pk}/reply/", {"body": "And more"}).status_code == 302
    assert case.messages.filter(body="And more", contact=world.ada.contact).exists()


def test_pt_2_only_public_messages(world):
    """CS-4, PT-2: no note, no event, no reply that can still be taken back, no name but an agent's first name."""
    post_reply(world.case, "Not yet sent", by=world.cast.rita, delay=600)
    page = browser(world.ada).get(f"/portal/cases/{world.case.pk}/").content.decode()
    assert "Public answer" in page
    assert "Rita" in page
    for hidden in ("SECRET-NOTE", "Not yet sent", "Tester", "Status:", "rita@"):
        assert hidden not in page
    OutgoingMail.objects.update(mailed_at=timezone.now(), due=None)
    assert "Not yet sent" in browser(world.ada).get(f"/portal/cases/{world.case.pk}/").content.decode()


def test_other_peoples_names(world):
    """PT-5: somebody of another company who wrote on the case is nobody's name to the customer."""
    receive_message(
        world.case,
        contact=world.eve.contact,
        email="eve@customer.test",
        name="Eve Eveson",
        body="In copy",
        channel="email",
    )
    page = browser(world.ada).get(f"/portal/cases/{world.case.pk}/").content.decode()
    assert "In copy" in page
    assert "Eve" not in page.replace("Every", "")


def test_pt_5_doors(world):
    """PT-5: a customer gets no staff page, staff get no page of the portal, an anonymous one is sent to its door.

    Nor does it help to carry the session of one door over to the other's cookie.
    """
    ada = browser(world.ada)
    for path in (
        "/",
        "/accounts/",
        f"/contacts/{world.ada.contact_id}/",
        "/admin/",
        f"/contacts/{world.ada.contact_id}/portal/",
        "/contacts/names/",
    ):
        assert ada.get(path).url.startswith(("/auth/login/", "/admin/login/")), path
    for user in (world.cast.dora, world.cast.rita):
        staff = browser(type("A", (), {"user": user}))
        assert staff.get("/portal/cases/").url.startswith("/portal/sign-in/")
        staff.cookies[portal_name(settings.SESSION_COOKIE_NAME)] = staff.cookies[settings.SESSION_COOKIE_NAME].value
        assert staff.get("/portal/cases/").status_code == 404
    ada.cookies[settings.SESSION_COOKIE_NAME] = ada.cookies[portal_name(settings.SESSION_COOKIE_NAME)].value
    assert ada.get("/accounts/").status_code == 404
    assert browser(None).get("/portal/cases/").url.startswith("/portal/sign-in/")
    assert world.ada.user.reach(Case, "view") == "none"


@pytest.mark.parametrize("change", ["revoked", "pending", "inactive", "deleted"])
def test_pt_5_who_was_turned_out(world, change):
    """PT-5: revoked, not yet accepted, inactive or in the bin: nothing, at once."""
    client = browser(world.ada)
    if change == "revoked":
        revoke_access(world.ada, by=world.cast.rita)
    elif change == "pending":
        PortalAccess.objects.update(accepted_at=None)
    elif change == "inactive":
        type(world.ada.user).objects.filter(pk=world.ada.user_id).update(is_active=False)
    else:
        type(world.ada.contact).objects.unscoped("set up").update(deleted_at=timezone.now())
    answer = client.get("/portal/cases/")
    assert answer.status_code in (302, 404)
    assert b"printer" not in answer.content


def test_a_merged_case_leads_to_the_survivor(world):
    """CS-6: the source leads on; where the survivor is not the customer's, it shows itself and takes no answer."""
    other = case_of(world.ada, "Survivor")
    Case.objects.unscoped("set up").filter(pk=world.case.pk).update(merged_into=other)
    client = browser(world.ada)
    assert client.get(f"/portal/cases/{world.case.pk}/").url == f"/portal/cases/{other.pk}/"
    Case.objects.unscoped("set up").filter(pk=world.case.pk).update(merged_into=world.foreign)
    assert client.get(f"/portal/cases/{world.case.pk}/").status_code == 200
    assert client.post(f"/portal/cases/{world.case.pk}/reply/", {"body": "x"}).status_code == 404
    assert not Message.objects.filter(case=world.foreign, body="x").exists()


def test_cs_6_a_merge_shows_nobody_another_companys_words(world):
    """CS-6, CS-10: what came along from a stranger's case is for staff; each company sees what it said and was told."""
    merge_cases(world.foreign, world.case, by=world.cast.rita)
    receive_message(world.foreign, contact=world.eve.contact, body="EVE-LATE", channel=Case.EMAIL, by=None)
    theirs = browser(world.ada).get(f"/portal/cases/{world.case.pk}/").content.decode()
    own = browser(world.eve).get(f"/portal/cases/{world.foreign.pk}/").content.decode()
    for said in ("Ada's printer", "Eve's scanner"):
        assert (escape(f"Please help: {said}") in theirs, escape(f"Public answer to {said}") in own) == (
            said.startswith("Ada"), said.startswith("Eve"),
        )  # fmt: skip
    assert "EVE-LATE" in own
    assert "EVE-LATE" not in theirs
    assert Message.objects.get(body="EVE-LATE").case == world.case


def test_cs_8_a_split_of_a_hidden_or_private_case_stays_so(world):
    """CS-8, PT-5: what a case keeps from customers and colleagues, the part split off keeps as well."""
    Case.objects.unscoped("set up").filter(pk=world.case.pk).update(
        is_hidden=True, is_private=True, owner=world.cast.rita
    )
    said = world.case.messages.filter(direction="in")[:1]
    made = split_case(world.case, said, {"subject": "Other thing"}, by=world.cast.rita)
    assert (made.is_hidden, made.is_private, made.owner) == (True, True, world.cast.rita)
    assert not portal.cases_for(world.ada).filter(pk=made.pk).exists()
