"""Mail that comes in: which case it belongs to, who sent it, what it must never do."""

import threading as threads
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from crm_site.core.models import Attachment, Notification
from crm_site.core.operations import Refused
from customers.models import ContactMechanism
from customers.operations.mechanisms import add_mechanism
from support.mail import intake, parsing, sending
from support.mail.references import case_of, message_id_of, reply_address, token_of
from support.models import Case, InboundMail, Mailbox, Message, MessageFile, OutgoingMail, Status
from support.operations.cases import (
    assign_case,
    close_case,
    create_case,
    delete_case,
    set_status,
    status_of,
    update_case,
)
from support.operations.merging import merge_cases
from support.operations.messages import post_reply, reporter_address
from tests.conftest import signed_in
from tests.factories import AccountFactory, ContactFactory, CustomerFactory, QueueFactory
from tests.support.mailing import arrive, mail, make_mailbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(cast):
    return make_mailbox(from_name="Kith support")


@pytest.fixture
def ann(cast):
    """A contact with an address."""
    contact = ContactFactory(first_name="Ann", account=AccountFactory(name="Boats"))
    add_mechanism(contact, {"type": "email", "value": "Ann@x.test"}, by=None)
    contact.refresh_from_db()
    return contact


def answered(case, cast):
    """An answer of Dora's on the case, sent; returns its OutgoingMail."""
    post_reply(case, "Which one?", by=cast.dora, delay=0)
    sending.mail_due()
    return OutgoingMail.objects.filter(kind="reply").latest("pk")


def test_a_mail_becomes_a_case(mailbox, ann):
    CustomerFactory(account=ann.account)
    row = arrive(mailbox, text="It does not start.\n\n-- \nAnn", subject="Broken boat", message_id="one@x.test")
    case = row.case
    assert (row.state, case.subject, case.channel, case.queue) == ("case", "Broken boat", "email", mailbox.queue)
    assert (case.contact, case.account, case.customer.account) == (ann, ann.account, ann.account)
    message = row.message
    assert (message.body, message.quoted, message.message_id) == ("It does not start.", "-- \nAnn", "one@x.test")
    assert (message.direction, message.is_verified, message.author_email) == ("in", True, "ann@x.test")
    assert case.waiting_since
    assert case.message_count == 1


# Threading


def test_em1_an_answer_to_our_mail_finds_its_case(mailbox, ann, cast):
    """EM-1: by the Message-ID in In-Reply-To or References first, whatever the subject says."""
    case, other = arrive(mailbox).case, create_case({"subject": "Other", "contact": ann}, by=cast.dora)
    sent = answered(case, cast)
    row = arrive(mailbox, subject=f"Re: [{other.number}]", text="The red one.", In_Reply_To=f"<{message_id_of(sent)}>")
    assert (row.case, row.why, row.message.body) == (case, "reference", "The red one.")
    far = arrive(mailbox, References=f"<x@y.test> <{message_id_of(sent)}> <z@y.test>")
    theirs = arrive(mailbox, In_Reply_To=f"<{row.key}>")
    assert far.case == theirs.case == case


def test_em1_then_the_signed_mark(mailbox, ann, cast):
    """EM-1: a mark in the address; one that is made up, or another's, opens nothing."""
    case = arrive(mailbox).case
    assert arrive(mailbox, to=reply_address(mailbox, case)).case == case
    assert arrive(mailbox, X_Kith_Case=token_of(case)).case == case
    forged = f"support+k{case.pk}-{'0' * 16}@kith.test"
    assert arrive(mailbox, to=forged).case != case
    assert case_of(f"k{case.pk + 1}-{token_of(case).partition('-')[2]}") is None


def test_em1_a_number_counts_only_from_who_takes_part(mailbox, ann, cast):
    """EM-1: the case number in a subject from a stranger, and a subject alone, begin something new."""
    case = arrive(mailbox).case
    assert arrive(mailbox, subject=f"Re: Broken boat [{case.number}]").case == case
    assert arrive(mailbox, sender="eve@evil.test", subject=f"Re: Broken boat [{case.number}]").case != case
    assert arrive(mailbox, subject="Re: Broken boat").case != case
    forged = {"Authentication_Results": "mx.kith.test; dmarc=fail header.from=x.test"}
    assert arrive(mailbox, subject=f"Re: [{case.number}]", **forged).case != case


