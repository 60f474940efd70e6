"""What mail costs to take in (figure #24): 5,000 mails kept, read, threaded, matched and stored with their files.

`python -m tests.benchmarks.mail [mails]` runs in the database of DATABASE_URL by one worker, takes back what it wrote and
prints one JSON object. The mails are those below KITH_DATA/email where there are any, else made ones, each with an id and
a sender of its own; every third answers an earlier one. The flush to disk at the end of each transaction is not in it.
"""

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django must be set up first
from django.db import connection, transaction  # noqa: E402

from support.mail import intake, parsing  # noqa: E402
from support.models import InboundMail, Mailbox, Queue  # noqa: E402

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "email"
BODY = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt does not start.\r\n\r\n> Which one?\r\n"


class TakeBack(Exception):
    """Ends a transaction whose changes are not wanted."""


def bodies():
    """What the mails hold below their own heads."""
    found = [path.read_bytes() for path in sorted(DATA.glob("zammad/*.eml")) + sorted(DATA.glob("mime/*/*.eml"))]
    strip = re.compile(rb"^(?:from|to|subject|message-id|in-reply-to|references):.*\r?\n(?:[ \t].*\r?\n)*", re.I | re.M)
    return [strip.sub(b"", raw, count=6) for raw in found if len(raw) < 100_000] or [BODY]


def mails(count):
    """So many different mails."""
    below = bodies()
    for number in range(count):
        answers = b"In-Reply-To: <%d@bench.test>\r\n" % (number - 2) if number % 3 == 2 else b""
        yield (
            b"From: Sender <s%d@d%d.test>\r\nTo: support@bench.test\r\nSubject: Mail %d\r\nMessage-ID: <%d@bench.test>\r\n"
            % (number % 2000, number % 500, number, number)
        ) + answers + below[number % len(below)]  # fmt: skip


def seconds(do):
    """(wall, processor) seconds that it takes."""
    began, busy = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - began, time.process_time() - busy


def measured(count):
    """Take mails in and read them, all in one transaction that is taken back; the figures."""
    raws = list(mails(count))
    try:
        with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
            settings.MEDIA_ROOT = folder
            queue = Queue.objects.filter(is_default=True).first()
            box = Mailbox.objects.create(name="Benchmark", address="support@bench.test", queue=queue)
            parse, _busy = seconds(lambda: [parsing.read(raw) for raw in raws])
            kept, _busy = seconds(lambda: [intake.take_in(box, raw) for raw in raws])
            read, busy = seconds(lambda: intake.process_due(count))
            again, _busy = seconds(lambda: [intake.take_in(box, raw) for raw in raws[:500]])
            rows = InboundMail.objects.filter(mailbox=box)
            if rows.count() != count or rows.filter(state__in=["waiting", "parked"]).exists():
                sys.exit("some mails were lost or not read")
            states = {state: rows.filter(state=state).count() for state in ("case", "ignored", "bounce")}
            raise TakeBack
    except TakeBack:
        return {"mails": count, "states": states, "parse s": parse, "keep s": kept, "read s": read, "cpu s": busy,
                "again s": again, "per second": count / (kept + read)}  # fmt: skip


def main():
    """As many as asked for, else 5,000."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET idle_in_transaction_session_timeout = 0")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    sys.stdout.write(json.dumps(measured(count)) + "\n")


if __name__ == "__main__":
    main()
