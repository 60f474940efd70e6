"""R28: real workers, killed with SIGKILL while they send or read; another one goes on, and each effect is there once."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from email import message_from_bytes

import pytest
from django.db import connection
from django.utils import timezone

from support.mail.intake import BATCH, process_due, take_in
from support.mail.receipts import PER_SOURCE
from support.models import Case, InboundMail, Message, OutgoingMail
from support.operations.messages import post_reply
from support.tasks import send_mail
from tests.conftest import ROOT
from tests.support.mailing import Kept, arrive, mail, make_mailbox, smtp_server

pytestmark = pytest.mark.django_db(transaction=True)
WORKER = """
import sys, django
from django.conf import settings
task, settings.DATABASES["default"]["NAME"], settings.MEDIA_ROOT, settings.EMAIL_PORT = sys.argv[1:]
settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
django.setup()
from support import tasks
getattr(tasks, task)()
"""


def worker(task, settings):
    """A process of its own that runs a task on the database of the test."""
    args = [task, connection.settings_dict["NAME"], str(settings.MEDIA_ROOT), str(settings.EMAIL_PORT)]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.Popen([sys.executable, "-c", WORKER, *args], cwd=ROOT, env=env, stderr=subprocess.DEVNULL)


def kill(process):
    """End a process as the kernel does: it learns nothing of it."""
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL


def until(found, seconds=60):
    """Wait for something to be true, and return it."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return value


class Holding(Kept):
    """A mail server that keeps the sender waiting: before or after it took the mail."""

    def __init__(self, when):
        super().__init__()
        self.when, self.reached = when, threading.Event()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the server's own name
        if self.when == "after":
            self.mails.append(envelope)
        self.reached.set()
        while self.when:
            await asyncio.sleep(0.05)
        return await super().handle_DATA(server, session, envelope)


@pytest.mark.parametrize(("when", "copies"), [("before", 1), ("after", 2)])
def test_r28_killed_while_it_sends(cast, settings, when, copies):
    """R28: killed before the server took the mail it goes once; after it, the repeat has the same Message-ID."""
    case = arrive(make_mailbox(sends_receipt=False), sender="ann@x.test").case
    post_reply(case, "Hello", by=cast.dora, delay=0)
    with smtp_server(settings, kept=Holding(when)) as server:
        process = worker("send_mail", settings)
        assert server.reached.wait(60)
        assert OutgoingMail.objects.get().mailed_at is None
        kill(process)
        server.when = ""
        until(lambda: send_mail() == 1)
        assert send_mail() == 0
    assert OutgoingMail.objects.get().mailed_at
    assert len(server.mails) == copies
    assert len({message_from_bytes(one.content)["Message-ID"] for one in server.mails}) == 1


def test_r28_killed_while_it_reads(cast, settings):
    """R28: killed between its batches; after the lease each mail is on one case, none is lost, none is parked."""
    mailbox, count = make_mailbox(sends_receipt=True), 3 * BATCH
    for number in range(count):
        take_in(mailbox, mail(sender=f"p{number}@x.test", message_id=f"m{number}@x.test"))
    process = worker("read_mail", settings)
    until(lambda: Message.objects.filter(kind="public").exists())
    kill(process)
    done = Message.objects.filter(kind="public").count()
    InboundMail.objects.filter(state="waiting").update(due=timezone.now())
    until(lambda: process_due() or not InboundMail.objects.filter(state="waiting").exists())
    assert done < count
    assert Case.objects.unscoped("count").count() == Message.objects.filter(kind="public").count() == count
    assert InboundMail.objects.filter(state="case").count() == count
    assert OutgoingMail.objects.filter(kind="receipt").count() == PER_SOURCE
