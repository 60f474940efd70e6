"""Real servers: an IMAP server that is read, an SMTP server that is sent to, and what happens when they are away."""

import smtplib
from datetime import timedelta
from email import message_from_bytes

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from crm_site.core.models import Notification
from support.mail import fetching, intake, reconciling, sending
from support.mail.references import message_id_of, reply_address
from support.models import Case, InboundMail, Mailbox, OutgoingMail, Reconciliation
from support.operations.messages import post_reply, undo_reply
from support.tasks import fetch_mail, send_mail
from tests.factories import CaseFactory, ContactFactory
from tests.support.mailing import arrive, free_port, imap_server, mail, make_mailbox, signed_in, smtp_server

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def imap():
    """One IMAP server for all tests here; each uses a folder of its own."""
    with imap_server() as values:
        yield values


@pytest.fixture
def folder(imap, request):
    """The fields of a mailbox whose folder is new and empty."""
    name = request.node.name.replace("_", "")[:40]
    with signed_in(imap) as box:
        box.folder.create(name)
    return imap | {"folder": name}


def put(values, *raws, folder=None):
    """Let mails lie in the folder."""
    with signed_in(values) as box:
        for raw in raws:
            box.append(raw, folder or values["folder"])


def read(mailbox):
    """Fetch and read; returns how many mails came."""
    Mailbox.objects.filter(pk=mailbox.pk).update(next_try_at=None)
    count = fetching.fetch_due()
    intake.process_due()
    mailbox.refresh_from_db()
    return count


# IMAP


def test_em2_a_mailbox_is_read_once_and_goes_on_where_it_was(cast, folder):
    """EM-2, EM-5: from the last uid on; a second turn brings nothing, a new mail comes alone."""
    mailbox = make_mailbox(**folder)
    assert read(mailbox) == 0
    put(folder, mail(message_id="1@x.test"), mail(message_id="2@x.test"))
    assert [read(mailbox), read(mailbox)] == [2, 0]
    put(folder, mail(message_id="3@x.test"))
    assert read(mailbox) == 1
    assert list(InboundMail.objects.order_by("pk").values_list("key", "state")) == [
        ("1@x.test", "case"), ("2@x.test", "case"), ("3@x.test", "case"),
    ]  # fmt: skip
    assert mailbox.last_ok_at
    assert reconciling.light(mailbox)[0] == "green"


def test_em5_back_fill_takes_the_days_before(cast, folder):
    """EM-5: a mailbox begins with what comes from now on, or with so many days before."""
    put(folder, mail(message_id="old@x.test"))
    mailbox = make_mailbox(**folder)
    assert read(mailbox) == 0
    other = make_mailbox(address="b@kith.test", backfill_days=5, **folder)
    assert read(other) == 1


def test_em5_the_way_back_is_shown(cast, folder, monkeypatch, client_of):
    """EM-5: how many of the mails from before are here, while they are still coming."""
    put(folder, *(mail(message_id=f"{number}@x.test") for number in range(4)))
    mailbox = make_mailbox(**folder, backfill_days=30)
    turns = iter((0, 0, 0, fetching.TURN + 1))
    with monkeypatch.context() as patch:
        patch.setattr(fetching.time, "monotonic", lambda: next(turns))
        fetching.fetch(mailbox)
    mailbox.refresh_from_db()
    assert (mailbox.backlog, mailbox.behind, reconciling.light(mailbox)[0]) == (4, 2, "yellow")
    page = client_of(cast.rita).get("/mailboxes/").content.decode()
    assert "2 of 4 mails from before are here" in page
    read(mailbox)
    assert (mailbox.behind, reconciling.light(mailbox)[0]) == (0, "green")
    assert "mails from before" not in client_of(cast.rita).get("/mailboxes/").content.decode()


def test_em2_a_server_that_counts_anew_doubles_nothing(cast, folder):
    """EM-2: another UIDVALIDITY makes the mailbox be read again from some days back; what is here stays one."""
    mailbox = make_mailbox(**folder)
    read(mailbox)
    put(folder, mail(message_id="1@x.test"))
    assert read(mailbox) == 1
    Mailbox.objects.filter(pk=mailbox.pk).update(uid_validity=1, last_uid=0)
    put(folder, mail(message_id="2@x.test"))
    assert read(mailbox) == 2
    assert Case.objects.unscoped("count").count() == 2


def test_read_mails_are_moved_where_that_is_wanted(cast, folder):
    with signed_in(folder) as box:
        box.folder.create("Done")
    mailbox = make_mailbox(done_folder="Done", **folder)
    read(mailbox)
    put(folder, mail(message_id="moved@x.test"))
    assert read(mailbox) == 1
    with signed_in(folder) as box:
        box.folder.set("Done")
        assert [one.headers["message-id"] for one in box.fetch(mark_seen=False)] == [("<moved@x.test>",)]


