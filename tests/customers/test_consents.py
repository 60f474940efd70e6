"""CG-1 … CG-5: the ledger of consents, what it says, who may add to it, how people are asked, files that bring some."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.history import entries
from crm_site.core.models import Job
from crm_site.core.operations import Refused
from customers.consent import allowed, consent_state, may_contact
from customers.models import Consent, Contact, ContactMechanism, Purpose
from customers.operations.consents import (
    ask_consent,
    create_consents,
    give_consent,
    refuse_consent,
    take_back_consents,
)
from customers.operations.mechanisms import update_mechanism
from customers.tasks import send_invitations
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
NEWS, SERVICE = "marketing_email", "service"


@pytest.fixture
def ann(cast):
    """A contact of Alice's."""
    return ContactFactory(owner=cast.alice, email="ann@x.test")


@pytest.fixture
def news():
    """The shipped purpose of news by e-mail."""
    return Purpose.objects.get(code=NEWS)


def told(contact, purpose=NEWS, **more):
    """Why we may or may not."""
    answer = may_contact([contact], purpose, **more)[contact.pk]
    return answer.reason if answer.may else f"no: {answer.reason}"


def test_cg1_the_ledger_is_only_added_to(cast, ann, news):
    """CG-1: no way to change or remove an entry but erasing; the newest decides, and the same twice is once."""
    given = give_consent(ann, news, by=cast.alice, source="paper", proof="Folder 3")
    assert give_consent(ann, news, by=cast.alice, source="paper", proof="Folder 3") == given
    assert (given.text, given.by, given.basis) == (news.text, cast.alice, "consent")
    row = Consent.objects.filter(pk=given.pk)
    for change in (lambda: row.update(status="withdrawn"), lambda: row.update(text=""), row.delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    row.update(mailed_at=timezone.now())
    taken = refuse_consent(ann, news, by=cast.alice, source="phone")
    assert (taken.status, Consent.objects.count()) == ("withdrawn", 2)
    assert refuse_consent(ann, news, by=cast.alice, source="phone") == taken
    with transaction.atomic(), connection.cursor() as cursor:  # negative control: it is the guard that refuses
        cursor.execute("SET LOCAL kith.erasing = 'test'")
        assert row.delete()[0] == 1


def test_cg1_the_history_knows_who_entered_it(cast, ann, news):
    give_consent(ann, news, by=cast.alice, source="phone")
    newest = entries(Contact.objects.get(pk=ann.pk), cast.alice)[0][0]
    assert (newest["by"], newest["operation"]) == (cast.alice, "give consent")
    with pytest.raises(PermissionDenied):
        give_consent(ann, news, by=cast.charlie, source="phone")


def test_cg2_the_order_of_reasons(cast, ann, news):
    """CG-2: gone > opt-out > withdrawn, denied > expired > asked > missing > granted; the same as a condition."""
    seen, now = [], timezone.now()

    def look():
        seen.append(told(ann))
        may = Contact.objects.filter(allowed(NEWS, of="pk"), pk=ann.pk, deleted_at=None, do_not_contact=False).exists()
        assert may == (not seen[-1].startswith("no")), seen

    look()
    ask_consent(ann, news, by=cast.alice)
    look()
    give_consent(ann, news, by=cast.alice, effective_to=now + timedelta(days=1))
    look()
    assert told(ann, at=now + timedelta(days=2)) == "no: expired"
    refuse_consent(ann, news, by=cast.alice)
    look()
    Contact.objects.filter(pk=ann.pk).update(do_not_contact=True)
    look()
    Contact.objects.filter(pk=ann.pk).update(deleted_at=now)
    look()
    assert seen == ["no: missing", "no: pending", "granted", "no: withdrawn", "no: opted_out", "no: gone"]
    assert told(ann, at=now - timedelta(days=1)) == "no: gone"


def test_cg2_what_needs_no_consent_is_done_until_somebody_objects(cast, ann):
    service = Purpose.objects.get(code=SERVICE)
    assert told(ann, SERVICE) == "allowed"
    refuse_consent(ann, service, by=cast.alice, channel="phone")
    assert (told(ann, SERVICE), told(ann, SERVICE, channel="phone")) == ("allowed", "no: denied")
    assert not Contact.objects.filter(allowed(SERVICE, "phone", of="pk"), pk=ann.pk).exists()
    refuse_consent(ann, service, by=cast.alice)
    assert told(ann, SERVICE, channel="email") == "no: denied"
    assert [s.answer.may for s in consent_state(ann) if s.purpose == service] == [False, False]


def test_cg2_many_cost_what_one_costs(cast, news):
    people = ContactFactory.create_batch(5, owner=cast.alice)
    with CaptureQueriesContext(connection) as few:
        may_contact(people[:1], NEWS)
    create_consents([{"contact": one, "purpose": news} for one in people], by=cast.alice)
    with CaptureQueriesContext(connection) as many:
        assert {answer.may for answer in may_contact(people, NEWS).values()} == {True}
    assert len(many) == len(few) == 3


def test_cg4_asked_once_and_confirmed_by_a_form_only(cast, ann, news, client_of, mailoutbox):
    """CG-4: one mail; the link shows a page and changes nothing, the form gives consent, once; the hash opens nothing."""
    way = ContactMechanism.objects.create(contact=ann, type="email", value=ann.email, normalised=ann.email)
    asked = ask_consent(ann, news, by=cast.alice)
    assert ask_consent(ann, news, by=cast.alice) == asked
    assert [send_invitations(), send_invitations()] == [1, 0]
    path = re.search(r"https?://[^/]+(/consent/\w+/)", mailoutbox[0].body)[1]
    assert asked.token_hash not in path
    client = client_of(None)
    assert "Yes, I agree" in client.get(path).content.decode()
    assert told(ann) == "no: pending"
    assert client.post(f"/consent/{asked.token_hash}/").status_code == 404
    for _twice in (1, 2):
        assert "you agree" in client.post(path).content.decode()
    entry = Consent.objects.get(status="granted")
    assert (entry.source, entry.address, entry.ip, told(ann)) == ("link", ann.email, "127.0.0.1", "granted")
    way.refresh_from_db()
    assert (timezone.now() - way.verified_at).total_seconds() < 60  # CU-2
    refuse_consent(ann, news, by=cast.alice)
    assert "no longer open" in client.post(path).content.decode()
    assert told(ann) == "no: withdrawn"
    assert update_mechanism(way, {"value": "new@address.test"}, by=cast.alice).verified_at is None


def test_cg4_who_is_not_asked(cast, ann, news):
    Contact.objects.filter(pk=ann.pk).update(do_not_contact=True)
    with pytest.raises(Refused):
        ask_consent(ann, news, by=cast.alice)
    other = ContactFactory(owner=cast.alice, email="o@x.test")
    ask_consent(other, news, by=cast.alice)
    give_consent(other, news, by=cast.alice, source="phone")
    assert send_invitations() == 0


def test_cg5_a_no_becomes_a_yes_with_proof_only(cast, ann, news):
    """CG-5: also within one file; an older yes comes in as history and decides nothing; taking back adds entries."""
    row = {"contact": ann, "purpose": news}
    refuse_consent(ann, news, by=cast.alice)
    for rows in ([row], [row | {"proof": "x"}, row | {"status": "withdrawn"}, row]):
        with pytest.raises(Refused), transaction.atomic():
            create_consents(rows, by=cast.alice)
    create_consents([row | {"effective_from": timezone.now() - timedelta(days=9)}], by=cast.alice)
    assert told(ann) == "no: denied"
    made = create_consents([row | {"proof": "Letter of May 3rd"}], by=cast.alice)
    assert told(ann) == "granted"
    assert take_back_consents([made[0].pk], by=cast.alice) == 1
    assert told(ann) == "no: denied"
    with pytest.raises(PermissionDenied):
        create_consents([row], by=cast.charlie)


def test_the_panel_and_the_form(cast, ann, news, client_of):
    """U39: basis, source and date stand on the contact's page; a yes over a no asks for its proof."""
    client = client_of(cast.alice)
    form = {"purpose": news.pk, "said": "yes", "source": "phone", "basis": "consent", "on": f"{timezone.localdate()}"}
    assert client.post(f"/contacts/{ann.pk}/consents/new/", form | {"said": "no"}).status_code == 302
    assert "changed their mind" in client.post(f"/contacts/{ann.pk}/consents/new/", form).content.decode()
    for _twice in (1, 2):
        client.post(f"/contacts/{ann.pk}/consents/new/", form | {"proof": "Call of today"})
    assert Consent.objects.count() == 2
    panel = client.get(f"/contacts/{ann.pk}/consents/").content.decode()
    assert re.search(r"News by e-mail.*?Granted.*?On the phone · Call of today", panel, re.S)
    assert client.get("/contacts/?allows=marketing_email").content.count(f'<a href="/contacts/{ann.pk}/"'.encode()) == 1
    assert f'<a href="/contacts/{ann.pk}/"' not in client.get("/contacts/?allows=profiling").content.decode()


def test_the_ledger_as_list_and_file(cast, ann, news, client_of):
    """Entries within reach only, also with filters; who takes them out is noted."""
    give_consent(ann, news, by=cast.alice, source="phone", proof="=1+1")
    refuse_consent(ann, news, by=cast.alice, source="email")
    client = client_of(cast.alice)
    count = {q: client.get(f"/consents/?{q}").content.decode().count(f'href="/contacts/{ann.pk}/"')
             for q in ("", "now=true", "status=granted", f"contact={ann.pk}", "q=nobody", "source=paper", "purpose=x")}  # fmt: skip
    assert list(count.values()) == [2, 1, 1, 2, 0, 0, 0]
    assert f"/contacts/{ann.pk}/" not in client_of(cast.charlie).get("/consents/").content.decode()
    text = b"".join(client.post("/consents/export/?status=granted")).decode()
    assert text.count("marketing_email") == 1
    assert "'=1+1" in text
    assert Job.objects.get(record_kind="customers.consent").counts == {"rows": 1}
