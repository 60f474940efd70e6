"""The mail that confirms a new case: few enough that nobody can use us to flood somebody else."""

import ipaddress
import re
from datetime import timedelta

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from support.mail.references import with_number
from support.models import OutgoingMail

HOUR = timedelta(hours=1)
PER_ADDRESS, PER_SOURCE = 1, 60
# Any number: the one lock under which receipts are counted.
LOCK = 7_310_011
IP = re.compile(r"\[(?:IPv6:)?([0-9a-fA-F.:]{3,45})\]|\((?:HELO [^)]*\) \()?([0-9.]{7,15})\)")


def confirm(case, mail, mailbox):
    """Put the receipt of a new case into the outbox and return it; None where none may go.

    At most one an hour to an address and sixty an hour because of one source. It repeats nothing of what was written.
    """
    if not mailbox.sends_receipt or "@" not in mail.sender or mail.sender == mailbox.address.lower():
        return None
    source, since = source_of(mail), timezone.now() - HOUR
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    sent = OutgoingMail.objects.filter(is_automatic=True, created_at__gte=since)
    counts = sent.filter(Q(to=mail.sender) | Q(source=source)).aggregate(
        address=Count("pk", filter=Q(to=mail.sender)), source=Count("pk", filter=Q(source=source))
    )
    if counts["address"] >= PER_ADDRESS or counts["source"] >= PER_SOURCE:
        return None
    return OutgoingMail.objects.create(
        kind=OutgoingMail.RECEIPT, case=case, mailbox=mailbox, to=mail.sender, is_automatic=True, source=source,
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
