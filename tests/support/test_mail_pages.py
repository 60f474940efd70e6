"""The doors of mail: the address for providers, the administrators' page, the mails of a case."""

import pytest
from django.test import Client

from crm_site.core.models import RoleScope
from crm_site.core.outside import digest
from support.mail import intake
from support.models import CannedReply, InboundMail, Mailbox, OutgoingMail, Reconciliation
from support.operations.cases import create_case
from tests.factories import ContactFactory, LeadFactory
from tests.support.mailing import arrive, mail, make_mailbox

pytestmark = pytest.mark.django_db
RAW = "message/rfc822"


@pytest.fixture
def mailbox(cast):
    """A mailbox that a provider feeds."""
    return make_mailbox(key_hash=digest("the-key"))


def test_a_provider_posts_mails(mailbox):
    """EM-2: kept once however often it is posted, without a session or a token of a form."""
    provider = Client(enforce_csrf_checks=True)
    for _turn in range(2):
        answer = provider.post(f"/mail/{mailbox.pk}/the-key/", mail(message_id="p@x.test"), content_type=RAW)
        assert answer.status_code == 202
    assert InboundMail.objects.get().key == "p@x.test"
    intake.process_due()
    assert InboundMail.objects.get().case.subject == "Broken boat"


def test_a_wrong_key_an_empty_and_a_too_large_mail_are_refused(mailbox, monkeypatch):
    """R18: nothing is told apart for who does not know the key; sizes are measured, not believed."""
    provider = Client()
    other = make_mailbox(address="b@kith.test")
    for address in (f"/mail/{mailbox.pk}/another/", "/mail/999999/the-key/", f"/mail/{other.pk}/the-key/"):
        assert provider.post(address, mail(), content_type=RAW).status_code == 404
    assert provider.post(f"/mail/{mailbox.pk}/the-key/", b"  ", content_type=RAW).status_code == 400
    monkeypatch.setattr("support.views.inbound.LARGEST_MAIL", 1000)
    assert provider.post(f"/mail/{mailbox.pk}/the-key/", b"x" * 1001, content_type=RAW).status_code == 413
    assert provider.get(f"/mail/{mailbox.pk}/the-key/").status_code == 405
    Mailbox.objects.filter(pk=mailbox.pk).update(is_active=False)
    assert provider.post(f"/mail/{mailbox.pk}/the-key/", mail(), content_type=RAW).status_code == 404
    assert not InboundMail.objects.exists()


def test_administrators_see_how_the_mailboxes_do(mailbox, cast, client_of):
    """EM-5, EM-8: trouble, missing mails and parked mails with what can be done about them."""
    Mailbox.objects.filter(pk=mailbox.pk).update(host="imap.test", fails=3, error="login failed")
    row = Reconciliation.objects.create(
        mailbox=mailbox, folder="INBOX", there=3, here=2, missing=[{"uid": 7, "id": "gone@x"}]
    )
    parked = intake.take_in(mailbox, mail(subject="Odd"))
    intake.park(parked, "ValueError: odd")
    browser = client_of(cast.rita)
    page = browser.get("/mailboxes/").content.decode()
    for part in ("login failed", "gone@x", "1 mails are missing", "ValueError: odd", f"/mailboxes/missing/{row.pk}/"):
        assert part in page
    assert b"Subject: Odd" in b"".join(browser.get(f"/mailboxes/parked/{parked.pk}/source/").streaming_content)
    browser.post(f"/mailboxes/parked/{parked.pk}/")
    intake.process_due()
    parked.refresh_from_db()
    assert parked.state == "case"
    assert browser.post(f"/mailboxes/missing/{row.pk}/").status_code == 302
    browser.post(f"/mailboxes/{mailbox.pk}/check/")
    assert Mailbox.objects.get(pk=mailbox.pk).next_try_at is None


