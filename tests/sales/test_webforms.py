"""Web forms: strangers' inquiries become leads, once, and programs are kept out."""

import time

import pytest
from django.core.cache import cache

from customers.models import Consent, Contact, Purpose
from customers.operations.consents import refuse_consent, standing_entry
from marketing.models import ContactList
from sales.forms import webforms as guard
from sales.models import AssignmentRule, Lead, WebForm
from sales.operations.conversion import convert_lead
from sales.operations.leads import disqualify_lead
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
VALUES = {"last_name": "Ada", "email": "Ada@Example.org", "description": "Call me"}


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()


def form_of(**values):
    values = {
        "name": "Ask",
        "title": "Ask us",
        "fields": ["last_name", "email", "description"],
        "required": ["email"],
    } | values
    return WebForm.objects.create(**values)


def send(client, form, **values):
    return client.post(f"/forms/{form.key}/", VALUES | values)


def leads():
    return list(Lead.objects.unscoped("test").order_by("id"))


def test_an_inquiry_becomes_a_lead(client, client_of, cast):
    rule = AssignmentRule.objects.create(
        name="Web", order=1, respond_minutes=60, conditions=[{"field": "web_form", "op": "equals", "value": "Ask"}]
    )
    rule.members.create(user=cast.alice)
    form = form_of(consent_text="You may write to me.", source="Site")
    assert send(client, form).status_code == 422
    page = send(client, form, consent="on", utm_source="ads", page="https://example.org/x")
    assert "Thank you" in page.content.decode()
    [lead] = leads()
    assert (lead.owner, lead.source, lead.web_form, lead.email) == (cast.alice, "Site", form, "ada@example.org")
    assert lead.respond_by is not None
    assert lead.attribution["utm_source"] == "ads"
    assert lead.attribution["consent"]["text"] == "You may write to me."
    assert lead.score_parts[0]["points"] == 50
    shown = client_of(cast.alice).get(f"/leads/{lead.pk}/").content.decode()
    for words in ("utm_source: ads", "https://example.org/x", "agreed to: You may write to me."):
        assert words in shown


def test_cg1_a_tick_is_an_entry_of_the_ledger(client, cast):
    """CG-1: wording, time, form and address are kept once; nothing without a tick; a conversion carries it on."""
    text, news = "You may write to me.", Purpose.objects.get(code="marketing_email")
    plain, form = form_of(consent_text=text), form_of(consent_text="Send me news.", purpose=news)
    send(client, form)
    assert not Consent.objects.exists()
    for each in (plain, plain, form, form):
        send(client, each, consent="on")
    given, asked = Consent.objects.order_by("status", "-id")
    assert (given.purpose.code, given.text, given.address, given.source) == ("service", text, VALUES["email"], "form")
    assert (given.status, given.ip) == ("granted", "127.0.0.1")
    assert str(plain.key) in given.proof
    assert (asked.status, asked.text, asked.purpose) == ("pending", "Send me news.", news)
    other = ContactFactory(owner=cast.alice, email="ada@work.example")
    refuse_consent(other, news, by=cast.alice)
    lead = leads()[-1]
    became = convert_lead(lead, {"contact": other, "account": None, "owner": cast.alice}, by=cast.rita)
    carried = Consent.objects.get(contact=became.contact, status="granted")
    assert (carried.text, carried.proof, carried.source) == (text, given.proof, "form")
    assert standing_entry(other, news).status == "denied"


def test_the_page_works_from_another_site_and_without_script(client, client_of):
    form = form_of()
    strict = client_of(None, enforce_csrf_checks=True)
    page = strict.get(f"/forms/{form.key}/?utm_campaign=may")
    assert page["X-Frame-Options"] == "DENY"
    text = page.content.decode()
    assert 'name="utm_campaign" value="may"' in text
    assert guard.TRAP in text
    assert (
        strict.post(f"/forms/{form.key}/", VALUES, headers={"Origin": "https://elsewhere.example"}).status_code == 200
    )
    assert len(leads()) == 1


def test_programs_are_kept_out(client):
    form = form_of()
    assert "Thank you" in send(client, form, **{guard.TRAP: "1"}).content.decode()
    assert send(client, form, made=guard.mark(form)).status_code == 422
    assert send(client, form, made="forged").status_code == 422
    assert leads() == []


def test_who_takes_their_time_is_let_in(client, time_machine):
    form = form_of()
    time_machine.move_to("2026-06-03 10:00:00+00:00", tick=False)
    mark = guard.mark(form)
    time_machine.shift(5)
    assert send(client, form, made=mark).status_code == 200
    assert len(leads()) == 1
    time_machine.shift(guard.STALE)
    assert send(client, form, made=mark).status_code == 422


