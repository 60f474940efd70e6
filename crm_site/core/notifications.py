"""Notifications: rows that the bell shows and a sweep mails; each event reaches a user once."""

import smtplib
import unicodedata
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.models import Notification

CAP = 99
BATCH = 200
GIVE_UP = timedelta(days=3)
TRY_AGAIN = timedelta(hours=1)


def notify(rows, *, mail=True):
    """Make notifications from dicts of user_id, text, url and key; a key that a user has already makes none.

    Called inside the operation that the news is about. With `mail`, each is also mailed by the sweep.
    """
    due = timezone.now() if mail else None
    Notification.objects.bulk_create(
        [Notification(**row | {"text": row["text"][:300], "mail_due": due}) for row in rows], ignore_conflicts=True
    )


def unread_of(user):
    """The user's unread notifications, newest first."""
    return Notification.objects.filter(user=user, read_at__isnull=True).order_by("-id")


def unread_count(user):
    """How many are unread, counted up to CAP + 1."""
    return unread_of(user)[: CAP + 1].count()


def mark_read(user, pk=None):
    """Mark one or all of a user's notifications as read; those need no mail any more."""
    rows = unread_of(user).order_by()
    (rows.filter(pk=pk) if pk else rows).update(read_at=timezone.now())


def mail_due(limit=BATCH):
    """Mail what is due and return how many were sent; each row is claimed, sent and marked by itself.

    Other workers skip a claimed row. When the mail server is away nothing is marked and the next sweep tries again; an
    address that is refused is tried again for three days. A worker that dies between sending and marking sends twice,
    with the same Message-ID.
    """
    sent = 0
    with get_connection() as connection:
        for _turn in range(limit):
            done = mail_next(connection)
            if done is None:
                return sent
            sent += done
    return sent


def mail_next(connection):
    """Mail the next due notification: 1 when sent, 0 when it was put off or needs no mail, None when nothing is due."""
    with transaction.atomic():
        rows = Notification.objects.filter(mailed_at__isnull=True, mail_due__lte=timezone.now())
        row = rows.select_for_update(skip_locked=True, of=("self",)).select_related("user").order_by("mail_due").first()
        if row is None:
            return None
        if row.read_at or not row.user.is_active:
            settle(row, mail_due=None)
            return 0
        try:
            message_of(row, connection).send()
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError):
            waited = timezone.now() - row.created_at
            settle(row, mail_due=timezone.now() + TRY_AGAIN if waited < GIVE_UP else None)
            return 0
        settle(row, mailed_at=timezone.now())
        return 1


def settle(row, **values):
    """Set what became of a row."""
    Notification.objects.filter(pk=row.pk).update(**values)


def one_line(text):
    """The text as a mail's subject: no line ends, no control characters, nothing that a mail program would decode."""
    plain = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text)
    return " ".join(plain.replace("=?", "= ?").split())


def message_of(row, connection):
    """The mail of a notification: its text, and the address where it can be seen."""
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    link = urljoin(settings.BASE_URL, row.url) if row.url else settings.BASE_URL
    body = f"{row.text}\n\n{link}\n\n-- \n" + _("Kith sent this because you asked to be reminded.")
    headers = {"Message-ID": f"<notification-{row.pk}@{host}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(one_line(row.text)[:150], body, to=[row.user.email], headers=headers, connection=connection)
