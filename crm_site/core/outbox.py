"""Outboxes: rows that say what is to be mailed, made in the transaction of what they tell of, sent by a sweep."""

import smtplib
import unicodedata
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from crm_site.core.outside import host

BATCH = 200
GIVE_UP = timedelta(days=3)
TRY_AGAIN = timedelta(hours=1)
# So long, and so many, mails are kept where no server takes them.
KEPT, MOST_KEPT = timedelta(days=30), 1000
# What is wrong with one mail, not with the server: the others go on.
REFUSALS = (
    smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError, smtplib.SMTPNotSupportedError,
    ValueError, FileNotFoundError,
)  # fmt: skip


@dataclass(frozen=True)
class Outbox:
    """A table of mails to send.

    `rows()` are those that may have to be sent, with what `message` reads; `due` names the field of the moment from
    which a row is to be sent, empty afterwards, `sent` that of when it was. `message(row)` is the mail, or None for a
    row that needs none any more; `over(row)` says whether trying a refused one again makes no sense. `error` names the
    field that keeps why a mail was refused, where there is one.
    """

    rows: Callable
    due: str
    sent: str
    message: Callable
    over: Callable = lambda row: timezone.now() - row.created_at > GIVE_UP
    error: str = ""


def send_due(outbox, limit=BATCH):
    """Send what is due and return how many were sent; each row is claimed, sent and marked by itself.

    Other workers skip a claimed row. When the mail server is away nothing is marked and the next sweep tries again; a
    mail that is refused is tried again each hour until it is over. A worker that dies between sending and marking sends
    twice, with the same Message-ID.
    """
    sent = 0
    with closing(get_connection()) as connection:
        for _turn in range(limit):
            done = send_next(outbox, connection)
            if done is None:
                return sent
            sent += done
    return sent


def send_next(outbox, connection):
    """Send the next due row: 1 when sent, 0 when it was put off or needs no mail, None when nothing is due.

    The mail server is called for the first due row and not before: most sweeps find nothing.
    """
    with transaction.atomic():
        rows = outbox.rows().filter(**{f"{outbox.due}__lte": timezone.now()})
        row = rows.select_for_update(skip_locked=True, of=("self",)).order_by(outbox.due).first()
        if row is None:
            return None
        connection.open()
        values, sent = {outbox.due: None}, 0
        try:
            if mail := outbox.message(row):
                mail.connection = connection
                sent = mail.send()
                values |= {outbox.sent: timezone.now()} | ({outbox.error: ""} if outbox.error else {})
        except REFUSALS as refusal:
            values[outbox.due] = None if outbox.over(row) else timezone.now() + TRY_AGAIN
            if outbox.error:
                values[outbox.error] = f"{type(refusal).__name__}: {refusal}"[:300]
        type(row)._base_manager.filter(pk=row.pk).update(**values)
        return sent


def letter(key, subject, body, to, *, answers_to: Any = None):
    """A mail with a Message-ID made of the key; the subject is cut to a line, `answers_to` is a user."""
    mail = EmailMessage(one_line(subject)[:150], body, to=[to], headers={"Message-ID": f"<{key}@{host()}>"})
    if answers_to:
        mail.reply_to = [answers_to.email]
    return mail


def drop_kept_mails(folder):
    """Remove the mails kept in the folder for longer than KEPT, and all but the newest MOST_KEPT; how many."""
    oldest = (timezone.now() - KEPT).timestamp()
    mails = sorted(folder.glob("*.log"), key=lambda file: (file.stat().st_mtime, file.name), reverse=True)
    dropped = [mail for place, mail in enumerate(mails) if place >= MOST_KEPT or mail.stat().st_mtime < oldest]
    for mail in dropped:
        mail.unlink(missing_ok=True)
    return len(dropped)


def one_line(text):
    """The text as a mail's subject: no line ends, no control characters, nothing that a mail program would decode."""
    plain = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text)
    return " ".join(plain.replace("=?", "= ?").split())