def test_one_address_sends_only_so_many(client, caplog):
    form = form_of()
    codes = [send(client, form, email=f"p{n}@x.org").status_code for n in range(guard.HOURLY_BARE + 1)]
    assert codes[-1] == 429
    assert set(codes[:-1]) == {200}
    assert "127.0.0.1" not in caplog.text


def test_closed_and_unknown_forms_are_not_there(client):
    assert send(client, form_of(is_active=False)).status_code == 404
    assert client.get("/forms/9c6c1ae2-2f4f-4f0e-9f11-111111111111/").status_code == 404


def test_the_same_inquiry_is_not_doubled(client):
    form = form_of(fields=["last_name", "email", "description", "company"])
    send(client, form)
    send(client, form, description="And bring cake", company="Engines", last_name="Eve")
    [lead] = leads()
    assert (lead.last_name, lead.company) == ("Ada", "Engines")
    assert "Call me" in lead.description
    assert "And bring cake" in lead.description


def test_a_disqualified_lead_comes_back(client, cast):
    """LC-11."""
    form = form_of()
    send(client, form)
    lead = leads()[0]
    disqualify_lead(lead, "no_budget", by=cast.rita)
    send(client, form_of(name="Other"), description="Now I have money")
    [lead] = leads()
    assert lead.status == Lead.WORKING
    assert "Now I have money" in lead.description


def test_a_known_person_is_found(client, cast):
    form, people = form_of(), ContactList.objects.create(name="News")
    WebForm.objects.update(contact_list=people)
    send(client, form)
    Lead.objects.unscoped("test").update(created_at="2020-01-01T00:00Z")
    send(client, form)
    first, second = leads()
    assert first.contact_id == second.contact_id
    assert Contact.objects.unscoped("test").count() == 1
    assert people.members.count() == 1


@pytest.mark.parametrize("values", [
    {"email": "no address"}, {"last_name": "x" * 101}, {"description": "x" * 5001}, {"email": ""}, {"email": "a\0@b.c"},
])  # fmt: skip
def test_nonsense_is_refused(client, values):
    assert send(client, form_of(), **values).status_code in (400, 422)
    assert leads() == []


def test_what_is_wrong_stands_beside_the_field_and_the_first_of_them_is_ready_to_type(client):
    page = send(client, form_of(), email="no address").content.decode()
    field = page.split('name="email"')[1].split(">")[0]
    assert ('aria-describedby="id_email_error"' in field, "autofocus" in field) == (True, True)
    assert 'id="id_email_error"' in page


def test_hostile_text_stays_text(client, cast, client_of):
    form = form_of(next_url="https://example.com/thanks")
    answer = send(client, form, last_name="<script>alert(1)</script>", status="converted", owner=str(cast.alice.pk))
    assert answer["Location"] == "https://example.com/thanks"
    assert "https://example.com" in answer["Content-Security-Policy"]
    [lead] = leads()
    assert (lead.status, lead.owner) == (Lead.NEW, None)
    assert "<script>alert" not in client_of(cast.rita).get(f"/leads/{lead.pk}/").content.decode()


def test_staff_build_a_form(cast, client_of):
    client = client_of(cast.mia)
    fields = {
        "name": "Fair",
        "title": "Meet us",
        "source": "Fair",
        "is_active": "on",
        "fields_shown": ["last_name", "email"],
        "fields_needed": ["email"],
        "consent_text": "I <b>agree</b>",
    }
    assert client.post("/leads/forms/new/", fields | {"next_url": "javascript:alert(1)"}).status_code == 422
    wrong = client.post("/leads/forms/new/", fields | {"fields_needed": ["phone"]})
    assert (wrong.status_code, "Not on the form: Phone." in wrong.content.decode()) == (422, True)
    assert client.get("/leads/forms/new/").context["form"]["team"].value() == cast.mia.team_id
    answer = client.post("/leads/forms/new/", fields)
    form = WebForm.objects.get()
    assert "only administrators see" in client.get("/leads/forms/").content.decode()
    assert answer["Location"] == f"/leads/forms/{form.pk}/"
    assert (form.fields, form.required) == (["last_name", "email"], ["email"])
    page = client.get(answer["Location"]).content.decode()
    assert "&lt;form method=&quot;post&quot; action=&quot;http" in page
    assert "I &amp;lt;b&amp;gt;agree" in page
    assert "Meet us" in client.get(f"/leads/forms/{form.pk}/preview/").content.decode()
    assert "Fair" in client.get("/leads/forms/").content.decode()
    assert client_of(cast.alice).get("/leads/forms/").status_code == 404
    assert client_of(cast.bob).get("/leads/forms/").status_code == 200


def test_the_mark_holds_for_one_form_only():
    one, other = form_of(), form_of(name="Other")
    assert guard.age_of(guard.mark(one), other) is None
    assert 0 <= guard.age_of(guard.mark(one), one) < time.time()