def test_em6_what_is_sent_is_shown_for_a_real_case(mailbox, cast, client_of):
    """EM-6: answer, receipt, survey and canned replies as they would go out, with sender and signature; nothing is."""
    Mailbox.objects.update(signature="Your <b>team</b>", from_name="Kith support", plus_addresses=True)
    CannedReply.objects.create(name="Hello", shortcut="hi", body="Dear {contact.first_name}, {product.name}?")
    case = create_case({"subject": "Boat", "contact": ContactFactory(first_name="Ann", email="ann@x.test")}, by=None)
    browser = client_of(cast.rita)
    page = browser.get(f"/mailboxes/{mailbox.pk}/preview/").content.decode()
    for part in ("Kith support &lt;support@kith.test&gt;", "ann@x.test", f"Re: Boat [{case.number}]", "Dear Ann",
                 "Not known for this case: product.name", "Hello Ann", "How did we do?", "It has the number",
                 "+k", "Your &lt;b&gt;team&lt;/b&gt;"):  # fmt: skip
        assert part in page, part
    assert page.count("Your &lt;b&gt;team") == 4
    assert not OutgoingMail.objects.exists()
    assert "no case" in browser.get(f"/mailboxes/{mailbox.pk}/preview/?case=99").content.decode()


def test_a_new_key_is_shown_once_and_ends_the_old_one(mailbox, cast, client_of):
    page = client_of(cast.rita).post(f"/mailboxes/{mailbox.pk}/key/").content.decode()
    address = page.partition(f"/mail/{mailbox.pk}/")[2].partition("/")[0]
    mailbox.refresh_from_db()
    assert mailbox.key_hash == digest(address)
    assert Client().post(f"/mail/{mailbox.pk}/the-key/", mail(), content_type=RAW).status_code == 404


def test_nobody_else_has_these_pages(mailbox, cast, client_of):
    for user in (cast.dora, cast.audrey, cast.alice, cast.paula):
        browser = client_of(user)
        assert browser.get("/mailboxes/").status_code in (302, 404)
        assert browser.post(f"/mailboxes/{mailbox.pk}/key/").status_code in (302, 404)


def test_the_mails_of_a_case_and_their_source(mailbox, cast, client_of):
    """EM-4: a lead with the sender's address is named to who may see it.

    EM-3: the original can be saved by who may change the case; it is never shown within the site.
    """
    row = arrive(mailbox, sender="jo@harbour.test")
    url = f"/cases/{row.case.pk}/mails/"
    page = client_of(cast.dora).get(url).content.decode()
    assert "jo@harbour.test is not a contact" in page
    LeadFactory(last_name="Harbourer", email="Jo@Harbour.test", owner=cast.alice)
    assert "Harbourer" in client_of(cast.rita).get(url).content.decode()
    RoleScope.objects.filter(kind="sales.lead").update(reach="none")
    assert "Harbourer" not in client_of(cast.dora).get(url).content.decode()
    answer = client_of(cast.dora).get(f"{url}{row.pk}/")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert b"jo@harbour.test" in b"".join(answer.streaming_content)
    assert client_of(cast.audrey).get(f"{url}{row.pk}/").status_code == 404
    other = arrive(mailbox).case
    assert client_of(cast.dora).get(f"/cases/{other.pk}/mails/{row.pk}/").status_code == 404


def test_the_administration_keeps_secrets_in(mailbox, cast, client_of):
    """The form of a mailbox refuses the name of another secret, and a foreign server without encryption."""
    values = {"name": "S", "address": "S@kith.test", "queue": mailbox.queue_id, "host": "imap.test", "port": 143,
              "security": "none", "secret": "SECRET_KEY", "folder": "INBOX", "backfill_days": 0}  # fmt: skip
    page = client_of(cast.rita).post("/admin/support/mailbox/add/", values).content.decode()
    assert "must begin with KITH_MAIL_" in page
    assert "only a server on this machine" in page
    values |= {"security": "ssl", "secret": "KITH_MAIL_S", "port": 993}
    assert client_of(cast.rita).post("/admin/support/mailbox/add/", values).status_code == 302
    assert Mailbox.objects.get(name="S").address == "s@kith.test"
    for name in ("inboundmail", "outgoingmail", "reconciliation", "mailbox"):
        assert client_of(cast.rita).get(f"/admin/support/{name}/").status_code == 200