def test_em1_a_case_in_the_bin_or_merged_does_not_swallow_mail(mailbox, ann, cast):
    case = arrive(mailbox).case
    sent = answered(case, cast)
    delete_case(case, by=cast.rita)
    row = arrive(mailbox, In_Reply_To=f"<{message_id_of(sent)}>")
    assert row.state == "case"
    assert row.case != case
    survivor = row.case
    merged = arrive(mailbox, subject="Twice").case
    Case.objects.unscoped("as a merge does").filter(pk=merged.pk).update(merged_into=survivor)
    assert arrive(mailbox, to=reply_address(mailbox, merged)).case == survivor


def test_em1_cs6_a_stranger_whose_case_was_merged_still_takes_part(mailbox, ann, cast):
    """EM-1, CS-6: who wrote on the source goes on by its number, on the survivor, as who they were."""
    survivor = arrive(mailbox).case
    source = (first := arrive(mailbox, sender="tom@x.test")).case
    merge_cases(source, survivor, by=cast.rita)
    late = arrive(mailbox, sender="tom@x.test", subject=f"More [{source.number}]")
    answer = arrive(mailbox, sender="tom@x.test", In_Reply_To=f"<{first.message.message_id}>")
    for row in (late, answer):
        assert (row.case, row.message.origin, row.message.is_verified) == (survivor, source, True)


def test_an_answer_opens_a_case_again(mailbox, ann, cast):
    case = arrive(mailbox).case
    sent = answered(case, cast)
    set_status(case, status_of(Status.WAITING), by=cast.dora)
    arrive(mailbox, In_Reply_To=f"<{message_id_of(sent)}>")
    case.refresh_from_db()
    assert case.category == "open"
    assert case.waiting_since
    close_case(case, by=cast.dora, at=timezone.now() - timedelta(days=30))
    late = arrive(mailbox, In_Reply_To=f"<{message_id_of(sent)}>")
    assert late.case != case
    assert late.case.follows == case
    assert late.message.case == late.case


def test_r18_who_is_not_proved_gets_no_history(mailbox, ann, cast):
    """R18: a stranger who found a reference may add to the case, marked; no answer and no copy ever goes to him."""
    case = arrive(mailbox, sender="bob@y.test", text="The secret is 42.").case
    sent = answered(case, cast)
    row = arrive(mailbox, sender="eve@evil.test", cc="eve2@evil.test", In_Reply_To=f"<{message_id_of(sent)}>")
    assert row.case == case
    assert row.message.is_verified is False
    case.refresh_from_db()
    assert reporter_address(case) == "bob@y.test"
    assert not case.watchers.exists()
    after = answered(case, cast)
    assert (after.to, after.cc) == ("bob@y.test", [])
    assert not any("evil.test" in one.to or "42" in one.body for one in OutgoingMail.objects.all())


# Once and never lost


def test_em2_the_same_mail_twice_is_one(mailbox, ann):
    """EM-2: idempotent on Message-ID and mailbox; two mailboxes make one message."""
    raw, other = mail(message_id="same@x.test"), make_mailbox(name="Sales", address="sales@kith.test")
    first, again, third = arrive(mailbox, raw), arrive(mailbox, raw), arrive(other, raw)
    assert first.pk == again.pk
    assert third.pk != first.pk
    assert (third.case, third.message) == (first.case, first.message)
    assert Case.objects.unscoped("count").count() == 1
    assert Message.objects.filter(kind="public").count() == 1
    without = mail().replace(b"Message-ID", b"X-No-Id")
    assert arrive(mailbox, without).pk == arrive(mailbox, without).pk


