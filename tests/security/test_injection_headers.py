"""R09: line ends and encoded words in names, subjects and file names add no header and no line; next= leads nowhere else."""

import email
import io
import json
import logging
from datetime import timedelta
from email import policy

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from crm_site import logs
from crm_site.core import notifications
from crm_site.core.attachments import attach_file, clean_name
from crm_site.core.models import Attachment, Notification
from customers import outbox
from customers.models import Activity, Contact, Participant
from tests.cast import PASSWORD
from tests.factories import AccountFactory
from tests.security.corpus import ELSEWHERE

pytestmark = pytest.mark.django_db
NASTY = (
    "Bell\r\nBcc: all@evil.test", "Bell\nBcc: all@evil.test", "Bell\rBcc: all@evil.test", "Bell\r\n\r\nA second body", "Bell\n Folded: yes",
    "=?utf-8?q?Bell=0D=0ABcc:_all@evil.test?=", "=?utf-8?b?QmNjOiBhbGxAZXZpbC50ZXN0?=", "=?iso-8859-1?q?=0A=0DX-Injected:_yes?=",
    "Bell\u2028Bcc: all@evil.test", "Bell\u0085Bcc: all@evil.test", "Bell\x0bBcc: all@evil.test", "Bell\x0cBcc: all@evil.test",
    "Bell%0d%0aBcc: all@evil.test", "Bell\\r\\nBcc: all@evil.test", "Bell\x1b[2K", "a" * 400, "Ω" * 200 + "\r\nBcc: all@evil.test",
    '"; filename=evil.html', 'x"\r\nContent-Type: text/html\r\n\r\n<script>', "x\r\nSet-Cookie: a=b", "../../etc/passwd", "x;y=z", "\u202egnp.exe",
)  # fmt: skip
EXPECTED = {
    "content-type",
    "mime-version",
    "content-transfer-encoding",
    "subject",
    "from",
    "to",
    "date",
    "message-id",
    "auto-submitted",
    "reply-to",
}


def headers_of(message):
    """The mail as a reader's program takes it apart."""
    return email.message_from_bytes(message.message().as_bytes(), policy=policy.default)


def faults_of(message, recipient):
    """What is wrong with a mail: headers that nobody meant, more recipients, a subject of two lines."""
    parsed = headers_of(message)
    names = [name.lower() for name in parsed]
    faults = [f"header {name}" for name in names if name not in EXPECTED]
    faults += [f"{name} twice" for name in set(names) if names.count(name) > 1]
    if message.recipients() != [recipient]:
        faults.append(f"goes to {message.recipients()}")
    if any(sign in str(parsed["subject"]) for sign in "\r\n"):
        faults.append("a subject of two lines")
    return faults


@pytest.mark.parametrize("text", NASTY)
def test_r09_notifications_by_mail(cast, text):
    """The text of a notification becomes one subject and one body."""
    notifications.notify([{"user_id": cast.alice.pk, "text": text, "url": "/", "key": "k"}])
    assert notifications.mail_due() == 1
    assert not faults_of(mail.outbox[0], cast.alice.email)


@pytest.mark.parametrize("text", NASTY)
def test_r09_reminders_and_invitations(cast, text):
    """Subject, place, names of owner and guest hold it: a reminder and an invitation go to one person each, with no header more."""
    guest = Contact.objects.unscoped("a guest").create(
        owner=cast.alice, first_name=text[:100], last_name=text[:100], email="guest@kith.test"
    )
    type(cast.alice).objects.filter(pk=cast.alice.pk).update(first_name=text[:100], last_name=text[:100])
    now = timezone.now()
    meeting = Activity.objects.unscoped("a meeting").create(
        kind="meeting",
        status="open",
        subject=text[:200],
        place=text[:200],
        body=text,
        at=now + timedelta(days=1),
        owner=cast.alice,
        remind_at=now,
    )
    Participant.objects.create(activity=meeting, contact=guest, invite_due=now)
    assert outbox.remind_due() == 1
    assert outbox.invite_due() == 1
    assert notifications.mail_due() == 1
    invitation, reminder = mail.outbox
    assert not faults_of(invitation, "guest@kith.test")
    assert not faults_of(reminder, cast.alice.email)
    calendar = invitation.attachments[0].content
    lines = calendar.replace("\r\n ", "").split("\r\n")
    assert not [
        line for line in lines if line.lower().startswith(("bcc", "content-type", "set-cookie", "x-injected", "folded"))
    ]
    assert sum(line.startswith("ATTENDEE") for line in lines) == 1


def test_r09_control_an_open_subject_is_caught(cast):
    """A mail with a header more, or to one more, is seen by the check."""
    made = mail.EmailMessage("Hello", "", to=[cast.alice.email], bcc=["all@evil.test"], headers={"X-Injected": "yes"})
    assert len(faults_of(made, cast.alice.email)) == 2


@pytest.mark.parametrize(
    "address",
    [
        "guest@kith.test\r\nBcc: all@evil.test",
        "guest@kith.test\nX: y",
        "a@kith.test, b@evil.test",
        "=?utf-8?q?a=0A?=@kith.test",
    ],
)
def test_r09_an_address_with_more_in_it_gets_no_mail(cast, address):
    """Stored past every form, such an address still adds no header and no recipient; other mails go on."""
    type(cast.alice).objects.filter(pk=cast.alice.pk).update(email=address)
    for user in (cast.alice, cast.bob):
        notifications.notify([{"user_id": user.pk, "text": "Hello", "url": "/", "key": "k"}])
    notifications.mail_due()
    bob = [message for message in mail.outbox if message.to == [cast.bob.email]]
    assert len(bob) == 1
    for message in mail.outbox:
        assert "all@evil.test" not in headers_of(message).as_string().split("\n\n")[0]
        assert not faults_of(message, message.to[0])