def test_em5_trouble_is_shown_and_waited_out(cast, folder, monkeypatch, client_of):
    """EM-5: a wrong password, a missing variable, a server that is away: kept, longer pauses, administrators told.

    A refused password is shown to them on their home page, too, until it is right again.
    """
    mailbox = make_mailbox(**folder | {"port": free_port()})
    for _turn in range(3):
        read(mailbox)
    assert mailbox.fails == 3
    assert mailbox.next_try_at - timezone.now() > timedelta(seconds=100)
    assert reconciling.light(mailbox)[0] == "red"
    assert Notification.objects.filter(text__contains="cannot be read", user=cast.rita).count() == 1
    assert fetching.fetch_due() == 0
    Mailbox.objects.filter(pk=mailbox.pk).update(port=folder["port"])
    monkeypatch.setenv("KITH_MAIL_TEST", "wrong")
    for _turn in range(2):
        read(mailbox)
    assert "wrong" not in mailbox.error
    assert (mailbox.fails, reconciling.light(mailbox)) == (5, ("red", "The server refuses the password"))
    assert Notification.objects.filter(text__contains="cannot be read", user=cast.rita).count() == 1
    assert "Sign it in anew" in client_of(cast.rita).get("/").content.decode()
    assert "Sign it in anew" not in client_of(cast.alice).get("/").content.decode()
    assert "KITH_MAIL_TEST" in client_of(cast.rita).get("/mailboxes/").content.decode()
    monkeypatch.setenv("KITH_MAIL_TEST", "demopass")
    read(mailbox)
    assert (mailbox.fails, mailbox.error, mailbox.refused_at) == (0, "", None)


@pytest.mark.parametrize(("values", "words"), [
    ({"secret": "KITH_SECRET_KEY"}, "must begin with"), ({"secret": "KITH_MAIL_NOWHERE"}, "is not set"),
    ({"host": "mail.elsewhere.test", "security": "none"}, "Without encryption"),
])  # fmt: skip
def test_no_other_secret_leaves_the_house(cast, folder, values, words):
    mailbox = make_mailbox(**folder | values)
    read(mailbox)
    assert words in mailbox.error


def test_two_workers_do_not_read_one_mailbox_at_once(cast, folder, monkeypatch):
    mailbox = make_mailbox(**folder)
    inside = []
    monkeypatch.setattr(fetching, "fetch", lambda box: inside.append(fetching.fetch_due()) or 1)
    assert fetch_mail() == 1
    assert inside == [0]
    mailbox.refresh_from_db()
    assert mailbox.next_try_at


# Counting


def test_em8_a_missing_mail_is_counted_listed_and_fetched(cast, folder):
    """EM-8: the nightly count finds what is not here, the light is red until it is fetched."""
    mailbox = make_mailbox(**folder)
    read(mailbox)
    put(folder, *(mail(message_id=f"{number}@x.test") for number in range(5)), mail().replace(b"Message-ID", b"X-None"))
    read(mailbox)
    (whole,) = reconciling.reconcile_all()
    assert (whole.there, whole.here, whole.missing) == (6, 6, [])
    InboundMail.objects.filter(key="3@x.test").delete()
    InboundMail.objects.exclude(key__contains="@").delete()
    (row,) = reconciling.reconcile_all()
    assert (row.there, row.here, [one["id"] for one in row.missing]) == (6, 4, ["3@x.test", ""])
    assert reconciling.light(mailbox) == ("red", "2 mails are missing")
    assert Notification.objects.filter(text__contains="are missing here", user=cast.rita).exists()
    assert reconciling.fetch_missing(row) == 2
    assert reconciling.light(mailbox)[0] == "green"
    assert reconciling.reconcile_all()[0].missing == []
    assert Reconciliation.objects.count() == 3


# SMTP


@pytest.fixture
def case(cast):
    """A case that came by mail to a mailbox with a signature."""
    mailbox = make_mailbox(from_name="Kith support", signature="Your support", sends_receipt=False)
    return arrive(mailbox, message_id="first@x.test", sender="Ann <ann@x.test>").case


def test_em6_an_answer_keeps_the_thread(cast, case, settings):
    """EM-6: thread headers, from the mailbox, signature, files, number; nothing of what was said before."""
    with smtp_server(settings) as server:
        files = [SimpleUploadedFile("plan.pdf", b"%PDF-1.4")]
        post_reply(case, "Press the red button.", by=cast.dora, files=files, delay=0)
        assert send_mail() == 1
        arrive(case.mails.get().mailbox, sender="ann@x.test", message_id="second@x.test", subject=f"[{case.number}]")
        post_reply(case, "And now?", by=cast.dora, delay=0)
        assert send_mail() == 1
    first, second = (message_from_bytes(one.content) for one in server.mails)
    assert server.mails[0].mail_from == "support@kith.test"
    assert (first["From"], first["To"]) == ("Kith support <support@kith.test>", "ann@x.test")
    assert first["Subject"] == f"Re: Broken boat [{case.number}]"
    assert (first["In-Reply-To"], first["References"]) == ("<first@x.test>", "<first@x.test>")
    assert first["Auto-Submitted"] is None
    text, file = first.get_payload()
    assert (
        text.get_payload(decode=True).decode().replace("\r\n", "\n").strip()
        == "Press the red button.\n\n-- \nYour support"
    )
    assert (file.get_filename(), file.get_payload(decode=True)) == ("plan.pdf", b"%PDF-1.4")
    assert second["In-Reply-To"] == "<second@x.test>"
    assert first["Message-ID"] in second["References"]
    assert "Press the red" not in second.get_payload()


