"""The signed mark of a case that mails carry, so that answers find their way back and nobody can guess one."""

import re

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from crm_site.core.outside import host
from support.models import Case

SALT = "support.mail.case"
MARK = re.compile(r"k(\d{1,18})-([0-9a-f]{16})")
NUMBER = re.compile(r"\[\s*K-(\d{1,12})\s*\]", re.IGNORECASE)


def signature(pk, secret=None):
    """Sixteen signs that only we can make for a case."""
    return salted_hmac(SALT, str(pk), secret=secret).hexdigest()[:16]


def token_of(case):
    """The mark of a case, such as "k12-0f3a…": safe in an address, in a header and whatever its case."""
    return f"k{case.pk}-{signature(case.pk)}"


def case_of(token):
    """The case that a mark names, or None when we did not make it; earlier secret keys count, too."""
    found = MARK.fullmatch(token.lower())
    if not found:
        return None
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if constant_time_compare(signature(int(found[1]), secret), found[2]):
            return Case.objects.unscoped("a mail names it by a mark that we signed").filter(pk=int(found[1])).first()
    return None


def message_id_of(mail):
    """The Message-ID, without brackets, of an OutgoingMail: it bears the mark of its case and the number of the row."""
    return f"{token_of(mail.case)}-{mail.pk}@{host()}" if mail.case_id else f"mail-{mail.pk}@{host()}"


def read_message_id(text):
    """(case, pk of the OutgoingMail) of a Message-ID that is one of ours; (None, None) for any other."""
    mark, _dash, pk = text.partition("@")[0].rpartition("-")
    case = case_of(mark) if pk.isdecimal() and len(pk) < 19 else None
    return (case, int(pk)) if case else (None, None)


def reply_address(mailbox, case):
    """The mailbox's address with the mark of a case, as in support+k12-0f3a…@example.com."""
    local, _at, domain = mailbox.address.rpartition("@")
    return f"{local}+{token_of(case)}@{domain}"


def with_number(subject, case):
    """A subject with the number of the case in it, once."""
    return subject if f"[{case.number}]" in subject else f"{subject} [{case.number}]"
