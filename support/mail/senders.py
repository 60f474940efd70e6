"""Who wrote a mail: the contact with that address, else perhaps the account of its domain."""

import re
from collections import defaultdict

from django.db import connection

from customers.models import Account, ContactMechanism

# Domains at which everybody can have an address: they say nothing of where somebody works.
NAMES = """
    gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es
    live.com live.co.uk live.fr live.nl msn.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.es
    yahoo.co.jp yahoo.co.in yahoo.com.br ymail.com rocketmail.com aol.com icloud.com me.com mac.com proton.me
    protonmail.com pm.me gmx.de gmx.net gmx.at gmx.ch gmx.com web.de t-online.de freenet.de arcor.de posteo.de
    mailbox.org orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it alice.it telenet.be
    skynet.be ziggo.nl kpnmail.nl xs4all.nl planet.nl comcast.net verizon.net att.net sbcglobal.net bellsouth.net
    cox.net charter.net btinternet.com sky.com talktalk.net virginmedia.com bigpond.com optusnet.com.au shaw.ca
    rogers.com sympatico.ca mail.ru bk.ru inbox.ru list.ru yandex.ru yandex.com rambler.ru ukr.net qq.com 163.com
    126.com sina.com sohu.com foxmail.com naver.com daum.net hanmail.net rediffmail.com uol.com.br bol.com.br
    terra.com.br zoho.com fastmail.com hushmail.com mail.com tutanota.com seznam.cz centrum.cz wp.pl o2.pl onet.pl
    interia.pl bluewin.ch
"""
PUBLIC = frozenset(NAMES.split())
# OFFSET 0 keeps the planner from walking along the ids of all accounts until fifty have been found.
NEAR = """
    SELECT d.domain, 'site', found.id FROM unnest(%(domains)s::text[], %(patterns)s::text[]) AS d(domain, pattern)
    CROSS JOIN LATERAL (
        SELECT id FROM (
            SELECT id FROM customers_account
            WHERE deleted_at IS NULL AND search_text LIKE '%%' || d.pattern || '%%' OFFSET 0
        ) AS alike ORDER BY id LIMIT 50
    ) AS found
    UNION ALL
    SELECT d.domain, 'person', found.account_id
    FROM unnest(%(domains)s::text[], %(patterns)s::text[]) AS d(domain, pattern)
    CROSS JOIN LATERAL (
        SELECT account_id FROM (
            SELECT id, account_id FROM customers_contact WHERE deleted_at IS NULL AND account_id IS NOT NULL
            AND search_text LIKE '%%@' || d.pattern || '%%' OFFSET 0
        ) AS alike ORDER BY id LIMIT 50
    ) AS found
"""


def domain_of(address):
    """The domain of an address, in lower case."""
    return address.rpartition("@")[2].lower()


def is_excluded(mailbox, address):
    """Whether the mailbox takes no mail of the address's domain, or of one above it."""
    domain = domain_of(address)
    return any(domain == one or domain.endswith(f".{one}") for one in (e.strip("@ ").lower() for e in mailbox.exclude))


def is_internal(mailbox, mail):
    """Whether a mail comes from the mailbox's own domain and goes nowhere else."""
    domain = domain_of(mailbox.address)
    return {domain_of(one) for one in (mail.sender, *mail.to, *mail.cc)} == {domain}


def contacts_at(addresses):
    """{address: the living contacts that have it now}."""
    wanted = [address for address in addresses if "@" in address]
    ways = ContactMechanism.objects.filter(
        type=ContactMechanism.EMAIL, normalised__in=wanted, valid_to__isnull=True, contact__deleted_at__isnull=True,
        contact__isnull=False,
    ).select_related("contact__account")  # fmt: skip
    found = defaultdict(dict)
    for way in ways[: 10 * len(wanted)] if wanted else ():
        found[way.normalised][way.contact_id] = way.contact
    return {address: list(contacts.values()) for address, contacts in found.items()}


def suggestions(domains):
    """{domain: up to three accounts that its senders may belong to}; none for public mail providers.

    Those with the domain in their web or mail address, else those of people with such an address; two statements.
    """
    wanted = sorted({domain for domain in domains if "." in domain} - PUBLIC)
    pairs = near(wanted) if wanted else {}
    rows = Account.objects.unscoped("whether the user may see them is asked by who shows them")
    ids = {pk for ids in pairs.values() for pk in ids}
    accounts = rows.filter(deleted_at__isnull=True).in_bulk(ids) if ids else {}
    found = {}
    for domain in wanted:
        own = [accounts[pk] for pk in sorted(pairs["site", domain]) if pk in accounts]
        own = [one for one in own if domain in (site_of(one.website), domain_of(one.email))]
        found[domain] = (own or [accounts[pk] for pk in sorted(pairs["person", domain]) if pk in accounts])[:3]
    return found


def near(domains):
    """{("site" or "person", domain): ids of accounts}; one statement."""
    found, patterns = defaultdict(set), [re.sub(r"([%_\\])", r"\\\1", domain) for domain in domains]
    with connection.cursor() as cursor:
        cursor.execute(NEAR, {"domains": domains, "patterns": patterns})
        for domain, how, pk in cursor.fetchall():
            found[how, domain].add(pk)
    return found


def site_of(website):
    """The domain of a web address."""
    return re.sub(r"^(https?://)?(www\.)?", "", website.lower()).partition("/")[0]
