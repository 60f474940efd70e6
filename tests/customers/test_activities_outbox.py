"""Reminders, mails, invitations and calendar feeds (AC-3, exactly once with several workers)."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone
from icalendar import Calendar

from crm_site.core import notifications
from crm_site.core.models import Notification
from crm_site.core.tasks import mail_notifications
from customers import calendars, outbox
from customers.models import Activity, CalendarFeed, Participant
from customers.operations import activities as do
from customers.tasks import send_invitations, send_reminders
from tests.cast import make_cast
from tests.factories import ContactFactory


def due(by, number=1, **values):
    """Tasks whose reminder is due."""
    now = timezone.now()
    row = {"kind": "task", "subject": "Ring", "at": now + timedelta(minutes=5), "remind_at": now - timedelta(minutes=1)}
    return do.log_activities([row | values] * number, by=by)


def meeting_of(by, *parties, **values):
    """A meeting tomorrow."""
    row = {
        "kind": "meeting",
        "subject": "Demo",
        "at": timezone.now() + timedelta(days=1),
        "duration": 30,
        "place": "Room 5",
    }
    return do.log_activity(row | {"participants": parties} | values, by=by)


def person_with_mail(owner, name="Ann"):
    """A contact with an address."""
    return ContactFactory(owner=owner, first_name=name, email=f"{name.lower()}@else.test")


@pytest.mark.django_db(transaction=True)
def test_reminders_come_once_from_four_workers():
    """AC-2: four sweeps at once notify of each task once."""
    alice = make_cast().alice
    due(alice, number=60)

    def sweep(_turn):
        try:
            return send_reminders()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(sweep, range(4)))
    assert sum(counts) == Notification.objects.filter(user=alice).count() == 60


@pytest.mark.django_db
def test_reminders_leave_out_what_is_done_deleted_or_not_due(cast):
    """Only open tasks remind; one put off reminds again."""
    done, gone, live = due(cast.alice, number=3)
    due(cast.alice, remind_at=timezone.now() + timedelta(hours=1))
    do.complete_activity(done, by=cast.alice)
    Activity.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    send_reminders()
    assert [n.url for n in Notification.objects.all()] == [f"/activities/{live.pk}/"]
    do.snooze_activity(live, live.at + timedelta(seconds=30), by=cast.alice)
    send_reminders()
    assert Notification.objects.count() == 2
    live.refresh_from_db()
    assert live.events.count() == 2  # made, put off: reminding itself is no change of the record


@pytest.mark.django_db
def test_notifications_are_mailed_once_and_not_when_read(cast):
    """A row first, then the mail; what was read already needs none."""
    rows = [{"user_id": cast.alice.pk, "text": f"News\n{n}", "url": "/x/", "key": f"k{n}"} for n in (1, 2, 2)]
    notifications.notify(rows)
    notifications.mark_read(cast.alice, Notification.objects.get(key="k1").pk)
    assert (mail_notifications(), mail_notifications()) == (1, 0)
    assert [m.to for m in mail.outbox] == [[cast.alice.email]]
    assert "\n" not in mail.outbox[0].subject


@pytest.mark.django_db
def test_a_mail_server_that_is_away_costs_nothing(cast, monkeypatch):
    """Nothing is marked; the next sweep sends. A refused address is put off."""
    notifications.notify([{"user_id": cast.alice.pk, "text": "News", "key": "k"}])

    def fail(error):
        def send(*_args, **_options):
            raise error

        monkeypatch.setattr("django.core.mail.EmailMessage.send", send)

    with monkeypatch.context():
        fail(ConnectionRefusedError())
        assert mail_notifications() == 0
        row = Notification.objects.get()
        assert row.mailed_at is None
        assert row.mail_due <= timezone.now()
        fail(smtplib.SMTPRecipientsRefused({}))
        assert mail_notifications() == 0
        assert Notification.objects.get().mail_due > timezone.now()
        monkeypatch.undo()
    Notification.objects.update(mail_due=timezone.now())
    assert mail_notifications() == 1


@pytest.mark.django_db
def test_bell_and_page(cast, client_of):
    """The count is capped; a notification leads on and is read then; others' are not there."""
    rows = [{"user_id": cast.alice.pk, "text": f"n{n}", "url": "/accounts/", "key": str(n)} for n in range(101)]
    notifications.notify(rows)
    client, first = client_of(cast.alice), Notification.objects.first()
    assert ">99+<" in client.get("/me/").content.decode()
    assert client.get("/notifications/").content.decode().count("note-link") == 100
    assert client_of(cast.bob).post(f"/notifications/{first.pk}/open/").status_code == 404
    assert client.post(f"/notifications/{first.pk}/open/").url == "/accounts/"
    client.post("/notifications/read/")
    assert notifications.unread_count(cast.alice) == 0
    assert "bell-count" not in client.get("/me/").content.decode()


