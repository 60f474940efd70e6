"""Who wrote a mail: the contact with that address, else perhaps the account of its domain."""

import re

from customers.models import Account, Contact, ContactMechanism

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


def domain_of(address):
    """The domain of an address, in lower case."""
    return address.rpartition("@")[2].lower()


def is_excluded(mailbox, address):
    """Whether the mailbox takes no mail of the address's domain, or of one above it."""
    domain = domain_of(address)
    return any(domain == one or domain.endswith(f".{one}") for one in (e.strip("@ ").lower() for e in mailbox.exclude))


def contacts_at(address):
    """The living contacts that have an address now; at most three, as more than one is one too many."""
    ways = ContactMechanism.objects.filter(
        type=ContactMechanism.EMAIL, normalised=address, valid_to__isnull=True, contact__deleted_at__isnull=True,
        contact__isnull=False,
    ).select_related("contact__account")  # fmt: skip
    return list({way.contact_id: way.contact for way in ways[:10]}.values())[:3] if "@" in address else []


def suggestions(address):
    """The accounts that a sender may belong to, by the domain of the address; none for public mail providers."""
    domain = domain_of(address)
    if "." not in domain or domain in PUBLIC:
        return []
    why = "whether the user may see them is asked by who shows them"
    rows = Account.objects.unscoped(why).filter(deleted_at__isnull=True)
    near = rows.filter(search_text__contains=domain).order_by("id")[:50]
    if found := [one for one in near if domain in (site_of(one.website), domain_of(one.email))]:
        return found[:3]
    people = Contact.objects.unscoped(why).filter(deleted_at__isnull=True, search_text__contains=f"@{domain}")
    ids = set(people.filter(account__isnull=False).order_by("id").values_list("account_id", flat=True)[:50])
    return list(rows.filter(pk__in=ids).order_by("id")[:3])


def site_of(website):
    """The domain of a web address."""
    return re.sub(r"^(https?://)?(www\.)?", "", website.lower()).partition("/")[0]
