"""Which case a mail belongs to: by the mails that it answers, by our mark, by a number from somebody who takes part.

Never by the words of a subject alone, and never by a number from somebody else.
"""

import re
from collections import Counter

from django.contrib.postgres.fields import ArrayField
from django.db.models import Q, TextField, Value
from django.db.models.functions import Cast, Coalesce, Lower

from crm_site.core.kept import Slot, kept
from support.mail.references import MARK, NUMBER, case_of, read_message_id
from support.mail.senders import contacts_at
from support.models import Case, Mailbox, Message, Watcher
from support.operations.survivors import end_of

REFERENCE, TOKEN, SUBJECT = "reference", "token", "subject"
TAG = re.compile(r"\+(k\d{1,18}-[0-9a-f]{16})@", re.IGNORECASE)
DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to")
FAILED = re.compile(r"\bdmarc\s*=\s*fail\b", re.IGNORECASE)


def find_case(mail, known=None):
    """(case, how it was found) for a mail; (None, "") when it begins something new.

    `known` are cases by the ids of mails that it may answer; the others are looked for.
    """
    case = next((known[one] for one in mail.references if usable(known.get(one))), None) if known else None
    if case and not any(MARK.match(one) for one in mail.references):
        return case, REFERENCE
    for find, how in ((by_reference, REFERENCE), (by_token, TOKEN), (by_number, SUBJECT)):
        if (case := find(mail)) is not None:
            return case, how
    return None, ""


def beginnings(pairs):
    """Those of (InboundMail, Mail) that surely begin something: they bear nothing that may be a mark or number of ours,
    and answer no mail that is kept or among them; one statement."""
    keys = Counter(row.key for row, _mail in pairs)
    known = keys.keys() | answered_by([mail for _row, mail in pairs]).keys()
    return [
        (row, mail) for row, mail in pairs
        if keys[row.key] == 1 and known.isdisjoint(mail.references) and not bears_mark(mail)
    ]  # fmt: skip


def bears_mark(mail):
    """Whether something in a mail looks like a mark or a number that we gave."""
    texts = [*mail.references, *people_of(mail), mail.header("x-kith-case")]
    return bool(NUMBER.search(mail.subject) or any(MARK.search(text.lower()) for text in texts))


def people_of(mail):
    """To whom a mail went, as its heads say; with the names of mailboxes that it was delivered to."""
    return [*mail.to, *mail.cc, *(mail.header(name) for name in DELIVERED)]


def sent_to_all(mail):
    """Whether a mail names as its recipient a mailbox of ours that is nobody's own, with a mark or without."""
    named = {re.sub(r"\+[^@]*@", "@", address.lower()) for address in (*mail.to, *mail.cc)}
    shared = Mailbox.objects.filter(is_active=True, private_to__isnull=True).values_list("address", flat=True)
    return any(address.lower() in named for address in shared)


def by_reference(mail):
    """The case of the nearest mail that this one answers: one of ours by its signed id, else one that we keep."""
    for one in mail.references:
        case, _pk = read_message_id(one)
        if usable(case):
            return case
    if not mail.references:
        return None
    found = answered_by([mail])
    return next((found[one] for one in mail.references if usable(found.get(one))), None)


def answered_by(mails):
    """{message id: case} of the kept messages that mails answer, the source where a merge brought one along."""
    wanted = {one for mail in mails for one in mail.references}
    rows = Message.objects.filter(message_id__any_of=wanted).exclude(message_id="").select_related("case", "origin")
    return {row.message_id: begun_on(row) for row in rows} if wanted else {}


def begun_on(message):
    """The case that a message was written on, unless it was split off from that."""
    return message.origin if message.origin_id and message.origin.merged_into_id else message.case


def by_token(mail):
    """The case whose mark stands in an address or in a header of ours."""
    marks = [found for text in people_of(mail) for found in TAG.findall(text)]
    return next((case for mark in [*marks, mail.header("x-kith-case")] if usable(case := case_of(mark))), None)


def by_number(mail):
    """The case whose number stands in the subject, if the sender takes part in it and is not proved false."""
    found = NUMBER.search(mail.subject)
    if not found or is_forged(mail):
        return None
    rows = Case.objects.unscoped("a mail names it by its number").filter(pk=int(found[1]))
    case = rows.first()
    return case if usable(case) and takes_part(case, mail.sender) else None


def usable(case):
    """Whether a case can go on: one in the bin cannot."""
    return case is not None and case.deleted_at is None


def is_forged(mail):
    """Whether the server that took the mail in found that it does not come from the domain that it names."""
    return bool(FAILED.search(mail.header("authentication-results")))


def takes_part(case, address, people=None):
    """Whether an address belongs to the case: the reporter's, a watcher's, one that wrote or that we wrote to.

    `people` are the contacts that have the address, where they are known. What was said on a merged case stands on the
    one that it went into.
    """
    if not address:
        return False
    where = end_of(case.pk)[0] if case.merged_into_id else case.pk
    people = contacts_at([address]).get(address, ()) if people is None else people
    if case.contact_id and case.contact_id in {contact.pk for contact in people}:
        return True
    return bool(spoke(case=where, address=address, listed=[address])) or (address,) in watching(case=case.pk)


@kept
def spoke():
    """A row where an address wrote, or was written to, on a case."""
    listed = Cast(Slot("listed"), ArrayField(TextField()))
    wrote = Q(direction=Message.IN, author_email__iexact=Slot("address", TextField()))
    told = Q(direction=Message.OUT) & (Q(to__contains=listed) | Q(cc__contains=listed))
    rows = Message.objects.filter(wrote | told, case=Slot("case"), kind=Message.PUBLIC, is_verified=True)
    return rows.order_by().values_list(Value(1))[:1]


@kept
def watching():
    """(address,) of all who watch a case."""
    rows = Watcher.objects.filter(case=Slot("case")).order_by()
    names = ("email", "user__email", "contact__email")
    own, *others = (rows.values_list(Lower(Coalesce(name, Value("")))) for name in names)
    return own.union(*others)
