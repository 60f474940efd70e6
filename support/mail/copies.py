"""Who else a mail went to: they follow its case, so that the agent's answer can go to them, too."""

import re

from crm_site.core.models import User
from support.mail.senders import contacts_at, is_excluded
from support.models import Mailbox
from support.operations.watching import let_follow

MOST = 20


def follow(case, mail, mailbox):
    """Let the people whom a mail names beside its sender follow the case, at most MOST; those whom we know as contacts.

    Never an address of ours: a mailbox's, a user's, or one that the mailbox excludes. Whether an answer goes to them
    is the agent's choice, who sees them in its copies.
    """
    others = [one for one in dict.fromkeys([*mail.to, *mail.cc]) if one != mail.sender and "@" in one][:MOST]
    if not others:
        return
    ours = {address.lower() for address in Mailbox.objects.values_list("address", flat=True)}
    ours |= set(User.objects.filter(email__in=others, door=User.STAFF).values_list("email", flat=True))
    others = [one for one in others if plain(one) not in ours and one not in ours and not is_excluded(mailbox, one)]
    let_follow(case, [(person_at(one), one) for one in others], by=None)


def plain(address):
    """An address without what stands behind a plus in it."""
    return re.sub(r"\+[^@]*@", "@", address)


def person_at(address):
    """The one contact with an address, or None."""
    found = contacts_at(address)
    return found[0] if len(found) == 1 else None
