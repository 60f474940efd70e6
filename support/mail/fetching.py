"""Mailboxes read by IMAP: from the last uid on, and with patience when the server does not want."""

import imaplib
import logging
import os
import time
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from imap_tools import A, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError

from support.mail.intake import LARGEST_MAIL, take_in, tell_administrators
from support.models import Mailbox

TIMEOUT = 20
# A worker gives other work its turn after so many seconds, and goes on with the next sweep.
TURN = 60
LEASE = timedelta(minutes=5)
LONGEST_PAUSE = 3600
# Names of environment variables that a mailbox may name: no other secret can be sent to a foreign server.
SECRET_PREFIX = "KITH_MAIL_"  # noqa: S105 - the beginning of names
LOCAL = ("localhost", "127.0.0.1", "::1")
KINDS = {"ssl": MailBox, "starttls": MailBoxStartTls, "none": MailBoxUnencrypted}
TROUBLE = (OSError, imaplib.IMAP4.error, ImapToolsError, ValueError, LookupError)
log = logging.getLogger("kith.mail")


def fetch_due():
    """Read all mailboxes whose turn it is and return how many mails came; each is read by one worker at a time."""
    now, count = timezone.now(), 0
    rows = Mailbox.objects.filter(Q(next_try_at__isnull=True) | Q(next_try_at__lte=now), is_active=True)
    for mailbox in rows.exclude(host="").order_by(F("last_ok_at").asc(nulls_first=True)):
        claimed = Mailbox.objects.filter(pk=mailbox.pk, next_try_at=mailbox.next_try_at)
        if claimed.update(next_try_at=now + LEASE):
            count += fetch(mailbox)
    return count


def read_soon(mailbox):
    """Let a mailbox be read with the next sweep, whatever pause its troubles brought."""
    Mailbox.objects.filter(pk=mailbox.pk).update(next_try_at=None)


def fetch(mailbox):
    """Read what is new in one mailbox and return how many mails came; trouble is kept and the next try waits."""
    count = 0
    try:
        with opened(mailbox) as server:
            count = read_new(mailbox, server)
    except TROUBLE as error:
        failed(mailbox, error)
        return count
    values = {"fails": 0, "error": "", "refused_at": None, "next_try_at": None, "last_ok_at": timezone.now()}
    Mailbox.objects.filter(pk=mailbox.pk).update(**values)
    return count


def opened(mailbox, folder=None):
    """A connection that is signed in, with a folder chosen. Raises ValueError for settings that would leak a secret."""
    if mailbox.security == "none" and mailbox.host not in LOCAL:
        raise ValueError(_("Without encryption only a server on this machine is read."))
    if not mailbox.secret.startswith(SECRET_PREFIX):
        raise ValueError(_("The environment variable's name must begin with %(what)s.") % {"what": SECRET_PREFIX})
    password = os.environ.get(mailbox.secret)
    if not password:
        raise ValueError(_("The environment variable %(name)s is not set.") % {"name": mailbox.secret})
    server = KINDS[mailbox.security](mailbox.host, mailbox.port, timeout=TIMEOUT)
    return server.login(mailbox.username, password, initial_folder=folder or mailbox.folder)


def failed(mailbox, error):
    """Keep the trouble and wait twice as long as last time, an hour at most.

    The third time the administrators are told, of a refused password at once.
    """
    fails, refused = mailbox.fails + 1, isinstance(error, MailboxLoginError)
    wait = timedelta(seconds=min(30 * 2 ** min(fails - 1, 10), LONGEST_PAUSE))
    text = f"{type(error).__name__}: {error}".replace("\x00", "")[:300]
    values = {"fails": fails, "error": text, "next_try_at": timezone.now() + wait}
    values["refused_at"] = (mailbox.refused_at or timezone.now()) if refused else None
    Mailbox.objects.filter(pk=mailbox.pk).update(**values)
    log.warning("mailbox %s: %s", mailbox.pk, type(error).__name__)
    if fails == 3 or (refused and not mailbox.refused_at):
        words = {"name": mailbox.name, "why": text}
        tell_administrators(
            _("The mailbox %(name)s cannot be read: %(why)s") % words, f"mailbox:{mailbox.pk}:{timezone.now():%F}"
        )


def read_new(mailbox, server):
    """Take in the mails above the last uid, the oldest first; returns how many."""
    place(mailbox, server)
    began, count, uids = time.monotonic(), 0, uids_above(server, mailbox.last_uid)
    for ahead, uid in zip(range(len(uids) - 1, -1, -1), uids, strict=True):
        if time.monotonic() - began > TURN:
            break
        count += read_one(mailbox, server, uid, mailbox.folder)
        mailbox.last_uid = uid
        Mailbox.objects.filter(pk=mailbox.pk).update(last_uid=uid, behind=ahead)
        if mailbox.done_folder:
            server.move([str(uid)], mailbox.done_folder)
    return count


def place(mailbox, server):
    """Find where to begin, when the mailbox is new or its server counts anew.

    A new one begins with the mails of its back-fill, one counted anew with those of some days before it was last read:
    what is here already is known by its Message-ID.
    """
    state = server.folder.status(mailbox.folder, ["UIDVALIDITY", "UIDNEXT"])
    if mailbox.uid_validity == state["UIDVALIDITY"]:
        return
    days = timezone.localdate() - timedelta(days=mailbox.backfill_days)
    since = days if mailbox.backfill_days else None
    if mailbox.uid_validity is not None:
        since = (mailbox.last_ok_at or timezone.now()).date() - timedelta(days=3)
    uids = sorted(int(uid) for uid in server.uids(A(date_gte=since))) if since else []
    start = (uids[0] if uids else state["UIDNEXT"]) - 1
    mailbox.uid_validity, mailbox.last_uid, mailbox.start_uid = state["UIDVALIDITY"], start, start
    Mailbox.objects.filter(pk=mailbox.pk).update(
        uid_validity=mailbox.uid_validity, last_uid=start, start_uid=start, backlog=len(uids), behind=len(uids)
    )


def uids_above(server, last):
    """The uids above one, in order; a server answers a range behind the end with its last mail."""
    return sorted(uid for uid in map(int, server.uids(f"UID {last + 1}:*")) if uid > last)


def read_one(mailbox, server, uid, folder):
    """Take in the mail with a uid: 1, or 0 when it is gone meanwhile."""
    raw = raw_of(server, uid)
    if raw is None:
        return 0
    take_in(mailbox, raw, uid=uid, folder=folder)
    return 1


def raw_of(server, uid):
    """The bytes of a mail as they lie there, left unread; one that is too large is cut, and so parked."""
    part = f"BODY.PEEK[]<0.{LARGEST_MAIL + 1}>"
    _status, found = server.client.uid("FETCH", str(uid), f"({part})")
    return next((bytes(one[1]) for one in found or () if isinstance(one, tuple)), None)