def test_em2_a_used_id_does_not_hide_another_mail(mailbox, ann):
    """EM-2, R39: nobody keeps a mail from being read by sending one with its id before."""
    first = arrive(mailbox, message_id="used@x.test", sender="eve@evil.test", subject="First")
    second = arrive(mailbox, message_id="used@x.test", subject="Second")
    assert second.pk != first.pk
    assert second.case != first.case
    assert arrive(mailbox, message_id="used@x.test", subject="Second", text="It does not start.").pk == second.pk


def test_em2_what_cannot_be_read_is_parked_and_the_next_goes_on(mailbox, ann, monkeypatch):
    """EM-2, R28: at most five tries, the raw mail stays, administrators are told, the queue moves on; then it is read."""
    real = parsing.read
    monkeypatch.setattr(parsing, "read", lambda raw: 1 / 0 if b"Poison" in raw else real(raw))
    poison = intake.take_in(mailbox, mail(subject="Poison"))
    good = intake.take_in(mailbox, mail(subject="Good"))
    for _turn in range(6):
        intake.process_due()
        InboundMail.objects.filter(due__isnull=False).update(due=timezone.now())
    poison.refresh_from_db()
    good.refresh_from_db()
    assert (good.state, poison.state, poison.tries) == ("case", "parked", 5)
    assert "ZeroDivisionError" in poison.why
    assert default_storage.exists(poison.raw.name)
    assert Notification.objects.filter(text__contains="Poison", user__first_name="Rita").count() == 1
    monkeypatch.setattr(parsing, "read", real)
    intake.retry(poison)
    intake.process_due()
    poison.refresh_from_db()
    assert poison.state == "case"


def test_r28_a_worker_that_dies_leaves_the_mail_to_others(mailbox, ann, monkeypatch):
    """R28: killed while it reads, nothing is half done; resumed after the lease; the fifth death parks the mail."""
    row = intake.take_in(mailbox, mail())
    monkeypatch.setattr(intake, "process", lambda pk, **_rest: None)
    assert [intake.process_due(), intake.process_due()] == [1, 0]
    row.refresh_from_db()
    assert (row.state, row.tries) == ("waiting", 1)
    assert row.due <= timezone.now() + timedelta(seconds=60)
    for _turn in range(6):
        InboundMail.objects.filter(due__isnull=False).update(due=timezone.now())
        intake.process_due()
    row.refresh_from_db()
    assert row.state == "parked"


