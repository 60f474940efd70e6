"""Mails taken in: kept raw first, then read and put on cases, one a transaction, by however many workers."""

import hashlib
import logging
from datetime import timedelta

import pghistory
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.db.models import Count, F
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from crm_site.core.attachments import LARGEST
from crm_site.core.models import User
from crm_site.core.notifications import notify
from customers.operations.mechanisms import mark_bounced
from support.mail import bounces, copies, markup, parsing, receipts, threading, trimming
from support.mail.references import read_message_id
from support.mail.senders import contacts_at, is_excluded, suggestions
from support.models import Case, InboundMail, Message, OutgoingMail
from support.operations.cases import create_case
from support.operations.messages import receive
from support.operations.story import note_event

LARGEST_MAIL = 40 * 1024 * 1024
MOST_TRIES = 5
BATCH = 50
# A worker that dies while it works on a mail leaves it to others after this time.
LEASE = timedelta(seconds=60)
# More mails than this within an hour from one address are a loop, whatever they say.
LOOP = 60
ACTIVE_FILES = ("exe", "scr", "com", "bat", "cmd", "pif", "js", "jse", "vbs", "vbe", "wsf", "hta", "msi", "lnk", "jar",
                "ps1", "cpl", "iso", "img", "reg", "app", "dll")  # fmt: skip
# A file's bytes that a program is known by, whatever its name says.
PROGRAMS = (b"MZ", b"\x7fELF")
log = logging.getLogger("kith.mail")


def take_in(mailbox, raw, uid=None, folder=""):
    """Keep a mail as it came and return its InboundMail; one that is here already is returned as it is."""
    heads = parsing.read_heads(raw)
    values = {name: heads[name][:length] for name, length in (("sender", 320), ("subject", 300))}
    key = heads["message_id"] or digest(raw)
    if found := InboundMail.objects.filter(mailbox=mailbox, key=key).first():
        if (found.sender, found.subject, found.size) == (values["sender"], values["subject"], len(raw)):
            return seen_again(found, uid, folder)
        # Another mail under a used id: nobody may keep a mail from being read by sending one with its id before. The
        # same one by another way is told from that when it is read.
        key = f"{key[:200]}#{digest(raw)[:40]}"
        if found := InboundMail.objects.filter(mailbox=mailbox, key=key).first():
            return seen_again(found, uid, folder)
    row = InboundMail(mailbox=mailbox, key=key, uid=uid, folder=folder, size=len(raw), **values)
    row.raw.save(f"{timezone.now():%d%H%M%S}-{get_random_string(32)}", ContentFile(raw), save=False)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        row.raw.storage.delete(row.raw.name)
        return InboundMail.objects.get(mailbox=mailbox, key=key)
    return row


def seen_again(row, uid, folder):
    """A mail that is here already; where it lies in the mailbox now is kept."""
    if uid and (row.uid, row.folder) != (uid, folder):
        InboundMail.objects.filter(pk=row.pk).update(uid=uid, folder=folder)
    return row


def digest(raw):
    """What stands for the id of a mail without one."""
    return hashlib.sha256(raw).hexdigest()


def process_due(limit=500):
    """Read the mails that wait and return how many were tried; each in a transaction of its own."""
    count = 0
    while count < limit and (claimed := claim(min(BATCH, limit - count))):
        known, busy = known_among(claimed)
        for row in claimed:
            process(row.pk, known=row.key in known, busy=row.sender in busy)
        count += len(claimed)
    return count


def claim(most):
    """Claim mails that wait for this worker; others skip them. One that was tried before is claimed alone.

    The try is counted and the mail put off before the work, so that one that kills its worker is parked as well, and
    takes no other with it.
    """
    with transaction.atomic():
        now = timezone.now()
        rows = InboundMail.objects.filter(due__lte=now, state=InboundMail.WAITING)
        found = list(rows.select_for_update(skip_locked=True, of=("self",)).order_by("due", "pk")[:most])
        fresh = [row for row in found if not row.tries]
        found = fresh if fresh and not found[0].tries else found[:1]
        if found and found[0].tries >= MOST_TRIES:
            park(found[0], found[0].why or _("The worker died while it read this mail."))
        else:
            ids = [row.pk for row in found]
            InboundMail.objects.filter(pk__in=ids).update(tries=F("tries") + 1, due=now + LEASE)
    return found


def known_among(rows):
    """(ids of mails that are on cases already, senders who write so much that machines must be talking)."""
    keys = {key for row in rows for key in (row.key, row.key.rpartition("#")[0])} - {""}
    found = set(Message.objects.filter(message_id__in=keys).values_list("message_id", flat=True))
    known = {row.key for row in rows if {row.key, row.key.rpartition("#")[0]} & found}
    recent = InboundMail.objects.filter(
        sender__in={row.sender for row in rows} - {""}, received_at__gte=timezone.now() - timedelta(hours=1)
    )
    counts = recent.filter(state=InboundMail.CASE).values_list("sender").annotate(count=Count("pk"))
    return known, {sender for sender, count in counts if count > LOOP}


