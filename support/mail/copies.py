"""Who else a mail went to: they follow its case, so that the agent's answer can go to them, too."""

import re

from crm_site.core.models import User
from support.mail.senders import contacts_at, is_excluded
from support.models import Mailbox
from support.operations.watching import let_follow

MOST = 20


def follow(made):
    """Let the people whom mails name beside their sender follow the cases, given as (case, mail, mailbox).

    At most MOST a mail; those whom we know as contacts. Never an address of ours: a mailbox's, a user's, or one that
    the mailbox excludes. Whether an answer goes to them is the agent's choice, who sees them in its copies.
    """
    named = [(case, others_of(mail, mailbox)) for case, mail, mailbox in made]
    every = {one for _case, others in named for one in others}
    if not every:
        return
    ours = {address.lower() for address in Mailbox.objects.values_list("address", flat=True)}
    ours |= set(User.objects.filter(email__in=every, door=User.STAFF).values_list("email", flat=True))
    known = contacts_at(every)
    for case, others in named:
        left = [one for one in others if plain(one) not in ours and one not in ours]
        if left:
            people = [known.get(one, ()) for one in left]
            let_follow(case, [(found[0] if len(found) == 1 else None, one)
                              for found, one in zip(people, left, strict=True)], by=None)  # fmt: skip


def others_of(mail, mailbox):
    """The addresses that a mail names beside its sender and the mailbox itself."""
    named = [one for one in dict.fromkeys([*mail.to, *mail.cc]) if one != mail.sender and "@" in one][:MOST]
    return [one for one in named if plain(one) != mailbox.address.lower() and not is_excluded(mailbox, one)]


def plain(address):
    """An address without what stands behind a plus in it."""
    return re.sub(r"\+[^@]*@", "@", address)