@pytest.mark.django_db(transaction=True)
def test_r28_two_workers_read_each_mail_once(cast):
    """R28, EM-2: SKIP LOCKED; the same mail in two mailboxes makes one message even when both are read at once."""
    boxes = [make_mailbox(), make_mailbox(name="Sales", address="sales@kith.test")]
    for number in range(6):
        for box in boxes:
            intake.take_in(box, mail(message_id=f"{number}@x.test", subject=f"Mail {number}"))

    def work():
        intake.process_due()
        connection.close()

    for _turn in range(2):
        workers = [threads.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        InboundMail.objects.filter(due__isnull=False).update(due=timezone.now())
    assert not InboundMail.objects.exclude(state="case").exists()
    assert Message.objects.filter(kind="public").count() == Case.objects.unscoped("count").count() == 6


# Attachments and markup


def test_em3_files_are_kept_and_programs_are_not(mailbox, ann):
    """EM-3: attachments under random names, nothing that runs; the whole mail stays for who needs it."""
    files = [("plan.pdf", b"%PDF-1.4", "application/pdf"), ("invoice.exe", b"MZ\x90", "application/octet-stream"),
             ("photo.jpg", b"MZ\x90", "image/jpeg"), ("../../etc/x.txt", b"hello", "text/plain")]  # fmt: skip
    row = arrive(mailbox, files=files)
    kept = list(Attachment.objects.order_by("pk"))
    assert [one.name for one in kept] == ["plan.pdf", "x.txt"]
    assert MessageFile.objects.filter(message=row.message).count() == 2
    assert all("plan" not in one.file.name and ".." not in one.file.name for one in kept)
    note = row.case.messages.filter(kind="event", body__contains="Not kept").get()
    assert "invoice.exe" in note.body
    assert "photo.jpg" in note.body


def test_em3_markup_is_safe_and_history_folded(mailbox, ann):
    """EM-3: no script, no remote picture, quoted history apart."""
    html = '<p onclick="x()">Hi</p><script>alert(1)</script><img src="https://evil.test/p.gif"><b>bold</b>'
    row = arrive(mailbox, text="Hi\n\nOn 1 May 2026, Dora <support@kith.test> wrote:\n> Which one?", html=html)
    message = row.message
    assert (message.body, "> Which one?" in message.quoted) == ("Hi", True)
    assert "<b>bold</b>" in message.html
    assert not any(part in message.html for part in ("script", "onclick", "evil.test", "<img"))


QUOTED = "<div>On 1 May 2026, Dora &lt;support@kith.test&gt; wrote:<blockquote>Which <i>one</i>?</blockquote></div>"


@pytest.mark.parametrize(("html", "kept"), [
    (f"<p>The <b>red</b> one</p>{QUOTED}", "<p>The <b>red</b> one</p>"),
    (f"{QUOTED}<p>The <b>red</b> one</p>", ""),
    ("<p>The <b>red</b> one</p>", "<p>The <b>red</b> one</p>"),
])  # fmt: skip
def test_em3_markup_repeats_nothing(mailbox, ann, html, kept):
    """EM-3: what the markup repeats below is not kept in it; where it stands above, the text speaks for the mail."""
    row = arrive(mailbox, text="The red one\n\nOn 1 May 2026, Dora <support@kith.test> wrote:\n> Which one?", html=html)
    assert (row.message.body, row.message.html.replace("<div></div>", "")) == ("The red one", kept)


PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 50


def test_em3_pictures_in_a_mail_are_shown_in_it(mailbox, ann, cast):
    """EM-3: a picture that came along is shown where it stood, from our own safe address; what is no picture is not."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = "ann@x.test", mailbox.address, "Look", "<p@x.test>"
    made.set_content("See")
    html = '<p>See <img src="cid:pic@x"></p><img src="cid:page@x"><img src="https://evil.test/spy.gif">'
    made.add_alternative(html, subtype="html")
    part = made.get_payload()[1]
    part.add_related(PICTURE, "image", "png", cid="<pic@x>", filename="shot.png")
    part.add_related(b"<svg onload='x()'/>", "image", "svg+xml", cid="<page@x>", filename="page.svg")
    row = arrive(mailbox, made.as_bytes())
    client = signed_in(cast.rita)
    page = client.get(f"/cases/{row.case.pk}/").content.decode()
    shot, svg = (row.message.files.get(attachment__name=name).attachment_id for name in ("shot.png", "page.svg"))
    assert page.count(f'src="/files/{shot}/"') == 1
    assert f'src="/files/{svg}/"' not in page
    assert "page.svg" in page
    assert "evil.test" not in page
    answer = client.get(f"/files/{shot}/")
    assert b"".join(answer.streaming_content) == PICTURE
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")


# Who it is


def test_who_is_in_copy_follows_the_case(mailbox, ann, cast):
    """EM-1, EM-4: people in copy follow, as contacts where we know them; nothing of ours does, and nobody is made."""
    bo = ContactFactory()
    add_mechanism(bo, {"type": "email", "value": "bo@x.test"}, by=None)
    cc = f"bo@x.test, Cy <cy@other.test>, {cast.dora.email}, support+k1-abc@kith.test, ann@x.test, eve@noise.test"
    Mailbox.objects.update(exclude=["noise.test"])
    mailbox.refresh_from_db()
    case = arrive(mailbox, to=f"support@kith.test, {cast.rita.email}", Cc=cc).case
    assert {(w.contact, w.email) for w in case.watchers.all()} == {(bo, ""), (None, "cy@other.test")}
    page = signed_in(cast.rita).get(f"/cases/{case.pk}/").content.decode()
    assert "bo@x.test, cy@other.test" in page
    client = signed_in(cast.rita)
    client.post(f"/cases/{case.pk}/answer/", {"kind": "public", "body": "Hi", "cc": "cy@other.test"})
    assert OutgoingMail.objects.get(kind="reply").cc == ["cy@other.test"]
    again = arrive(mailbox, sender="cy@other.test", subject=f"Re: [{case.number}]", Cc="bo@x.test, di@other.test")
    assert again.case == case
    assert sorted(w.email for w in case.watchers.all()) == ["", "cy@other.test", "di@other.test"]


@pytest.mark.parametrize("how", ["stranger", "forged", "machine"])
def test_r18_nobody_is_put_in_copy_by_a_stranger(mailbox, ann, cast, how):
    """R18: who is not proved to take part adds nobody, by whose copies the conversation would leave the house."""
    case = arrive(mailbox).case
    head = {"stranger": {}, "forged": {"Authentication_Results": "mx; dmarc=fail"}, "machine": {"Precedence": "bulk"}}[
        how
    ]
    sender = "thief@evil.test" if how == "stranger" else "ann@x.test"
    to = f"support+{token_of(case)}@kith.test"
    assert arrive(mailbox, sender=sender, to=to, Cc="thief@evil.test, two@evil.test", **head).case == case
    assert not case.watchers.exists()


def test_em4_an_unknown_sender_is_suggested_not_made(mailbox, cast):
    """EM-4: address, then account by domain as a suggestion; nobody is created, and public providers say nothing."""
    AccountFactory(name="Harbour Ltd", website="https://www.harbour.test/en")
    row = arrive(mailbox, sender="Jo <jo@harbour.test>")
    assert (row.case.contact, row.case.account, row.case.customer) == (None, None, None)
    assert "Harbour Ltd" in row.case.messages.get(kind="event").body
    AccountFactory(name="Gmail shop", website="gmail.com")
    assert "Gmail shop" not in arrive(mailbox, sender="jo@gmail.com").case.messages.get(kind="event").body


def test_em4_two_contacts_with_one_address_are_not_guessed(mailbox, ann):
    add_mechanism(ContactFactory(), {"type": "email", "value": "ann@x.test"}, by=None)
    row = arrive(mailbox)
    assert row.case.contact is None
    assert "Several contacts" in row.case.messages.get(kind="event").body


def test_em5_excluded_domains_are_left_aside(cast):
    """EM-5: mail of the own house, or of whom the mailbox excludes, makes no case."""
    box = make_mailbox(exclude=["kith.test", "@noise.test"])
    for sender in ("dora@kith.test", "x@news.noise.test"):
        assert arrive(box, sender=sender).state == "ignored"
    assert arrive(box, sender="x@notnoise.test").state == "case"


def test_em5_internal_mail_is_left_aside_where_that_is_wanted(cast):
    """EM-5: what is from and to our own domain only; a customer in copy makes it everybody's."""
    box = make_mailbox(leaves_internal=True)
    assert arrive(box, sender="dora@kith.test", Cc="rita@kith.test").why == "Internal mail"
    assert arrive(box, sender="dora@kith.test", Cc="ann@x.test").state == "case"
    assert arrive(make_mailbox(address="it@kith.test"), sender="dora@kith.test", to="it@kith.test").state == "case"


def test_em5_a_private_mailbox_is_its_owners_alone(cast):
    """EM-5: what comes by it is seen by nobody else, whatever their reach; not by its name, subject or source."""
    box = make_mailbox(private_to=cast.dora)
    case = arrive(box, subject="SECRET").case
    parked = intake.take_in(box, mail(subject="SECRET too"))
    intake.park(parked, "odd")
    assert (case.owner, case.is_private) == (cast.dora, True)
    assert signed_in(cast.dora).get(f"/cases/{case.pk}/").status_code == 200
    rita = signed_in(cast.rita)
    assert rita.get(f"/cases/{case.pk}/").status_code == 404
    for path in ("/cases/?view=", "/desk/?view=all", "/search/?q=secret", "/mailboxes/", "/admin/support/case/",
                 "/admin/support/inboundmail/", "/notifications/", f"/mailboxes/{box.pk}/preview/?case={case.pk}"):  # fmt: skip
        assert "SECRET" not in rita.get(path, follow=True).content.decode(), path
    assert rita.get(f"/mailboxes/parked/{parked.pk}/source/").status_code == 404
    assert rita.post(f"/mailboxes/parked/{parked.pk}/").status_code == 404
    with pytest.raises(Refused):
        assign_case(case, None, by=cast.dora)
    with pytest.raises(Refused):
        update_case(case, {"owner": None}, by=cast.dora)
    update_case(case, {"is_private": False}, by=cast.dora)
    assert rita.get(f"/cases/{case.pk}/").status_code == 200


@pytest.mark.parametrize("machine", [{}, {"Auto_Submitted": "auto-replied"}])
def test_em5_what_came_by_a_private_mailbox_alone_tells_no_shared_case(mailbox, ann, cast, machine):
    """EM-5: an answer to one person is not read by all who see the case; one that went to everybody's mailbox is."""
    case = arrive(mailbox).case
    box, sent = make_mailbox(private_to=cast.dora, address="dora@kith.test"), answered(case, cast)
    told = {"text": "Between us", "In_Reply_To": f"<{message_id_of(sent)}>"} | machine
    row = arrive(box, to="dora@kith.test", X_Kith_Case=token_of(case), subject=f"Re: [{case.number}]", **told)
    assert not case.messages.filter(body="Between us").exists()
    if machine:
        assert (row.state, row.case) == ("ignored", None)
    else:
        assert (row.case.is_private, row.case.owner) == (True, cast.dora)
        assert arrive(box, to="dora@kith.test", In_Reply_To=f"<{row.key}>").case == row.case
    assert arrive(box, to="dora@kith.test", Cc=reply_address(mailbox, case), **told).case == case


# Machines


MACHINES = [
    {"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"List_Id": "<news.x.test>"}, {"X_Autoreply": "yes"},
    {"Return_Path": "<>"}, {"X_Auto_Response_Suppress": "All"}, {"subject": "Out of office: back on Monday"},
    {"List_Unsubscribe": "<https://x.test/u>"}, {"subject": "Automatic reply: Broken boat"},
]  # fmt: skip


@pytest.mark.parametrize("headers", MACHINES)
def test_em7_machines_open_no_case(mailbox, ann, headers):
    """EM-7, CS-11: auto-generated, bounce and list mail opens nothing and is never answered."""
    row = arrive(mailbox, **headers)
    assert row.state in ("ignored", "bounce")
    assert row.case is None
    assert not OutgoingMail.objects.exists()
    assert not Case.objects.unscoped("count").exists()


def test_em7_an_absence_moves_no_clock(mailbox, ann, cast):
    """EM-7: an out-of-office answer is kept on the case; it neither opens it nor counts as the customer's answer."""
    case = arrive(mailbox).case
    sent = answered(case, cast)
    set_status(case, status_of(Status.WAITING), by=cast.dora)
    case.refresh_from_db()
    before = (case.category, case.waiting_since, case.last_customer_at)
    row = arrive(mailbox, In_Reply_To=f"<{message_id_of(sent)}>", Auto_Submitted="auto-replied", subject="Away")
    case.refresh_from_db()
    assert row.message.is_automatic
    assert row.case == case
    assert (case.category, case.waiting_since, case.last_customer_at) == before


def bounce_mail(sent, address, status="5.1.1", words="550 5.1.1 User unknown"):
    """The report of a server about a mail of ours."""
    return f"""From: MAILER-DAEMON@mx.test
To: support@kith.test
Subject: Undelivered Mail Returned to Sender
Message-ID: <{status}.{sent.pk}@mx.test>
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

It could not be delivered.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; {address}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {words}
--B
Content-Type: text/rfc822-headers

Message-ID: <{message_id_of(sent)}>
--B--
""".encode()


def test_a_hard_bounce_marks_the_address(mailbox, ann, cast):
    """EM-6, EM-7: the failure is on the case and on the mail; a soft one and a forged one mark nobody."""
    case = arrive(mailbox).case
    sent = answered(case, cast)
    way = ContactMechanism.objects.get(contact=ann)
    row = arrive(mailbox, bounce_mail(sent, "ann@x.test", "4.2.2", "452 4.2.2 mailbox full"))
    way.refresh_from_db()
    assert (row.state, row.case, way.status) == ("bounce", case, "ok")
    forged = bounce_mail(sent, "ann@x.test").replace(message_id_of(sent).encode(), b"k1-0000000000000000-1@x")
    assert arrive(mailbox, forged.replace(b"5.1.1.", b"5.1.1.f")).case is None
    way.refresh_from_db()
    assert way.status == "ok"
    arrive(mailbox, bounce_mail(sent, "ann@x.test"))
    way.refresh_from_db()
    sent.refresh_from_db()
    assert way.status == "bounced"
    assert "User unknown" in sent.error
    assert case.messages.filter(kind="event", body__contains="does not exist").count() == 1


# Receipts


def test_cs11_a_receipt_for_a_new_case(mailbox, ann, mailoutbox):
    """CS-11: it names the case, repeats nothing, says that a machine wrote it; one an hour to an address."""
    first = arrive(mailbox, text="Buy pills at https://evil.test")
    arrive(mailbox, subject="Again")
    sending.mail_due()
    (sent,) = mailoutbox
    assert first.case.number in sent.subject
    assert "evil" not in sent.body + sent.subject
    assert sent.extra_headers["Auto-Submitted"] == "auto-replied"
    OutgoingMail.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    arrive(mailbox, subject="Later")
    assert OutgoingMail.objects.count() == 2


@pytest.mark.slow
def test_r18_a_thousand_strangers_get_sixty_receipts(mailbox):
    """R18: 1,000 anonymous mails with 1,000 addresses by one server: at most 60 automatic mails an hour."""
    for number in range(1000):
        received = f"from evil ([198.51.100.7]) by mx.kith.test; {number}"
        intake.take_in(mailbox, mail(sender=f"v{number}@victims.test", subject=f"Mail {number}", Received=received))
    assert intake.process_due(2000) == 1000
    assert Case.objects.unscoped("count").count() == 1000
    assert OutgoingMail.objects.filter(is_automatic=True).count() == 60


def test_cs11_two_machines_do_not_talk_for_ever(mailbox, cast):
    """CS-11, R39: an answering machine without marks gets one receipt; its flood of answers ends as automatic mail."""
    first = arrive(mailbox, sender="robot@y.test")
    sending.mail_due()
    receipt = OutgoingMail.objects.get()
    for number in range(intake.LOOP + 10):
        arrive(mailbox, sender="robot@y.test", subject=f"Got it {number}", In_Reply_To=f"<{message_id_of(receipt)}>")
    assert OutgoingMail.objects.count() == 1
    assert Case.objects.unscoped("count").count() == 1
    assert first.case.messages.filter(is_automatic=True).count() == 10
    ours = arrive(mailbox, message_id=message_id_of(receipt), sender="support@kith.test")
    assert ours.state == "ignored"


def test_a_large_mail_is_taken(mailbox, ann):
    """R39: 25 MB come in whole; what is larger than a mail may be is parked, not lost."""
    row = arrive(mailbox, files=[("big.bin", b"\x01" * 18 * 1024 * 1024, "application/zip")])
    assert row.size > 24_000_000
    assert row.state == "case"
    assert Attachment.objects.get().size == 18 * 1024 * 1024
    huge = InboundMail.objects.filter(pk=intake.take_in(mailbox, mail()).pk)
    huge.update(size=intake.LARGEST_MAIL + 1)
    intake.process_due()
    assert huge.get().state == "parked"


def test_each_queue_has_its_mailbox(cast):
    box = make_mailbox(address="billing@kith.test", queue=QueueFactory(name="Billing", team=cast.service))
    case = arrive(box).case
    assert (case.queue.name, case.team) == ("Billing", cast.service)
