"""Mails taken in: kept raw first, then read and put on cases, one a transaction, by however many workers."""

import hashlib
import logging
from datetime import timedelta

import pghistory
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from crm_site.core.attachments import LARGEST
from crm_site.core.models import User
from crm_site.core.notifications import notify
from customers.operations.mechanisms import mark_bounced
from support.mail import bounces, parsing, receipts, threading, trimming
from support.mail.references import read_message_id
from support.mail.senders import contacts_at, domain_of, suggestions
from support.models import Case, InboundMail, Message, OutgoingMail
from support.operations.cases import create_case
from support.operations.messages import receive_message
from support.operations.story import note_event

LARGEST_MAIL = 40 * 1024 * 1024
MOST_TRIES = 5
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
        if (found.sender, found.subject) == (values["sender"], values["subject"]):
            return seen_again(found, uid, folder)
        # Another mail under a used id: nobody may keep a mail from being read by sending one with its id before.
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
    while count < limit and process_next():
        count += 1
    return count


def process_next():
    """Claim a mail that waits and work on it; whether there was one."""
    with transaction.atomic():
        now = timezone.now()
        rows = InboundMail.objects.filter(due__lte=now, state=InboundMail.WAITING)
        row = rows.select_for_update(skip_locked=True, of=("self",)).order_by("due").first()
        if row is None:
            return False
        # Counted and put off before the work, so that a mail that kills its worker is parked as well.
        row.tries, row.due = row.tries + 1, now + LEASE
        if row.tries > MOST_TRIES:
            park(row, row.why or _("The worker died while it read this mail."))
            return True
        row.save(update_fields=["tries", "due"])
    process(row.pk)
    return True


def process(pk):
    """Work on one mail, if nobody else does; what goes wrong is kept with it, and the fifth time it is parked."""
    try:
        with transaction.atomic(), pghistory.context(operation="receive_mail"):
            row = InboundMail.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
            if row and row.state == InboundMail.WAITING:
                treat(row)
    except InterfaceError:
        raise  # The database is away: no fault of the mail.
    except Exception as error:
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


def treat(row):
    """Decide what a mail is and act on it."""
    if row.size > LARGEST_MAIL:
        park(row, _("The mail is too large."))
        return
    with row.raw.open("rb") as file:
        mail = parsing.read(file.read())
    if twin := twin_of(row, mail):
        finish(row, InboundMail.CASE, _("Came to several mailboxes"), twin.case, twin)
    elif read_message_id(mail.message_id)[0]:
        finish(row, InboundMail.IGNORED, _("We sent it ourselves"))
    elif is_excluded(row.mailbox, mail.sender):
        finish(row, InboundMail.IGNORED, _("Mail of this domain is not taken"))
    elif bounce := bounces.bounce_of(mail):
        take_bounce(row, bounce)
    elif why := bounces.automatic(mail) or looping(row):
        take_automatic(row, mail, why)
    else:
        take_written(row, mail)


def twin_of(row, mail):
    """The message that the same mail made by another mailbox, or None."""
    found = Message.objects.filter(message_id=row.key).exclude(message_id="").select_related("case").first()
    return found if found and found.author_email == mail.sender and found.subject == mail.subject[:300] else None


def is_excluded(mailbox, address):
    """Whether the mailbox takes no mail of the address's domain, or of one above it."""
    domain = domain_of(address)
    return any(domain == one or domain.endswith(f".{one}") for one in (e.strip("@ ").lower() for e in mailbox.exclude))


def looping(row):
    """A word when so many mails came from the address within an hour that two machines must be talking."""
    recent = InboundMail.objects.filter(sender=row.sender, received_at__gte=timezone.now() - timedelta(hours=1))
    return "loop" if row.sender and recent.filter(state=InboundMail.CASE)[: LOOP + 1].count() > LOOP else ""


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
    message = receive_message(case, **said_by(row, mail, case), automatic=True)
    finish(row, InboundMail.CASE, _("Automatic (%(why)s)") % {"why": why}, message.case, message)


def take_written(row, mail):
    """Continue the case that a mail belongs to, or open one and confirm it."""
    case, how = threading.find_case(mail)
    if case is None:
        case, message = open_case(row, mail)
        receipts.confirm(case, mail, row.mailbox)
        finish(row, InboundMail.CASE, _("New case"), case, message)
        return
    message = receive_message(case, **said_by(row, mail, case))
    note_refused(message.case, mail)
    finish(row, InboundMail.CASE, how, message.case, message)


def said_by(row, mail, case=None):
    """The parts of a mail as receive_message takes them."""
    body, quoted = trimming.trim(mail.text)
    contact = contact_of(mail)
    return {
        "contact": contact, "name": mail.sender_name or str(contact or ""), "email": mail.sender, "at": row.received_at,
        "subject": mail.subject, "body": body, "quoted": quoted, "html": mail.html, "channel": Case.EMAIL,
        "message_id": row.key, "to": mail.to, "cc": mail.cc, "files": files_of(mail)[0],
        "verified": not threading.is_forged(mail) and (case is None or threading.takes_part(case, mail.sender)),
    }  # fmt: skip


def contact_of(mail):
    """The one contact with the sender's address; nobody when several share it, or when the address is forged."""
    found = contacts_at(mail.sender)
    return found[0] if len(found) == 1 and not threading.is_forged(mail) else None


def open_case(row, mail):
    """(case, message) of a mail that begins something; who wrote it is known by the address or not at all."""
    said = said_by(row, mail)
    contact, at = said["contact"], row.received_at
    first = {
        "contact_id": contact.pk if contact else None, "author_name": said.pop("name"), "author_email": mail.sender,
        "is_verified": said.pop("verified"), **{name: said[name] for name in said if name not in ("contact", "email")},
    }  # fmt: skip
    values = {"subject": mail.subject.strip() or _("(no subject)"), "channel": Case.EMAIL, "queue": row.mailbox.queue,
              "first": first, "contact": contact, "description": said["body"][:20_000]}  # fmt: skip
    case = create_case(values, by=None, at=at)
    if contact is None:
        note_event(case, unknown(mail), by=None, at=at)
    note_refused(case, mail)
    return case, case.messages.exclude(kind=Message.EVENT).order_by("pk").first()


def unknown(mail):
    """The sentence about a sender whom nobody knows, with the accounts that it may be of."""
    words = {"who": mail.sender or "?", "what": ", ".join(str(one) for one in suggestions(mail.sender))}
    if threading.is_forged(mail):
        return _("The sender %(who)s is not proved: the mail did not come from that domain.") % words
    if len(contacts_at(mail.sender)) > 1:
        return _("Several contacts have the address %(who)s. Choose the reporter.") % words
    if words["what"]:
        return _("%(who)s is not a contact. By the domain, perhaps of: %(what)s") % words
    return _("%(who)s is not a contact.") % words


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
