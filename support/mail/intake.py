"""Mails taken in: kept raw first, then read and put on cases, one a transaction, by however many workers."""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import timedelta

import pghistory
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.db.models import Count, F
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from crm_site.core.loading import update_many
from crm_site.core.models import User
from crm_site.core.notifications import notify
from customers.operations.mechanisms import mark_bounced
from support.mail import bounces, copies, opening, parsing, threading
from support.mail.references import read_message_id
from support.mail.senders import contacts_at, is_excluded, is_internal
from support.models import Case, InboundMail, Mailbox, Message, OutgoingMail
from support.operations.messages import receive
from support.operations.story import note_event
from support.operations.survivors import end_of

LARGEST_MAIL = 40 * 1024 * 1024
MOST_TRIES = 5
BATCH = 50
# Mails up to this size are read together.
SMALL = 128 * 1024
# A worker that dies while it works on a mail leaves it to others after this time.
LEASE = timedelta(seconds=60)
# More mails than this within an hour from one address are a loop, whatever they say.
LOOP = 60
log = logging.getLogger("kith.mail")


def take_in(mailbox, raw, uid=None, folder=""):
    """Keep a mail as it came and return its InboundMail; one that is here already is returned as it is.

    Another mail under a used id gets a key of its own: nobody may keep a mail from being read by sending one with its
    id before. The same one by another way is told from that when it is read.
    """
    heads = parsing.read_heads(raw)
    values = {name: heads[name][:length] for name, length in (("sender", 320), ("subject", 300))} | {"size": len(raw)}
    key = heads["message_id"] or digest(raw)
    for own in (key, f"{key[:200]}#{digest(raw)[:40]}"):
        row = InboundMail(mailbox=mailbox, key=own, uid=uid, folder=folder, **values)
        if keep(row, raw):
            return row
        row = InboundMail.objects.get(mailbox=mailbox, key=own)
        if own != key or all(getattr(row, name) == value for name, value in values.items()):
            break
    return seen_again(row, uid, folder)


def keep(row, raw):
    """Save a row with the bytes of its mail; False when its mailbox has the key already."""
    row.raw.save(f"{timezone.now():%d%H%M%S}-{get_random_string(32)}", ContentFile(raw), save=False)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        row.raw.storage.delete(row.raw.name)
        return False
    return True


def seen_again(row, uid, folder):
    """A mail that is here already; where it lies in the mailbox now is kept."""
    if uid and (row.uid, row.folder) != (uid, folder):
        InboundMail.objects.filter(pk=row.pk).update(uid=uid, folder=folder)
    return row


def digest(raw):
    """What stands for the id of a mail without one."""
    return hashlib.sha256(raw).hexdigest()


@dataclass
class Found:
    """What was looked up for many mails at once.

    `known` are the rows whose id a message may have already, `busy` the senders who write so much that machines must be
    talking, `people` the contacts by address, `boxes` the mailboxes, `mails` those that were read, `cases` those
    that the mails may answer, by the ids of the mails on them.
    """

    known: set = field(default_factory=set)
    busy: set = field(default_factory=set)
    people: dict = field(default_factory=dict)
    boxes: dict = field(default_factory=dict)
    mails: dict = field(default_factory=dict)
    cases: dict = field(default_factory=dict)


def process_due(limit=500):
    """Read the mails that wait and return how many were tried; what begins cases together, else each by itself."""
    count = 0
    while count < limit and (claimed := claim(min(BATCH, limit - count))):
        found = look_up(claimed)
        small = [row.pk for row in claimed if row.size <= SMALL and row.sender not in found.busy]
        opened = open_together(set(small) - found.known, found) if len(small) > 1 else set()
        rest = [row.pk for row in claimed if row.pk not in opened]
        found.cases = threading.answered_by([found.mails[pk] for pk in rest if pk in found.mails])
        for pk in rest:
            process(pk, found=found)
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


def look_up(rows):
    """The Found of rows, without their mails and cases; four statements."""
    keys = {key for row in rows for key in (row.key, row.key.rpartition("#")[0])} - {""}
    taken = set(Message.objects.filter(message_id__in=keys).values_list("message_id", flat=True))
    senders = {row.sender for row in rows} - {""}
    recent = InboundMail.objects.filter(sender__in=senders, received_at__gte=timezone.now() - timedelta(hours=1))
    counts = recent.filter(state=InboundMail.CASE).values_list("sender").annotate(count=Count("pk"))
    return Found(
        {row.pk for row in rows if {row.key, row.key.rpartition("#")[0]} & taken},
        {sender for sender, count in counts if count > LOOP}, contacts_at(senders),
        Mailbox.objects.select_related("queue__team").in_bulk({row.mailbox_id for row in rows}),
    )  # fmt: skip


