"""One incident with many cases: one update to all who asked."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from crm_site.core.operations import lock, operation, refuse
from customers.operations.following import reachable
from support.models import Case, Status
from support.operations.messages import post_reply, reporter_address

MOST = 500


@dataclass
class Receiver:
    """Somebody who gets an update once, whatever number of cases they have in the incident."""

    address: str
    cases: list = field(default_factory=list)


def open_parts(case, by):
    """The unresolved parts of a case on which the user may write, the case itself before them."""
    rows = reachable(Case, by, "change").filter(deleted_at__isnull=True, merged_into__isnull=True, is_spam=False)
    rows = rows.filter(parent=case, category__in=Status.UNRESOLVED).select_related("contact").order_by("pk")
    own = [case] if case.category in Status.UNRESOLVED else []
    return [*own, *rows[:MOST]]


def receivers_of(cases):
    """Who would get an update on these cases: one Receiver for each address, and one with none for all without."""
    found = {}
    for case in cases:
        address = reporter_address(case)
        one = found.setdefault(address.lower(), Receiver(address))
        one.cases.append(case)
    return list(found.values())


@operation
def send_update(case, body, *, by, status=None):
    """Write one update publicly on a case and all its unresolved parts; returns the messages.

    Each address is mailed once, about the first of its cases; on its others the update stands without a mail.
    Refused for a case without parts.
    """
    current = lock(case, by)
    cases = open_parts(current, by)
    if not [one for one in cases if one.pk != current.pk]:
        refuse(_("No unresolved case is part of this one."))
    made = []
    for receiver in receivers_of(cases):
        for number, one in enumerate(receiver.cases):
            mailed = {"delay": 10} if number == 0 else {"delay": None}
            made.append(post_reply(one, body, by=by, to=receiver.address or None, cc=(), status=status, **mailed))
    return made
