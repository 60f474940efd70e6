"""Notifications: rows that the bell shows and a sweep mails; each event reaches a user once."""

from urllib.parse import urljoin

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.kept import Slot, kept
from crm_site.core.models import Notification
from crm_site.core.outbox import Outbox, letter, send_due

CAP = 99


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
    return len(unread_ids(user=user.pk))


@kept
def unread_ids():
    """The ids of a user's unread notifications, up to CAP + 1; every page asks for them."""
    return unread_of(Slot("user")).order_by().values_list("pk")[: CAP + 1]


def mark_read(user, pk=None):
    """Mark one or all of a user's notifications as read; those need no mail any more."""
    rows = unread_of(user).order_by()
    (rows.filter(pk=pk) if pk else rows).update(read_at=timezone.now())


def mail_due():
    """Mail the notifications that are due and return how many were sent; see send_due."""
    return send_due(NEWS)


def message_of(row):
    """The mail of a notification: its text, and the address where it can be seen; None for what was read."""
    if row.read_at or not row.user.is_active:
        return None
    link = urljoin(settings.BASE_URL, row.url) if row.url else settings.BASE_URL
    body = f"{row.text}\n\n{link}\n\n-- \n" + _("Kith sent this because you asked to be reminded.")
    mail = letter(f"notification-{row.pk}", row.text, body, row.user.email)
    mail.extra_headers["Auto-Submitted"] = "auto-generated"
    return mail


NEWS = Outbox(
    lambda: Notification.objects.filter(mailed_at__isnull=True).select_related("user"),
    "mail_due", "mailed_at", message_of,
)  # fmt: skip