def open_together(ids, found):
    """Open the cases that these mails surely begin, all in one transaction; the ids of the mails that did.

    When anything goes wrong nothing is done, and each mail is worked on by itself.
    """
    try:
        with transaction.atomic(), pghistory.context(operation="receive_mail"):
            pairs = [(row, read(row, found)) for row in waiting(pk__in=ids)]
            pairs = [pair for pair in pairs if not (sorted_out(*pair) or by_machine(pair[1]))]
            pairs = threading.beginnings(pairs)
            opened(pairs, opening.open_cases(pairs, found.people))
    except InterfaceError:
        raise  # The database is away: no fault of the mails.
    except Exception as error:  # one of them is to blame, and found when each is read by itself
        log.warning("mails %s: %s", ids, type(error).__name__, exc_info=not isinstance(error, DatabaseError))
        return set()
    return {row.pk for row, _mail in pairs}


def waiting(**which):
    """Mails that wait and that nobody works on, locked."""
    rows = InboundMail.objects.select_for_update(skip_locked=True, of=("self",))
    return rows.filter(state=InboundMail.WAITING, **which).order_by("pk")


def read(row, found):
    """The parsed mail of a row, read once; the row gets its mailbox."""
    row.mailbox = found.boxes[row.mailbox_id]
    if row.pk not in found.mails:
        with row.raw.open("rb") as file:
            found.mails[row.pk] = parsing.read(file.read())
    return found.mails[row.pk]


def process(pk, *, found):
    """Work on one mail, if nobody else does; what goes wrong is kept with it, and the fifth time it is parked."""
    try:
        with transaction.atomic(), pghistory.context(operation="receive_mail"):
            if row := waiting(pk=pk).first():
                treat(row, found)
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
    if row.mailbox.private_to_id:
        text = _("A mail to %(address)s could not be read.") % {"address": row.mailbox.address}
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


def treat(row, found):
    """Decide what a mail is and act on it."""
    if row.size > LARGEST_MAIL:
        park(row, _("The mail is too large."))
        return
    mail = read(row, found)
    if twin := row.pk in found.known and twin_of(row, mail):
        finish(row, InboundMail.CASE, _("It came more than once"), twin.case, twin)
    elif why := sorted_out(row, mail):
        finish(row, InboundMail.IGNORED, why)
    elif bounce := bounces.bounce_of(mail):
        take_bounce(row, bounce)
    elif why := bounces.automatic(mail) or ("loop" if row.sender in found.busy else ""):
        take_automatic(row, mail, why, found)
    else:
        take_written(row, mail, found)


def by_machine(mail):
    """Whether a machine wrote the mail."""
    return bool(bounces.automatic(mail) or bounces.bounce_of(mail))


def sorted_out(row, mail):
    """Why a mail is not ours to read, empty for one that is."""
    if read_message_id(mail.message_id)[0]:
        return _("We sent it ourselves")
    if row.mailbox.leaves_internal and is_internal(row.mailbox, mail):
        return _("Internal mail")
    return _("Mail of this domain is not taken") if is_excluded(row.mailbox, mail.sender) else ""


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


def opened(pairs, messages):
    """Write that mails opened the cases of these messages, in their order; one statement."""
    rows = [row for row, _mail in pairs]
    for row, message in zip(rows, messages, strict=True):
        row.state, row.why, row.due = InboundMail.CASE, _("New case"), None
        row.case, row.message = message.case, message
    update_many(InboundMail, rows, ["state", "why", "due", "case", "message"])


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


def case_of_mail(row, mail, found):
    """(case, how it was found) that a mail goes on; (None, "") when it begins something new.

    What came to one person's mailbox alone stays that person's: a case that others see too goes on only with what was
    sent to one of the mailboxes that they read as well.
    """
    case, how = threading.find_case(mail, found.cases)
    owner = row.mailbox.private_to_id
    if case and owner and not threading.sent_to_all(mail):
        rows = Case.objects.unscoped("where the mail would stand").filter(is_private=True, owner=owner)
        if not rows.filter(pk=end_of(case.pk)[0]).exists():
            return None, ""
    return case, how


def take_automatic(row, mail, why, found):
    """Keep what a machine answered with its case; without one it is left aside: it opens nothing."""
    case, _how = case_of_mail(row, mail, found)
    if case is None:
        finish(row, InboundMail.IGNORED, _("Written by a machine or to a list (%(why)s)") % {"why": why})
        return
    message = continued(row, mail, case, found.people, automatic=True)
    finish(row, InboundMail.CASE, _("Automatic (%(why)s)") % {"why": why}, message.case, message)


def take_written(row, mail, found):
    """Continue the case that a mail belongs to, or open one and confirm it."""
    case, how = case_of_mail(row, mail, found)
    if case is None:
        message = opening.open_cases([(row, mail)], found.people)[0]
        finish(row, InboundMail.CASE, _("New case"), message.case, message)
        return
    message = continued(row, mail, case, found.people)
    if message.is_verified:
        copies.follow([(message.case, mail, row.mailbox)])
    opening.note_refused([(message.case, row, mail)])
    finish(row, InboundMail.CASE, how, message.case, message)


def continued(row, mail, case, people, *, automatic=False):
    """The message that a mail makes on a case that is there, or on the one that follows it."""
    values = opening.said_by(row, mail, people) | {"is_automatic": automatic}
    values["is_verified"] &= threading.takes_part(case, mail.sender, people.get(mail.sender, ()))
    return receive(case, values, opening.files_of(mail)[0], by=None)