def process(pk, *, known=True, busy=False):
    """Work on one mail, if nobody else does; what goes wrong is kept with it, and the fifth time it is parked.

    `known` says that a message may have its id already, `busy` that its sender writes too much.
    """
    try:
        with transaction.atomic(), pghistory.context(operation="receive_mail"):
            rows = InboundMail.objects.select_for_update(skip_locked=True, of=("self",))
            row = rows.select_related("mailbox__queue__team").filter(pk=pk).first()
            if row and row.state == InboundMail.WAITING:
                treat(row, known, busy)
    except InterfaceError:
        raise  # The database is away: no fault of the mail.
    except Exception as error:  # whatever a mail does to us, the next one is read
        log.warning("mail %s: %s", pk, type(error).__name__, exc_info=not isinstance(error, DatabaseError))
        put_off(pk, error)


def put_off(pk, error):
    """Let a mail wait after a failure, longer each time; the fifth time park it."""
    with transaction.atomic():
        row = InboundMail.objects.select_for_update().get(pk=pk)
        why = f"{type(error).__name__}: {error}"[:300].replace("\x00", "")
        if row.tries >= MOST_TRIES:
            park(row, why)
        else:
            wait = timedelta(seconds=5 * 2**row.tries)
            InboundMail.objects.filter(pk=pk).update(why=why, due=timezone.now() + wait)


def park(row, why):
    """Put a mail aside and tell the administrators; it is kept, and can be tried again."""
    row.state, row.why, row.due = InboundMail.PARKED, why[:300], None
    row.save(update_fields=["state", "why", "due", "tries"])
    text = _("A mail of %(sender)s could not be read: %(subject)s") % {"sender": row.sender, "subject": row.subject}
    tell_administrators(text, f"parked:{row.pk}:{row.tries}")


def tell_administrators(text, key):
    """Notify those who run the site."""
    ids = User.objects.filter(is_active=True, is_staff=True, door=User.STAFF).values_list("pk", flat=True)
    notify([{"user_id": pk, "text": text, "url": "/mailboxes/", "key": key} for pk in ids])


def retry(row):
    """Read a parked or ignored mail anew, at once."""
    InboundMail.objects.filter(pk=row.pk).exclude(state=InboundMail.CASE).update(
        state=InboundMail.WAITING, tries=0, due=timezone.now()
    )


def treat(row, known=True, busy=False):
    """Decide what a mail is and act on it."""
    if row.size > LARGEST_MAIL:
        park(row, _("The mail is too large."))
        return
    with row.raw.open("rb") as file:
        mail = parsing.read(file.read())
    if twin := known and twin_of(row, mail):
        finish(row, InboundMail.CASE, _("It came more than once"), twin.case, twin)
    elif read_message_id(mail.message_id)[0]:
        finish(row, InboundMail.IGNORED, _("We sent it ourselves"))
    elif is_excluded(row.mailbox, mail.sender):
        finish(row, InboundMail.IGNORED, _("Mail of this domain is not taken"))
    elif bounce := bounces.bounce_of(mail):
        take_bounce(row, bounce)
    elif why := bounces.automatic(mail) or ("loop" if busy else ""):
        take_automatic(row, mail, why)
    else:
        take_written(row, mail)


def twin_of(row, mail):
    """The message that the same mail made when it came before, by this mailbox or another, or None."""
    rows = Message.objects.filter(message_id__in={row.key, mail.message_id} - {""}).select_related("case")
    return next((one for one in rows if (one.author_email, one.subject) == (mail.sender, fitted_subject(mail))), None)


def fitted_subject(mail):
    """A subject as a message keeps it."""
    return mail.subject[:300]


def finish(row, state, why="", case=None, message=None):
    """Write what became of a mail."""
    row.state, row.why, row.due, row.case, row.message = state, why[:300], None, case, message
    row.save(update_fields=["state", "why", "due", "case", "message", "tries"])


def take_bounce(row, bounce):
    """Note a bounce at the mail and the case that it is about; an address that is gone is marked so.

    Only what names one of our own mails by its signed id changes anything: anybody can write a bounce.
    """
    sent = next((found for one in bounce.message_ids if (found := read_message_id(one))[0]), None)
    mail = OutgoingMail.objects.filter(pk=sent[1], case=sent[0]).select_related("case").first() if sent else None
    if mail is None:
        finish(row, InboundMail.BOUNCE, bounce.reason)
        return
    ours = {address.lower() for address in (mail.to, *mail.cc)}
    gone = [address for address in bounce.addresses if address in ours] or [mail.to.lower()]
    if bounce.kind == bounces.HARD:
        for address in gone:
            mark_bounced(address, by=None)
    OutgoingMail.objects.filter(pk=mail.pk).update(error=bounce.reason[:300])
    words = {"who": ", ".join(gone), "why": bounce.reason[:150]}
    text = {
        bounces.HARD: _("Mail to %(who)s came back, the address does not exist: %(why)s"),
        bounces.COMPLAINT: _("%(who)s reported our mail as unwanted."),
    }.get(bounce.kind, _("Mail to %(who)s was not delivered for now: %(why)s"))
    note_event(mail.case, text % words, by=None)
    finish(row, InboundMail.BOUNCE, bounce.reason, mail.case)