def test_em6_undo_within_ten_seconds(cast, case, settings):
    """EM-6: an answer waits ten seconds, and can be taken back until it goes."""
    with smtp_server(settings) as server:
        message = post_reply(case, "Oops", by=cast.dora)
        assert send_mail() == 0
        undo_reply(message, by=cast.dora)
        OutgoingMail.objects.update(due=timezone.now())
        assert send_mail() == 0
    assert server.mails == []


def test_em6_a_refused_mail_is_visible_and_holds_up_no_other(cast, case, settings, client_of):
    """EM-6: the failure stands on the row and on the case, and can be tried again."""
    with smtp_server(settings) as server:
        server.refuse.add("ann@x.test")
        post_reply(case, "Hello?", by=cast.dora, delay=0)
        other = arrive(case.mails.get().mailbox, sender="bob@y.test").case
        post_reply(other, "Yes.", by=cast.dora, delay=0)
        assert send_mail() == 1
        row = OutgoingMail.objects.get(case=case)
        assert "no such user" in row.error
        assert row.due > timezone.now()
        browser = client_of(cast.dora)
        page = browser.get(f"/cases/{case.pk}/mails/").content.decode()
        assert "no such user" in page
        server.refuse.clear()
        browser.post(f"/cases/{case.pk}/outgoing/{row.pk}/")
        assert send_mail() == 1
    row.refresh_from_db()
    assert row.error == ""
    assert row.mailed_at


def test_r28_a_mail_server_that_is_down_for_an_hour_loses_nothing(cast, case, settings):
    """R28: nothing is marked or given up while the server is away; afterwards each mail goes once, in order."""
    port = free_port()
    with smtp_server(settings, port):
        pass
    for number in range(5):
        post_reply(case, f"Answer {number}", by=cast.dora, delay=0)
    for _turn in range(12):
        assert send_mail() == 0
    assert not OutgoingMail.objects.filter(mailed_at__isnull=False).exists()
    with smtp_server(settings, port) as server:
        assert [send_mail(), send_mail()] == [5, 0]
    ids = [message_from_bytes(one.content)["Message-ID"] for one in server.mails]
    assert len(set(ids)) == 5


def test_r28_a_worker_killed_between_sending_and_marking_sends_the_same_id(cast, case, settings, monkeypatch):
    """R28: the repeat bears the same Message-ID, so that it counts once; a worker killed before sends once."""
    post_reply(case, "Hello", by=cast.dora, delay=0)
    with smtp_server(settings) as server:
        with monkeypatch.context() as patch:
            patch.setattr(sending.MAILS.message(OutgoingMail.objects.get()).__class__, "send", killed)
            with pytest.raises(KeyboardInterrupt):
                sending.mail_due()
        assert send_mail() == 1
    (sent,) = server.mails
    assert message_from_bytes(sent.content)["Message-ID"] == f"<{message_id_of(OutgoingMail.objects.get())}>"


def killed(*_args, **_kwargs):
    """What a process that is told to end does."""
    raise KeyboardInterrupt


def test_a_mailbox_may_mark_the_address(cast, case, settings):
    Mailbox.objects.update(plus_addresses=True)
    with smtp_server(settings) as server:
        post_reply(case, "Hello", by=cast.dora, delay=0)
        send_mail()
    answer_to = message_from_bytes(server.mails[0].content)["Reply-To"]
    assert reply_address(Mailbox.objects.get(), case) in answer_to


def test_what_cannot_be_written_does_not_stop_the_others(cast, case, settings):
    """R28: an impossible address and a lost file are failures of one mail."""
    with smtp_server(settings) as server:
        post_reply(case, "Lost", by=cast.dora, delay=0, files=[SimpleUploadedFile("a.pdf", b"%PDF")])
        file = case.messages.filter(direction="out").get().files.get().attachment.file
        file.storage.delete(file.name)
        OutgoingMail.objects.create(kind="notice", case=case, to="no\nbody@x.test", body="x")
        OutgoingMail.objects.create(kind="notice", case=case, to="ann@x.test", body="x")
        OutgoingMail.objects.create(kind="notice", case=CaseFactory(deleted_at=timezone.now()), to="ann@x.test")
        assert send_mail() == 1
    assert OutgoingMail.objects.exclude(error="").count() == 2
    assert len(server.mails) == 1


def test_a_real_server_takes_an_address_with_umlauts_or_says_why(cast, settings):
    contact = ContactFactory()
    mailbox = make_mailbox()
    row = OutgoingMail.objects.create(kind="notice", mailbox=mailbox, to="jörg@müller.test", body=str(contact))
    with smtp_server(settings):
        try:
            sending.mail_due()
        except smtplib.SMTPException:
            pytest.fail("one address stops the outbox")
    row.refresh_from_db()
    assert row.mailed_at or row.error
