"""Every night: what lies in the mailboxes against what is stored here, so that no mail is missing unnoticed."""

import re
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from imap_tools import A

from support.mail import fetching, parsing
from support.mail.intake import tell_administrators
from support.models import InboundMail, Mailbox, Reconciliation

# How many missing mails are listed by name; the numbers count all.
LISTED = 1000
SILENT = timedelta(minutes=15)
GREEN, YELLOW, RED = "green", "yellow", "red"


def reconcile_all():
    """Count all mailboxes that are read by IMAP; returns the Reconciliations made."""
    made = []
    for mailbox in Mailbox.objects.filter(is_active=True).exclude(host=""):
        try:
            made += reconcile(mailbox)
        except fetching.TROUBLE as error:
            fetching.failed(mailbox, error)
    return made


def reconcile(mailbox):
    """Count the folders of one mailbox and return their Reconciliations; the administrators hear of missing mails."""
    made = []
    for folder in filter(None, dict.fromkeys((mailbox.folder, mailbox.done_folder))):
        with fetching.opened(mailbox, folder) as server:
            there = ids_in(server, mailbox, folder)
        missing = [{"uid": uid, "id": one} for uid, one in there if not is_here(mailbox, folder, uid, one)]
        made.append(
            Reconciliation.objects.create(
                mailbox=mailbox,
                folder=folder,
                there=len(there),
                here=len(there) - len(missing),
                missing=missing[:LISTED],
            )
        )
        if missing:
            words = {"name": mailbox.name, "count": len(missing)}
            text = _("%(count)s mails of the mailbox %(name)s are missing here.") % words
            tell_administrators(text, f"missing:{made[-1].pk}")
    return made


def ids_in(server, mailbox, folder):
    """[(uid, Message-ID or "")] of the mails in the folder chosen that should be here: those that have been read."""
    if folder == mailbox.folder:
        uids = [uid for uid in fetching.uids_above(server, mailbox.start_uid) if uid <= mailbox.last_uid]
    else:
        since = (timezone.now() - timedelta(days=30)).date()
        uids = sorted(map(int, server.uids(A(date_gte=since))))
    found = []
    for start in range(0, len(uids), 500):
        found += heads(server, uids[start : start + 500])
    return found


def heads(server, uids):
    """[(uid, Message-ID)] of some mails, by one question."""
    _status, answer = server.client.uid(
        "FETCH", ",".join(map(str, uids)), "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
    )
    found = []
    for position, one in enumerate(answer or ()):
        if not isinstance(one, tuple):
            continue
        # Some servers name the uid before the header, some behind it.
        behind = answer[position + 1] if position + 1 < len(answer) and isinstance(answer[position + 1], bytes) else b""
        uid = re.search(rb"UID (\d+)", one[0]) or re.search(rb"UID (\d+)", behind)
        if uid:
            found.append((int(uid[1]), parsing.read_heads(one[1])["message_id"]))
    return found


def is_here(mailbox, folder, uid, message_id):
    """Whether a mail is stored: by its Message-ID, or by its place where it has none."""
    rows = InboundMail.objects.filter(mailbox=mailbox)
    if message_id:
        return rows.filter(key=message_id).exists()
    return rows.filter(uid=uid, folder=folder).exists()


def fetch_missing(row):
    """Take in the mails that a count missed; returns how many came."""
    count = 0
    with fetching.opened(row.mailbox, row.folder) as server:
        for one in row.missing:
            count += fetching.read_one(row.mailbox, server, one["uid"], row.folder)
    row.here, row.missing = row.here + count, []
    row.save(update_fields=["here", "missing"])
    return count


def latest(mailbox):
    """The latest counts of a mailbox, one a folder."""
    rows = Reconciliation.objects.filter(mailbox=mailbox).order_by("-at", "-pk")[:4]
    return list({row.folder: row for row in reversed(rows)}.values())


def light(mailbox, counts=None):
    """(green, yellow or red, why) of a mailbox: green only while it is read and the last count misses nothing."""
    counts = latest(mailbox) if counts is None else counts
    missing = sum(row.there - row.here for row in counts)
    if not mailbox.is_active:
        return YELLOW, _("Not in use")
    if missing:
        return RED, _("%(count)s mails are missing") % {"count": missing}
    if not mailbox.host:
        return GREEN, _("Fed by a provider")
    if mailbox.refused_at:
        return RED, _("The server refuses the password")
    if mailbox.fails >= 3:
        return RED, mailbox.error
    if mailbox.fails or not mailbox.last_ok_at or timezone.now() - mailbox.last_ok_at > SILENT:
        return YELLOW, mailbox.error or _("Not read lately")
    if mailbox.behind:
        return YELLOW, _("Reads what was there before")
    return GREEN, _("Works")
