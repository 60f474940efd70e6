"""Converting leads: what is offered, what is made or reused, what stays, and the way back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm_site.core.models import Attachment
from crm_site.core.operations import Refused, Stale
from customers.models import Account, Activity, Affiliation, Contact, Customer
from customers.operations.accounts import create_account
from customers.operations.activities import log_activities
from customers.operations.contacts import create_contact
from customers.operations.customers import create_customer
from customers.timeline import read
from marketing.models import Campaign, CampaignMember
from sales.matching import matches_of, told_hidden
from sales.models import Lead, Opportunity, Pipeline, Product, Stage
from sales.operations.conversion import convert_lead
from sales.operations.leads import create_lead, disqualify_lead, update_lead
from sales.operations.opportunities import create_opportunity, update_opportunity
from sales.operations.stages import save_pipeline, save_stage
from sales.operations.unconversion import remains_of, unconvert_lead
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
NEW = {"first_name": "Åsa", "last_name": "Berg", "company": "Åkerblom AB", "email": "asa@akerblom.test",
       "phone": "+46 8 123 456 78", "source": "Web", "subject": "Boats", "amount": Decimal("1200.50"),
       "currency": "EUR", "website": "https://www.akerblom.test/en", "industry": "Yards",
       "next_step": "Call"}  # fmt: skip
ALL_NEW = {"account": "new", "opportunity": "new"}


def counts():
    """How many accounts, contacts, customers and deals there are."""
    return tuple(m.objects.unscoped("count").count() for m in (Account, Contact, Customer, Opportunity))


def form_of(client, lead):
    """What a browser would send from the convert page as it is first shown."""
    form = client.get(f"/leads/{lead.pk}/convert/").context["form"]
    names = [n for n in form.fields if n not in ("take", "other_contact", "other_account", "overwrite_source")]
    return {n: getattr(v, "pk", v) for n in names if (v := form[n].value()) not in (None, "")} | {
        "once": str(form.initial["once"])
    }


def test_lc2_matches_are_ranked_with_their_reasons(cast):
    """LC-2."""
    works = create_account({"name": "Åkerblom Group", "website": "akerblom.test"}, by=cast.alice)
    create_account({"name": "Åkerblom"}, by=cast.alice)
    ann = create_contact({"first_name": "Åsa", "last_name": "Berg"}, by=cast.alice)
    same = create_contact({"first_name": "A", "last_name": "B", "email": "x@y.test", "phone": "+46812345678"},
                          by=cast.alice)  # fmt: skip
    lead = create_lead(NEW, by=cast.alice)
    found = matches_of(lead, cast.alice)
    assert [m.record for m in found.contacts] == [lead.contact, same, ann]
    assert [m.reasons for m in found.contacts[1:]] == [["same phone"], ["same name"]]
    assert found.accounts[0].record == works
    assert "same domain and similar name" in found.accounts[0].reasons
    assert found.best("accounts") == works
    assert counts()[0] == 2, "nothing is matched or made by looking"


def test_lc2_a_free_mail_domain_is_no_reason(cast):
    """LC-2."""
    create_account({"name": "Mail Works", "website": "gmail.com"}, by=cast.alice)
    lead = create_lead({"last_name": "Berg", "email": "berg@gmail.com", "company": "Other"}, by=cast.alice)
    assert matches_of(lead, cast.alice).accounts == []


def test_lc3_a_match_out_of_sight_is_counted_with_whom_to_ask(cast):
    """LC-3."""
    hers = create_account({"name": "Åkerblom AB"}, by=cast.alice)
    create_opportunity({"name": "Qwertz", "account": hers}, by=cast.alice)
    lead = create_lead(NEW, by=cast.charlie)
    found = matches_of(lead, cast.charlie)
    assert found.accounts == []
    assert told_hidden(found.hidden["accounts"]) == "1 match you cannot open: ask Alice Tester."
    page = signed_in(cast.charlie).get(f"/leads/{lead.pk}/convert/").content.decode()
    assert "1 match you cannot open: ask Alice Tester." in page
    assert f'name="account" value="{hers.pk}"' not in page
    with pytest.raises(PermissionDenied):
        convert_lead(lead, {"account": hers}, by=cast.charlie)


def test_lc3_everything_new(cast):
    """LC-3."""
    lead = create_lead(NEW, by=cast.alice)
    own = lead.contact
    done = convert_lead(lead, ALL_NEW, by=cast.alice)
    assert (done.contact, done.account.name, done.account.industry) == (own, "Åkerblom AB", "Yards")
    assert (done.customer.account, done.customer.contact, done.customer.status) == (done.account, own, "prospect")
    assert Affiliation.objects.filter(contact=own, account=done.account, is_main=True).exists()
    deal = done.opportunity
    assert (deal.name, deal.amount, deal.currency) == ("Åkerblom AB – Boats", Decimal("1200.500"), "EUR")
    assert (deal.account, deal.contact, deal.customer, deal.lead) == (done.account, own, done.customer, lead)
    assert (deal.source, deal.next_step, deal.stage.order, deal.owner) == ("Web", "Call", 1, cast.alice)
    assert (done.lead.status, done.lead.converted_opportunity) == ("converted", deal)


def test_lc3_a_private_person_without_a_deal(cast):
    """LC-3."""
    lead = create_lead(NEW | {"company": ""}, by=cast.alice)
    done = convert_lead(lead, {"account": None, "opportunity": None}, by=cast.alice)
    assert (done.account, done.opportunity, done.customer.kind) == (None, None, "individual")
    again = create_lead(NEW | {"company": ""}, by=cast.alice)
    assert convert_lead(again, {"opportunity": None}, by=cast.alice).customer == done.customer
    with pytest.raises(Refused):
        convert_lead(create_lead({"last_name": "X"}, by=cast.alice), {"account": "new"}, by=cast.alice)


def test_lc3_added_to_an_open_deal(cast):
    """LC-3."""
    known = create_customer({"kind": "business", "company": "Works"}, by=cast.alice)
    deal = create_opportunity({"name": "Fleet", "account": known.account}, by=cast.alice)
    lead = create_lead(NEW, by=cast.alice)
    done = convert_lead(lead, {"account": known.account, "opportunity": deal}, by=cast.alice)
    deal.refresh_from_db()
    assert (done.opportunity, done.customer, deal.name) == (deal, known, "Fleet")
    assert (deal.lead, deal.contact, deal.amount, deal.source) == (lead, lead.contact, Decimal("1200.500"), "Web")
    assert Opportunity.objects.unscoped("count").count() == 1


def test_lc4_only_empty_fields_are_filled_unless_ticked(cast):
    """LC-4."""
    works = create_account({"name": "Works", "industry": "Steel"}, by=cast.alice)
    ann = create_contact({"first_name": "Ann", "last_name": "Berg", "phone": "+46 8 999 99 99", "source": "Fair"},
                         by=cast.alice)  # fmt: skip
    lead = create_lead(NEW | {"contact": ann}, by=cast.alice)
    convert_lead(lead, {"account": works, "contact": ann}, by=cast.alice)
    works.refresh_from_db()
    ann.refresh_from_db()
    assert (works.name, works.industry, works.website) == ("Works", "Steel", NEW["website"])
    assert (ann.first_name, ann.phone, ann.email, ann.source) == (
        "Ann", "+4689999999", "asa@akerblom.test", "Fair",
    )  # fmt: skip
    second = create_lead(NEW | {"contact": ann}, by=cast.alice)
    take = {"account": {"industry"}, "contact": {"first_name", "phone"}}
    convert_lead(second, {"account": works, "contact": ann, "take": take, "overwrite_source": True}, by=cast.alice)
    works.refresh_from_db()
    ann.refresh_from_db()
    assert (works.name, works.industry) == ("Works", "Yards")
    assert (ann.first_name, ann.phone, ann.source) == ("Åsa", "+46812345678", "Web")


def test_lc4_a_record_that_one_only_sees_is_used_and_left_as_it_is(cast):
    """LC-4."""
    works = create_account({"name": "Works"}, by=cast.bob)
    Account.objects.filter(pk=works.pk).update(team=cast.north)
    lead = create_lead(NEW, by=cast.alice)
    with pytest.raises(Refused):
        convert_lead(lead, {"account": works, "take": {"account": {"name"}}}, by=cast.alice)
    done = convert_lead(lead, {"account": works, "opportunity": "new"}, by=cast.alice)
    works.refresh_from_db()
    assert (done.opportunity.account, works.website, works.industry) == (works, "", "")


def test_lc5_the_campaign_that_was_answered_last_gets_the_credit(cast):
    """LC-5."""
    lead, now = create_lead(NEW, by=cast.alice), timezone.now()
    names = (("Answered", 9, 5), ("Answered early", 2, 8), ("Only asked", 1, None))
    made = {}
    for name, added, answered in names:
        made[name] = Campaign.objects.create(name=name, owner=cast.alice)
        CampaignMember.objects.create(
            campaign=made[name], contact=lead.contact, added_at=now - timedelta(days=added),
            responded_at=answered and now - timedelta(days=answered),
        )  # fmt: skip
    assert convert_lead(lead, ALL_NEW, by=cast.alice).opportunity.campaign == made["Answered"]
    other = create_lead({"last_name": "Ek", "company": "Ek"}, by=cast.alice)
    CampaignMember.objects.create(campaign=made["Only asked"], contact=other.contact, added_at=now)
    assert convert_lead(other, ALL_NEW, by=cast.alice).opportunity.campaign == made["Only asked"]


def test_lc5_what_is_typed_counts_before_what_the_lead_says(cast):
    """LC-5."""
    lead = create_lead(NEW, by=cast.alice)
    deal = {"name": "Typed", "amount": Decimal(5), "next_step_date": timezone.localdate()}
    done = convert_lead(lead, ALL_NEW | {"deal": deal}, by=cast.alice).opportunity
    assert (done.name, done.amount, done.next_step_date) == ("Typed", Decimal("5.000"), timezone.localdate())


def test_lc5_a_pipeline_that_was_chosen_begins_with_its_first_stage(cast):
    """LC-5."""
    other = save_pipeline(Pipeline(name="Partners"), by=cast.rita)
    for order, (name, state) in enumerate((("Late", "open"), ("Won", "won"), ("Lost", "lost"), ("Early", "open"))):
        save_stage(Stage(pipeline=other, name=name, state=state, order=10 - order, probability=30), by=cast.rita)
    lead, client = create_lead(NEW, by=cast.alice), signed_in(cast.alice)
    client.post(f"/leads/{lead.pk}/convert/", form_of(client, lead) | {"pipeline": other.pk})
    assert Opportunity.objects.get().stage.name == "Early"


def test_lc6_a_lead_of_a_queue_needs_an_owner(cast):
    """LC-6."""
    lead = create_lead(NEW | {"owner": None, "team": cast.north}, by=cast.bob)
    with pytest.raises(Refused) as caught:
        convert_lead(lead, ALL_NEW, by=cast.bob)
    assert caught.value.field == "owner"
    data = form_of(client := signed_in(cast.bob), lead)
    assert client.post(f"/leads/{lead.pk}/convert/", data).context["form"].errors.keys() == {"owner"}
    done = convert_lead(lead, ALL_NEW | {"owner": cast.charlie}, by=cast.bob)
    assert {r.owner for r in (done.lead, done.account, done.customer, done.opportunity)} == {cast.charlie}
    assert done.lead.team == cast.south


def test_lc7_what_was_done_stays_in_reach_and_only_open_things_are_handed_over(cast):
    """LC-7."""
    lead = create_lead(NEW | {"owner": cast.charlie, "team": cast.south}, by=cast.bob)
    done_call, task = log_activities(
        [{"kind": "call", "subject": "Done", "regarding": lead, "owner": cast.charlie},
         {"kind": "task", "subject": "Open", "regarding": lead, "owner": cast.charlie}], by=cast.bob,
    )  # fmt: skip
    told = log_activities(
        [{"kind": kind, "subject": kind, "regarding": lead} for kind in ("email", "note")], by=cast.bob
    )
    became = convert_lead(lead, ALL_NEW | {"owner": cast.alice}, by=cast.bob)
    for record in (became.contact, became.account, became.customer, became.opportunity, became.lead):
        top, found, _more = read(record, cast.bob)
        assert {*top, *found} == {done_call, task, *told}, record
    done_call.refresh_from_db()
    task.refresh_from_db()
    assert (done_call.owner, task.owner, task.followed_owner) == (cast.charlie, cast.alice, cast.alice)
    shown = signed_in(cast.alice).get(f"/opportunities/{became.opportunity.pk}/timeline/").content.decode()
    assert "Done" in shown


def test_lc7_the_membership_moves_and_keeps_the_day_of_its_answer(cast):
    """LC-7."""
    fair = Campaign.objects.create(name="Fair", owner=cast.alice)
    known = create_contact({"first_name": "Åsa", "last_name": "Berg-Ek"}, by=cast.alice)
    lead = create_lead(NEW | {"campaign": fair}, by=cast.alice)
    own, answered = lead.contact, CampaignMember.objects.get().responded_at
    convert_lead(lead, ALL_NEW | {"contact": known}, by=cast.alice)
    member = CampaignMember.objects.get()
    assert (member.contact, member.responded_at, member.status) == (known, answered, "converted")
    own.refresh_from_db()
    assert own.deleted_at is not None, "it was there only for this lead"


def test_lc9_a_converted_lead_is_read_only_searchable_and_leads_on(cast):
    """LC-9."""
    lead, client = create_lead(NEW, by=cast.alice), signed_in(cast.alice)
    done = convert_lead(lead, ALL_NEW, by=cast.alice)
    with pytest.raises(Refused):
        update_lead(lead, {"company": "Other"}, by=cast.alice)
    with pytest.raises(Refused):
        disqualify_lead(lead, "spam", by=cast.alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(company="Other")
    assert f"/leads/{lead.pk}/" in client.get("/leads/?q=berg").content.decode()
    page = client.get(f"/leads/{lead.pk}/").content.decode()
    for record, slug in ((done.account, "accounts"), (done.contact, "contacts"), (done.customer, "customers"),
                         (done.opportunity, "opportunities")):  # fmt: skip
        assert f'href="/{slug}/{record.pk}/"' in page
    assert "Converted into" in page
    assert client.get(f"/leads/{lead.pk}/edit/").status_code == 302


def test_lc9_taken_back_while_nobody_used_it(cast):
    """LC-9."""
    lead = create_lead(NEW, by=cast.alice)
    done = convert_lead(lead, ALL_NEW, by=cast.alice)
    assert [item.reason for item in remains_of(done.lead, cast.alice)] == ["", "", ""]
    client = signed_in(cast.alice)
    assert "Åkerblom AB – Boats" in client.get(f"/leads/{lead.pk}/unconvert/").content.decode()
    assert client.post(f"/leads/{lead.pk}/unconvert/").status_code == 302
    lead.refresh_from_db()
    assert (lead.status, lead.converted_at, lead.account, lead.customer) == ("new", None, None, None)
    for record in (done.account, done.customer, done.opportunity):
        record.refresh_from_db()
        assert record.deleted_at is not None
    done.contact.refresh_from_db()
    assert done.contact.deleted_at is None
    again = convert_lead(lead, ALL_NEW, by=cast.alice)
    assert (again.repeated, again.account != done.account) == (False, True)


def test_lc9_what_was_used_since_stays_and_is_told(cast):
    """LC-9."""
    lead = create_lead(NEW, by=cast.alice)
    done = convert_lead(lead, ALL_NEW, by=cast.alice)
    update_opportunity(done.opportunity, {"amount": Decimal(9)}, by=cast.alice)
    page = signed_in(cast.alice).get(f"/leads/{lead.pk}/unconvert/").content.decode()
    assert "This stays" in page
    assert "It was changed since." in page
    unconvert_lead(lead, by=cast.alice)
    for record in (done.account, done.customer, done.opportunity):
        record.refresh_from_db()
        assert record.deleted_at is None


@pytest.mark.parametrize("name", ["opportunity", "customer", "account"])
def test_lc9_what_an_activity_is_about_besides_is_in_use(cast, name):
    """LC-9, AC-1."""
    done = convert_lead(create_lead(NEW, by=cast.alice), ALL_NEW, by=cast.alice)
    record = getattr(done, name)
    log_activities([{"subject": "Both", "also": [(record._meta.label_lower, record.pk)]}], by=cast.alice)
    assert {item.name: item.reason for item in remains_of(done.lead, cast.alice)}[name] == "It is in use since."


def test_lc9_not_after_thirty_days_and_not_without_the_right(cast):
    """LC-9."""
    lead = create_lead(NEW, by=cast.alice)
    convert_lead(lead, ALL_NEW, by=cast.alice)
    with pytest.raises(PermissionDenied):
        unconvert_lead(lead, by=cast.charlie)
    Lead.objects.filter(pk=lead.pk).update(converted_at=timezone.now() - timedelta(days=31))
    with pytest.raises(Refused):
        unconvert_lead(lead, by=cast.alice)


def test_lc9_the_own_contact_comes_back(cast):
    """LC-9."""
    known = create_contact({"first_name": "Åsa", "last_name": "Berg-Ek"}, by=cast.alice)
    lead = create_lead(NEW, by=cast.alice)
    own = lead.contact
    convert_lead(lead, ALL_NEW | {"contact": known}, by=cast.alice)
    opened = unconvert_lead(lead, by=cast.alice)
    own.refresh_from_db()
    assert (opened.contact, own.deleted_at) == (own, None)


def test_a_stale_page_does_not_convert(cast):
    lead = create_lead(NEW, by=cast.alice)
    update_lead(lead, {"company": "Other"}, by=cast.bob)
    with pytest.raises(Stale):
        convert_lead(lead, ALL_NEW, by=cast.alice, version=1)


def test_a_refused_conversion_leaves_nothing(cast):
    lead, before = create_lead(NEW, by=cast.alice), counts()
    closed = create_opportunity({"name": "Fleet", "account": create_account({"name": "W"}, by=cast.alice)},
                                by=cast.alice)  # fmt: skip
    Opportunity.objects.filter(pk=closed.pk).update(
        state="lost", closed_at=timezone.now(), probability=0, category="lost"
    )
    with pytest.raises(Refused):
        convert_lead(lead, {"account": "new", "contact": "new", "opportunity": closed}, by=cast.alice)
    assert counts() == (before[0] + 1, before[1], before[2], before[3] + 1)


def test_u20_one_page_two_clicks_and_the_second_does_no_harm(cast):
    """U20."""
    lead, client = create_lead(NEW, by=cast.alice), signed_in(cast.alice)
    assert f'href="/leads/{lead.pk}/convert/"' in client.get(f"/leads/{lead.pk}/").content.decode()
    data, before = form_of(client, lead), counts()
    answer = client.post(f"/leads/{lead.pk}/convert/", data)
    assert (answer.status_code, answer["Location"]) == (302, f"/leads/{lead.pk}/")
    after = counts()
    assert after == (before[0] + 1, before[1], before[2] + 1, before[3] + 1)
    assert client.post(f"/leads/{lead.pk}/convert/", data)["Location"] == answer["Location"]
    assert signed_in(cast.bob).post(f"/leads/{lead.pk}/convert/", data)["Location"] == answer["Location"]
    assert counts() == after
    assert Activity.objects.unscoped("none was made").count() == 0


def test_u20_a_likely_match_is_offered_first_and_its_fields_may_be_overwritten(cast):
    """U20."""
    works = create_account({"name": "Åkerblom", "website": "akerblom.test", "industry": "Steel"}, by=cast.alice)
    lead, client = create_lead(NEW, by=cast.alice), signed_in(cast.alice)
    data = form_of(client, lead)
    assert data["account"] == str(works.pk)
    page = client.get(f"/leads/{lead.pk}/convert/").content.decode()
    assert f"account:{works.pk}:industry" in page
    client.post(f"/leads/{lead.pk}/convert/", data | {"take": [f"account:{works.pk}:industry"]})
    works.refresh_from_db()
    assert (works.industry, works.name) == ("Yards", "Åkerblom")
    assert Account.objects.unscoped("count").count() == 1


def test_lc7_files_of_the_lead_are_at_hand_on_what_it_became(cast):
    """LC-7."""
    lead, client = create_lead(NEW, by=cast.alice), signed_in(cast.alice)
    kind = ContentType.objects.get_for_model(Lead)
    Attachment.objects.create(content_type=kind, object_id=lead.pk, file=ContentFile(b"x", "plan.txt"),
                              name="plan.txt", size=1, created_by=cast.alice)  # fmt: skip
    done = convert_lead(lead, ALL_NEW, by=cast.alice)
    for record, slug in ((done.account, "accounts"), (done.contact, "contacts"), (done.customer, "customers"),
                         (done.opportunity, "opportunities")):  # fmt: skip
        assert "plan.txt" in client.get(f"/{slug}/{record.pk}/leads/").content.decode(), slug


def test_lc5_the_product_becomes_a_line(cast):
    """LC-5."""
    boat = Product.objects.create(name="Boat", owner=cast.alice)
    lead = create_lead(NEW | {"subject": "", "product": boat}, by=cast.alice)
    deal = convert_lead(lead, ALL_NEW, by=cast.alice).opportunity
    line = deal.lines.get()
    assert (deal.name, line.product, line.net) == ("Åkerblom AB – Boat", boat, Decimal("1200.500"))
    deal.refresh_from_db()
    assert deal.amount == Decimal("1200.500")
