"""The mail that confirms a new case: few enough that nobody can use us to flood somebody else."""

import ipaddress
import re
from collections import Counter
from datetime import timedelta

from django.db import connection
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from support.mail.references import with_number
from support.models import OutgoingMail

HOUR = timedelta(hours=1)
PER_ADDRESS, PER_SOURCE = 1, 60
# Any number: the one lock under which receipts are counted.
LOCK = 7_310_011
IP = re.compile(r"\[(?:IPv6:)?([0-9a-fA-F.:]{3,45})\]|\((?:HELO [^)]*\) \()?([0-9.]{7,15})\)")


def confirm(made):
    """Put the receipts of new cases, given as (case, mail, mailbox), into the outbox; four statements however many.

    At most one an hour to an address and sixty an hour because of one source. It repeats nothing of what was written.
    """
    asked = [(case, mail.sender, source_of(mail), box) for case, mail, box in made if may_confirm(mail, box)]
    if not asked:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    sent = OutgoingMail.objects.filter(is_automatic=True, created_at__gte=timezone.now() - HOUR)
    to = counted(sent, "to", {sender for _case, sender, _source, _mailbox in asked})
    because = counted(sent, "source", {source for _case, _sender, source, _mailbox in asked})
    mails = []
    for case, sender, source, mailbox in asked:
        if to[sender] < PER_ADDRESS and because[source] < PER_SOURCE:
            to[sender] += 1
            because[source] += 1
            mails.append(receipt(case, sender, source, mailbox))
    OutgoingMail.objects.bulk_create(mails)


def may_confirm(mail, mailbox):
    """Whether a receipt may go to the sender at all."""
    return mailbox.sends_receipt and "@" in mail.sender and mail.sender != mailbox.address.lower()


def counted(sent, name, values):
    """{value: number of the mails sent that hold it in this column}; one statement."""
    rows = sent.filter(**{f"{name}__in": values}).order_by()
    return Counter(dict(rows.values_list(name).annotate(Count("pk"))))


def receipt(case, to, source, mailbox):
    """The receipt of a case, not yet saved."""
    return OutgoingMail(
        kind=OutgoingMail.RECEIPT, case=case, mailbox=mailbox, to=to, is_automatic=True, source=source,
        subject=with_number(_("We have received your message"), case), body=text_of(case), key=f"receipt:{case.pk}",
    )  # fmt: skip


def text_of(case):
    """What the receipt says."""
    return _(
        "Thank you for your message. It has the number %(number)s.\n\n"
        "If you want to add something, answer this mail and keep the number in its subject."
    ) % {"number": case.number}


def source_of(mail):
    """The address of the server that handed the mail in: the nearest public one; "-" where there is none."""
    for name, value in mail.message.raw_items():
        if name.lower() != "received":
            continue
        for found in IP.findall(str(value)[:2000]):
            try:
                address = ipaddress.ip_address(found[0] or found[1])
            except ValueError:
                continue
            if not (address.is_private or address.is_loopback):
                return str(address)
    return "-"