def take_automatic(row, mail, why):
    """Keep what a machine answered with its case; without one it is left aside: it opens nothing."""
    case, _how = threading.find_case(mail)
    if case is None:
        finish(row, InboundMail.IGNORED, _("Written by a machine or to a list (%(why)s)") % {"why": why})
        return
    message = continued(row, mail, case, automatic=True)
    finish(row, InboundMail.CASE, _("Automatic (%(why)s)") % {"why": why}, message.case, message)


def take_written(row, mail):
    """Continue the case that a mail belongs to, or open one and confirm it."""
    case, how = threading.find_case(mail)
    if case is None:
        case, message = open_case(row, mail)
        if message.is_verified:
            copies.follow(case, mail, row.mailbox)
        receipts.confirm(case, mail, row.mailbox)
        finish(row, InboundMail.CASE, _("New case"), case, message)
        return
    message = continued(row, mail, case)
    if message.is_verified:
        copies.follow(message.case, mail, row.mailbox)
    note_refused(message.case, mail)
    finish(row, InboundMail.CASE, how, message.case, message)


def continued(row, mail, case, *, automatic=False):
    """The message that a mail makes on a case that is there, or on the one that follows it."""
    values = said_by(row, mail, contacts_at(mail.sender)) | {"is_automatic": automatic}
    values["is_verified"] &= threading.takes_part(case, mail.sender)
    return receive(case, values, files_of(mail)[0], by=None)


def said_by(row, mail, people):
    """A mail as the fields of a message; `people` are the contacts with the sender's address."""
    body, quoted = trimming.trim(mail.text)
    html = written_in(mail.html) if quoted and mail.html else mail.html
    contact = contact_among(people, mail)
    return {
        "contact": contact, "author_name": mail.sender_name or str(contact or ""), "author_email": mail.sender,
        "is_verified": not threading.is_forged(mail), "at": row.received_at, "subject": mail.subject, "body": body,
        "quoted": quoted, "html": html, "channel": Case.EMAIL, "message_id": row.key, "to": mail.to,
        "cc": mail.cc,
    }  # fmt: skip


def written_in(html):
    """A mail's markup without what it repeats; empty where that stands above or between, so that the text is shown."""
    body, quoted = trimming.trim(markup.text_of(html))
    return markup.up_to(html, body) if quoted else html


def contact_among(found, mail):
    """The one contact with the sender's address; nobody when several share it, or when the address is forged."""
    return found[0] if len(found) == 1 and not threading.is_forged(mail) else None


def open_case(row, mail):
    """(case, message) of a mail that begins something; who wrote it is known by the address or not at all."""
    people = contacts_at(mail.sender)
    first = said_by(row, mail, people)
    values = {
        "subject": mail.subject.strip() or _("(no subject)"), "channel": Case.EMAIL, "queue": row.mailbox.queue,
        "first": first | {"files": files_of(mail)[0]}, "contact": first["contact"],
    }  # fmt: skip
    case = create_case(values, by=None, at=row.received_at)
    if first["contact"] is None:
        note_event(case, unknown(mail, people), by=None, at=row.received_at)
    note_refused(case, mail)
    return case, Message.objects.get(message_id=row.key)


def unknown(mail, people):
    """The sentence about a sender whom nobody knows, with the accounts that it may be of."""
    if threading.is_forged(mail):
        text = _("The sender %(who)s is not proved: the mail did not come from that domain.")
    elif people:
        text = _("Several contacts have the address %(who)s. Choose the reporter.")
    elif accounts := suggestions(mail.sender):
        what = ", ".join(str(one) for one in accounts)
        return _("%(who)s is not a contact. By the domain, perhaps of: %(what)s") % {"who": mail.sender, "what": what}
    else:
        text = _("%(who)s is not a contact.")
    return text % {"who": mail.sender or "?"}


class Upload(ContentFile):
    """An attachment of a mail as uploads come: a name, a size, and what the markup calls it."""

    def __init__(self, file):
        super().__init__(file.data, name=file.name)
        self.cid = file.cid


def files_of(mail):
    """(uploads, names of those that are not kept): programs and what is larger than an upload may be stay outside."""
    kept, refused = [], []
    for file in mail.files:
        ending = file.name.rpartition(".")[2].strip().lower()
        bad = ending in ACTIVE_FILES or file.data.startswith(PROGRAMS) or len(file.data) > LARGEST
        (refused if bad else kept).append(file)
    return [Upload(file) for file in kept], [file.name for file in refused]


def note_refused(case, mail):
    """Say on the case which attachments were not kept; the whole mail still holds them."""
    if names := files_of(mail)[1]:
        text = _("Not kept as files, because they could do harm or are too large: %(names)s")
        note_event(case, text % {"names": ", ".join(names)[:500]}, by=None)
