"""Which case a mail belongs to: by the mails that it answers, by our mark, by a number from somebody who takes part.

Never by the words of a subject alone, and never by a number from somebody else.
"""

import re

from customers.models import ContactMechanism
from support.mail.references import NUMBER, case_of, read_message_id
from support.models import Case, Message

REFERENCE, TOKEN, SUBJECT = "reference", "token", "subject"
TAG = re.compile(r"\+(k\d{1,18}-[0-9a-f]{16})@", re.IGNORECASE)
DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to")
FAILED = re.compile(r"\bdmarc\s*=\s*fail\b", re.IGNORECASE)


def find_case(mail):
    """(case, how it was found) for a mail; (None, "") when it begins something new."""
    for find, how in ((by_reference, REFERENCE), (by_token, TOKEN), (by_number, SUBJECT)):
        if (case := find(mail)) is not None:
            return case, how
    return None, ""


def by_reference(mail):
    """The case of the nearest mail that this one answers: one of ours by its signed id, else one that we keep."""
    for one in mail.references:
        case, _pk = read_message_id(one)
        if usable(case):
            return case
    if not mail.references:
        return None
    found = {
        row.message_id: row.case for row in
        Message.objects.filter(message_id__in=mail.references).exclude(message_id="").select_related("case")
    }  # fmt: skip
    return next((found[one] for one in mail.references if usable(found.get(one))), None)


def by_token(mail):
    """The case whose mark stands in an address or in a header of ours."""
    texts = [*mail.to, *mail.cc, *(mail.header(name) for name in DELIVERED)]
    marks = [found for text in texts for found in TAG.findall(text)]
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


def takes_part(case, address):
    """Whether an address belongs to the case: the reporter's, a watcher's, one that wrote or that we wrote to."""
    if not address:
        return False
    if case.contact_id:
        ways = ContactMechanism.objects.filter(contact=case.contact_id, type=ContactMechanism.EMAIL)
        if ways.filter(normalised=address, valid_to__isnull=True).exists():
            return True
    watching = case.watchers.select_related("user", "contact")
    if any(address in {w.email.lower(), *(p.email.lower() for p in (w.user, w.contact) if p)} for w in watching):
        return True
    public = Message.objects.filter(case=case, kind=Message.PUBLIC, is_verified=True)
    if public.filter(direction=Message.IN, author_email__iexact=address).exists():
        return True
    ours = public.filter(direction=Message.OUT)
    return ours.filter(to__contains=[address]).exists() or ours.filter(cc__contains=[address]).exists()