class Lines(logging.Handler):
    """Keeps what the console would show."""

    def __init__(self):
        super().__init__()
        self.text = io.StringIO()
        self.setFormatter(logs.JsonLine())

    def emit(self, record):
        """One record, as written."""
        self.text.write(self.format(record) + "\n")


@pytest.mark.parametrize("text", NASTY)
def test_r09_log_lines(cast, client_of, text):
    """In the address, a header, a form and a message: each line of the log is one line of JSON that we wrote."""
    handler, root = Lines(), logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    try:
        client = client_of(cast.alice)
        client.get("/accounts/", {"q": text}, headers={"X-Request-ID": text, "User-Agent": text, "Referer": text})
        client.get("/no/" + text.replace("/", ""))
        client.post("/auth/login/", {"login": text, "password": text})
        logging.getLogger("kith.test").warning("about %s", text)
        logging.getLogger("kith.test").error(text)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    written = handler.text.getvalue()
    lines = written.split("\n")
    assert lines.pop() == ""
    assert len(lines) >= 5
    for line in lines:
        found = json.loads(line)
        assert {"time", "level", "logger", "message"} <= set(found)
        assert len(line.splitlines()) == 1, "some reader would see two lines"
        assert "\x1b" not in line


def test_r09_control_a_plain_log_would_be_forged():
    """Written without our formatter the same text is two lines: the check above would see it."""
    record = logging.LogRecord("kith.test", logging.INFO, __file__, 1, "about %s", (NASTY[0],), None)
    assert len(logging.Formatter("%(message)s").format(record).splitlines()) == 2
    assert len(logs.JsonLine().format(record).splitlines()) == 1


@pytest.mark.parametrize("text", NASTY)
def test_r09_file_names(cast, client_of, tmp_path, settings, text):
    """A file's name becomes one Content-Disposition that says attachment, uploaded or put into the table by hand."""
    settings.MEDIA_ROOT = tmp_path
    account = AccountFactory(owner=cast.alice)
    stored = attach_file(account, ContentFile(b"<script>", name="x"), by=cast.alice)
    for name in (clean_name(text), text[:200]):
        Attachment.objects.filter(pk=stored.pk).update(name=name)
        answer = client_of(cast.alice).get(f"/files/{stored.pk}/")
        assert answer.status_code == 200
        given = answer["Content-Disposition"]
        assert given.startswith("attachment")
        assert not any(sign in given for sign in "\r\n\0\x1b\u2028\x85")
        assert answer["Content-Type"] == "application/octet-stream"
        assert not {"bcc", "set-cookie", "x-injected", "folded"} & {key.lower() for key in answer.headers}
        parsed = email.message_from_string(f"Content-Disposition: {given}\n\n", policy=policy.default)[
            "content-disposition"
        ]
        assert parsed.content_disposition == "attachment"
        assert parsed.params.get("filename") != "evil.html"


@pytest.mark.parametrize("text", NASTY)
def test_r09_exports(cast, client_of, text):
    """Names in the exported file's own headers: nothing of a user stands in them."""
    AccountFactory(owner=cast.rita, name=text[:200])
    answer = client_of(cast.rita).post("/accounts/export/", {"format": "csv", "q": text, "columns": "name"})
    for name, value in answer.items():
        assert "\r" not in value
        assert "\n" not in value
        assert name.lower() not in ("bcc", "set-cookie", "x-injected")


def stays(answer):
    """Whether the browser stays on this site."""
    for header in ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url", "Refresh"):
        target = answer.get(header, "")
        if target and (
            not target.startswith("/") or target.startswith(("//", "/\\")) or any(c in target for c in "\r\n\t\\\0")
        ):
            return False
    return "X-Injected" not in answer


def test_r09_there_are_forty_targets():
    """As many as the check asks for."""
    assert len(ELSEWHERE) >= 40


@pytest.mark.parametrize("target", ELSEWHERE)
def test_r09_signing_in_and_out_stays_here(cast, client_of, target):
    """next= at the sign-in, at the administration's, at sign-out, at proving a password and in a notification."""
    asked = Client().post("/auth/login/", {"login": cast.alice.email, "password": PASSWORD, "next": target})
    assert asked.status_code == 302
    answers = [
        asked,
        Client().post("/auth/login/", {"login": cast.bob.email, "password": PASSWORD}, query_params={"next": target}),
    ]
    answers.append(client_of(cast.alice).post("/auth/logout/", {"next": target}))
    answers.append(client_of(cast.rita).get("/admin/login/", {"next": target}))
    answers.append(client_of(cast.alice).get("/auth/login/", {"next": target}))
    answers.append(client_of(cast.alice).post("/auth/reauthenticate/", {"password": PASSWORD, "next": target}))
    if "\0" not in target:
        row = Notification.objects.create(user=cast.alice, text="x", url=target[:300], key="k")
        answers.append(client_of(cast.alice).post(f"/notifications/{row.pk}/open/"))
    for number, answer in enumerate(answers):
        assert answer.status_code < 500
        assert stays(answer), (number, answer.get("Location"))


def test_r09_control_an_open_redirect_is_caught(cast, monkeypatch):
    """With an adapter that trusts every address, the answer leads off the site and the check sees it."""
    monkeypatch.setattr("crm_site.core.accounts.Adapter.is_safe_url", lambda self, url: True)
    answer = Client().post(
        "/auth/login/", {"login": cast.alice.email, "password": PASSWORD, "next": "https://evil.test/"}
    )
    assert not stays(answer)
