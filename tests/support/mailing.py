"""Mails for tests, and the real servers that carry them."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from imap_tools import MailBoxUnencrypted

from support.mail.intake import process_due, take_in
from support.models import Mailbox, Queue

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parent.parent.parent.parent / "shared/data")) / "email"


def make_mailbox(**values):
    """A mailbox of the default queue."""
    queue = values.pop("queue", None) or Queue.objects.get(is_default=True)
    return Mailbox.objects.create(**{"name": "Support", "address": "support@kith.test", "queue": queue} | values)


def mail(sender="ann@x.test", subject="Broken boat", text="It does not start.", message_id=None, to="support@kith.test",
         html="", files=(), **headers):  # fmt: skip
    """The bytes of a mail; headers are named with _ for -."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Message-ID"] = f"<{message_id or f'{time.monotonic_ns()}@x.test'}>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    for name, data, kind in files:
        made.add_attachment(data, maintype=kind.partition("/")[0], subtype=kind.partition("/")[2], filename=name)
    return made.as_bytes()


def arrive(mailbox, raw=None, **values):
    """Take a mail in and read it; returns its InboundMail as it is then."""
    row = take_in(mailbox, mail(**values) if raw is None else raw)
    process_due()
    row.refresh_from_db()
    return row


class Kept:
    """What an SMTP server does with mails: it keeps them; `refuse` holds addresses that it does not know."""

    def __init__(self):
        self.mails, self.refuse = [], set()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - the server's own name
        if address in self.refuse:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the server's own name
        self.mails.append(envelope)
        return "250 kept"


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def smtp_server(settings, port=None, kept=None):
    """A real SMTP server to which the site sends; gives its Kept."""
    kept = kept or Kept()
    server = Controller(kept, hostname="127.0.0.1", port=port or free_port(), data_size_limit=60_000_000)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    server.start()
    try:
        yield kept
    finally:
        server.stop()


@contextmanager
def imap_server():
    """A real IMAP server with one mailbox; gives the fields of a Mailbox that reads it."""
    port = free_port()
    program = shutil.which("pymap", path=str(Path(sys.executable).parent)) or "pymap"
    command = [program, "--host", "127.0.0.1", "--port", str(port), "--no-tls", "--no-service", "managesieve",
               "--no-service", "admin", "dict", "--demo-data"]  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        os.environ["KITH_MAIL_TEST"] = "demopass"
        yield {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "username": "demouser",
            "secret": "KITH_MAIL_TEST",
        }
    finally:
        server.terminate()
        server.wait(10)
        os.environ.pop("KITH_MAIL_TEST", None)


def wait_for(port):
    """Wait until somebody listens, for 20 seconds."""
    for _turn in range(200):
        with socket.socket() as found:
            if found.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nobody listens at {port}")


@contextmanager
def signed_in(values):
    """The mailbox as its owner's own program sees it."""
    with MailBoxUnencrypted(values["host"], values["port"], timeout=10).login("demouser", "demopass") as box:
        yield box
