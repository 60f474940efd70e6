"""Leads: where the person comes from, what the record says, how it ends without a result."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.operations import Refused
from customers.models import Activity, Contact
from customers.operations.activities import log_activities
from customers.operations.contacts import create_contact
from customers.operations.customers import create_customer
from marketing.models import Campaign, CampaignMember, ContactList
from sales.models import Lead
from sales.operations.leads import (
    ASSIGNERS,
    create_lead,
    create_leads,
    delete_lead,
    disqualify_lead,
    reopen_lead,
    restore_lead,
    returning_lead,
    update_lead,
)
from tests.conftest import signed_in
from tests.factories import LeadFactory

pytestmark = pytest.mark.django_db
NEW = {"first_name": "Åsa", "last_name": "Berg", "company": "Åkerblom AB", "email": "Asa@Akerblom.test",
       "phone": "+46 8 123 456 78", "source": "Web", "subject": "Boats"}  # fmt: skip


def test_lc1_a_lead_makes_its_person(cast):
    """LC-1."""
    lead = create_lead(NEW, by=cast.alice)
    contact = lead.contact
    assert (str(contact), contact.email, contact.phone) == ("Åsa Berg", "asa@akerblom.test", "+46812345678")
    assert (lead.owner, lead.team, contact.owner, lead.status) == (cast.alice, cast.north, cast.alice, "new")
    assert (lead.account, lead.customer) == (None, None)


def test_lc1_all_that_a_lead_holds(cast):
    """LC-1: names, mechanisms in one form, origin, list, referrer, queue, score and country; each status a category."""
    news = ContactList.objects.create(name="News", owner=cast.alice)
    fair = Campaign.objects.create(name="Fair", owner=cast.alice)
    told = NEW | {"country": "Sweden", "referrer": "Zoe", "campaign": fair, "contact_list": news}
    lead = create_lead(told | {"owner": None, "team": cast.north}, by=cast.bob)
    assert (lead.email, lead.contact.phone, lead.country, lead.referrer) == (
        "asa@akerblom.test", "+46812345678", "SE", "Zoe")  # fmt: skip
    assert (lead.owner, lead.team, lead.contact_list, lead.campaign) == (None, cast.north, news, fair)
    assert lead.score == sum(part["points"] for part in lead.score_parts)
    assert set(Lead.STATUSES) == {*Lead.OPEN, Lead.CONVERTED, Lead.DISQUALIFIED}
    page = signed_in(cast.bob).get(f"/leads/{lead.pk}/").content.decode()
    for text in ("Åsa Berg", "Åkerblom AB", "Zoe", "News", "Fair", "Web", "SE"):
        assert text in page, text


def test_lc1_a_known_person_is_found_by_address_and_by_number_with_the_name(cast):
    """LC-1."""
    ann = create_contact({"first_name": "Ann", "last_name": "Lee", "email": "ann@x.test", "phone": "+46 8 1234567"},
                         by=cast.alice)  # fmt: skip
    assert create_lead({"last_name": "Lee", "email": "ANN@x.test"}, by=cast.alice).contact == ann
    assert create_lead({"last_name": "lee", "phone": "+4681234567"}, by=cast.alice).contact == ann
    assert create_lead({"last_name": "Ek", "phone": "+4681234567"}, by=cast.alice).contact != ann


def test_lc1_a_person_out_of_sight_is_not_used(cast):
    """LC-1."""
    hers = create_contact({"first_name": "Ann", "last_name": "Lee", "email": "ann@x.test"}, by=cast.alice)
    assert create_lead({"last_name": "Lee", "email": "ann@x.test"}, by=cast.charlie).contact != hers
    with pytest.raises(PermissionDenied):
        create_lead({"last_name": "Lee", "contact": hers}, by=cast.charlie)


def test_lc1_two_rows_of_one_person_share_the_contact(cast):
    """LC-1."""
    first, second, third = create_leads([NEW, NEW, {"last_name": "Berg"}], by=cast.alice)
    assert first.contact == second.contact != third.contact


def test_a_lead_of_a_known_customer_says_so(cast):
    made = create_customer({"kind": "business", "company": "Åkerblom AB", "first_name": "Åsa", "last_name": "Berg",
                            "email": "asa@akerblom.test"}, by=cast.alice)  # fmt: skip
    lead = create_lead(NEW | {"company": ""}, by=cast.alice)
    assert (lead.customer, lead.account, lead.company) == (made, made.account, "Åkerblom AB")
    page = signed_in(cast.alice).get(f"/leads/{lead.pk}/")
    assert "A known customer" in page.content.decode()
    assert f'href="/customers/{made.pk}/"' in page.content.decode()


def test_the_page_does_not_name_a_customer_out_of_sight(cast):
    made = create_customer({"kind": "individual", "first_name": "Zoe", "last_name": "Qwertz"}, by=cast.alice)
    lead = LeadFactory(owner=cast.charlie, contact=made.contact, customer=made)
    text = signed_in(cast.charlie).get(f"/leads/{lead.pk}/").content.decode()
    assert "A known customer" in text
    assert "Qwertz" not in text


def test_many_leads_take_the_statements_of_few(cast):
    counts = []
    for size in (100, 300):
        rows = [NEW | {"last_name": f"N{size}{n}", "email": f"n{size}{n}@x.test", "phone": ""} for n in range(size)]
        with CaptureQueriesContext(connection) as caught:
            create_leads(rows, by=cast.alice)
        counts.append(len(caught))
    assert counts[1] <= counts[0] <= 25


def test_lc1_the_campaign_gets_a_response_once(cast):
    """LC-1."""
    fair = Campaign.objects.create(name="Fair", owner=cast.alice)
    lead = create_lead(NEW | {"campaign": fair}, by=cast.alice)
    member = CampaignMember.objects.get(campaign=fair, contact=lead.contact)
    assert (member.status, member.responded_at) == ("responded", lead.created_at)
    create_lead(NEW | {"campaign": fair}, by=cast.alice)
    member.refresh_from_db()
    assert member.responded_at == lead.created_at


def test_a_lead_without_owner_waits_in_the_queue_of_its_team(cast, monkeypatch):
    seen = []
    monkeypatch.setattr("sales.operations.leads.ASSIGNERS", [*ASSIGNERS, lambda leads, by: seen.extend(leads)])
    lead = create_lead(NEW | {"owner": None}, by=cast.alice)
    assert (lead.owner, lead.team, seen) == (None, cast.north, [lead])
    listed = signed_in(cast.alice).get("/leads/?unowned=true")
    assert b"Berg" in listed.content


def test_lc11_disqualified_with_a_reason_and_reopened(cast):
    """LC-11."""
    lead = create_lead(NEW, by=cast.alice)
    with pytest.raises(Refused):
        disqualify_lead(lead, "", by=cast.alice)
    with pytest.raises(Refused):
        update_lead(lead, {"status": "disqualified"}, by=cast.alice)
    lost = disqualify_lead(lead, "no_budget", by=cast.alice, note="next year")
    assert (lost.status, lost.disqualify_note) == ("disqualified", "next year")
    assert returning_lead("ASA@akerblom.test") == lost
    again = reopen_lead(lost, by=cast.alice)
    assert (again.status, again.disqualified_at, again.disqualify_reason) == ("working", None, "")
    assert returning_lead("asa@akerblom.test") is None


def test_lc11_the_buttons(cast):
    """LC-11."""
    lead, client = create_lead(NEW, by=cast.alice), signed_in(cast.alice)
    assert client.post(f"/leads/{lead.pk}/disqualify/", {"reason": ""}).status_code == 200
    assert client.post(f"/leads/{lead.pk}/disqualify/", {"reason": "spam"}).status_code == 302
    lead.refresh_from_db()
    assert lead.status == "disqualified"
    assert client.post(f"/leads/{lead.pk}/reopen/").status_code == 302
    assert signed_in(cast.charlie).post(f"/leads/{lead.pk}/disqualify/", {"reason": "spam"}).status_code == 404


def test_the_first_answer_is_noted_once(cast):
    lead = create_lead(NEW, by=cast.alice)
    call = log_activities([{"kind": "call", "direction": "out", "subject": "Hello", "regarding": lead}], by=cast.alice)
    lead.refresh_from_db()
    assert (lead.responded_at, lead.status) == (call[0].at, "working")
    later = log_activities([{"kind": "call", "direction": "out", "subject": "Again", "contact": lead.contact}],
                           by=cast.alice)  # fmt: skip
    lead.refresh_from_db()
    assert (lead.responded_at, lead.last_touch_at) == (call[0].at, later[0].at)


def test_an_incoming_call_and_a_note_are_no_answer(cast):
    lead = create_lead(NEW, by=cast.alice)
    log_activities([
        {"kind": "call", "direction": "in", "subject": "They call", "regarding": lead},
        {"kind": "note", "subject": "Hm", "regarding": lead},
        {"kind": "task", "subject": "Call them", "regarding": lead},
    ], by=cast.alice)  # fmt: skip
    lead.refresh_from_db()
    assert lead.responded_at is None
    assert lead.last_touch_at is not None


def test_activities_of_a_lead_count_for_its_person_and_follow_its_owner(cast):
    lead = create_lead(NEW, by=cast.alice)
    call = log_activities([{"kind": "call", "subject": "Hello", "regarding": lead}], by=cast.alice)[0]
    assert call.contact == lead.contact
    update_lead(lead, {"owner": cast.charlie, "team": cast.south}, by=cast.bob)
    call.refresh_from_db()
    assert (call.followed_owner, call.followed_team) == (cast.charlie, cast.south)


def test_deleting_asks_what_becomes_of_open_activities(cast):
    lead = create_lead(NEW, by=cast.alice)
    task = log_activities([{"kind": "task", "subject": "Call", "regarding": lead}], by=cast.alice)[0]
    assert b"Open activities" in signed_in(cast.alice).get(f"/leads/{lead.pk}/delete/").content
    delete_lead(lead, by=cast.alice, activities="close")
    task.refresh_from_db()
    assert task.status == Activity.CANCELLED
    assert restore_lead(Lead.objects.unscoped("test").get(pk=lead.pk), by=cast.alice).deleted_at is None


def test_another_contact_brings_its_account(cast):
    made = create_customer({"kind": "business", "company": "Works", "first_name": "Ann", "last_name": "Lee"},
                           by=cast.alice)  # fmt: skip
    lead = create_lead(NEW, by=cast.alice)
    lead = update_lead(lead, {"contact": made.contact}, by=cast.alice)
    assert (lead.account, lead.customer) == (made.account, made)


def test_u19_quick_create_asks_for_five_fields_and_needs_one(cast):
    """U19."""
    client = signed_in(cast.alice)
    modal = {"HX-Request": "true", "HX-Target": "modal-content"}
    dialog = client.get("/leads/new/", headers=modal)
    form = dialog.context["form"]
    assert [n for n, f in form.fields.items() if f.required] == ["last_name"]
    assert {"last_name", "company", "email", "phone", "source"} <= set(form.fields)
    sent = client.post("/leads/new/", {"last_name": "Berg", "once": str(form.initial["once"])}, headers=modal)
    assert sent["HX-Redirect"] == f"/leads/{Lead.objects.visible_to(cast.alice).get().pk}/"
    create_contact({"first_name": "Ann", "last_name": "Lee", "email": "ann@x.test"}, by=cast.alice)
    create_lead({"last_name": "Lee", "email": "ann@x.test"}, by=cast.alice)
    warned = client.post("/leads/similar/", {"last_name": "Lee", "email": "ann@x.test"}).content.decode()
    assert "open lead, same e-mail" in warned
    assert "same e-mail" in warned


def test_lists_filters_and_panels(cast):
    client, fair = signed_in(cast.alice), Campaign.objects.create(name="Fair", owner=cast.alice)
    lead = create_lead(NEW | {"campaign": fair, "country": "SE", "rating": "hot"}, by=cast.alice)
    Lead.objects.filter(pk=lead.pk).update(respond_by=timezone.now(), score=40)
    for query in ("status=new&status=working", "rating=hot", "score=40", "source=we", "country=SE",
                  f"campaign={fair.pk}", "overdue=true", "sort=score", "q=berg"):  # fmt: skip
        assert b"Berg" in client.get(f"/leads/?{query}").content, query
    for query in ("status=converted", "rating=cold", "score=41", "source=x", "country=DE", "unowned=true"):
        assert f"/leads/{lead.pk}/" not in client.get(f"/leads/?{query}").content.decode(), query
    for address in (f"/contacts/{lead.contact_id}/", f"/campaigns/{fair.pk}/"):
        assert f"/leads/{lead.pk}/" in client.get(f"{address}leads/").content.decode()
        assert f"{address}leads/" in client.get(address).content.decode()
    assert Contact.objects.get(pk=lead.contact_id).leads.count() == 1