@pytest.mark.django_db
def test_ac_3_invitation_file(cast, client_of):
    """AC-3: the UID stays, the sequence grows, cancelling takes the invitation back."""
    meeting = meeting_of(cast.alice, person_with_mail(cast.alice), cast.bob)
    client, found = client_of(cast.alice), []
    found.append(client.get(f"/activities/{meeting.pk}/invitation.ics"))
    do.update_activity(meeting, {"place": "Room 6"}, by=cast.alice)
    found.append(client.get(f"/activities/{meeting.pk}/invitation.ics"))
    do.cancel_activity(meeting, by=cast.alice)
    found.append(client.get(f"/activities/{meeting.pk}/invitation.ics"))
    files = [Calendar.from_ical(answer.content) for answer in found]
    events = [file.walk("VEVENT")[0] for file in files]
    assert [str(file["METHOD"]) for file in files] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({str(event["UID"]) for event in events}) == 1
    assert [event["SEQUENCE"] for event in events] == [1, 2, 3]
    assert {str(a) for a in events[0]["ATTENDEE"]} == {"mailto:ann@else.test", f"mailto:{cast.bob.email}"}
    assert events[0].decoded("DTEND") - events[0].decoded("DTSTART") == timedelta(minutes=30)
    assert client_of(cast.charlie).get(f"/activities/{meeting.pk}/invitation.ics").status_code == 404


@pytest.mark.django_db
def test_ac_3_invitations_are_mailed_when_asked_and_answered(cast, client_of):
    """AC-3: who has an address and wants contact gets one mail; looking changes nothing, answering does."""
    ann, no_mail = person_with_mail(cast.alice), ContactFactory(owner=cast.alice)
    never = person_with_mail(cast.alice, "Nik")
    never.do_not_contact = True
    never.save()
    meeting = meeting_of(cast.alice, ann, no_mail, never, cast.alice)
    assert send_invitations() == 0
    client_of(cast.alice).post(f"/activities/{meeting.pk}/invite/")
    assert (send_invitations(), send_invitations()) == (1, 0)
    assert [m.to for m in mail.outbox] == [["ann@else.test"]]
    assert "method=REQUEST" in mail.outbox[0].attachments[0].mimetype
    link = next(word for word in mail.outbox[0].body.split() if "/invitation/" in word)
    path, anyone = "/" + link.split("/", 3)[3], client_of(None)
    assert "Demo" in anyone.get(path).content.decode()
    participant = Participant.objects.get(contact=ann)
    assert participant.answer == ""
    assert anyone.post(path, {"answer": "accepted"}).status_code == 200
    participant.refresh_from_db()
    assert participant.answer == "accepted"
    assert anyone.get(path[:-3] + "xx/").status_code == 404
    do.cancel_activity(meeting, by=cast.alice)
    anyone.post(path, {"answer": "declined"})
    participant.refresh_from_db()
    assert participant.answer == "accepted"
    assert send_invitations() == 1
    assert "Cancelled" in mail.outbox[-1].subject


@pytest.mark.django_db
def test_ac_3_feed_by_a_secret_address_that_can_be_revoked(cast, client_of):
    """AC-3: own meetings and those one takes part in; a new address ends the old one; only its hash is kept."""
    meeting_of(cast.alice, subject="Mine")
    meeting_of(cast.charlie, cast.alice, subject="Invited")
    meeting_of(cast.charlie, subject="Strange")
    client = client_of(cast.alice)
    text = client.post("/calendar/").content.decode()
    path = "/calendar/" + text.split("/calendar/")[-1].split('"')[0] if ".ics" in text else ""
    anyone = client_of(None)
    feed = anyone.get(path)
    assert feed["Content-Type"].startswith("text/calendar")
    assert {str(e["SUMMARY"]) for e in Calendar.from_ical(feed.content).walk("VEVENT")} == {"Mine", "Invited"}
    assert CalendarFeed.objects.get().token_hash not in path
    calendars.new_feed(cast.alice)
    assert anyone.get(path).status_code == 404
    client.post("/calendar/", {"revoke": "1"})
    assert not CalendarFeed.objects.exists()


@pytest.mark.django_db
def test_invitations_wait_for_the_mail_server(cast, monkeypatch):
    """SMTP down: the row stays due."""
    meeting = meeting_of(cast.alice, person_with_mail(cast.alice))
    do.invite_participants(meeting, by=cast.alice)

    def refuse(*_args, **_options):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    assert send_invitations() == 0
    monkeypatch.undo()
    assert outbox.invite_due() == 1
