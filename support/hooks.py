"""Telling other systems: what a step says is kept as a row, and a sweep posts it, signed, until it arrives.

The other side proves a message by its signature, HMAC-SHA256 with the webhook's key over "<seconds>.<body>", and its
age by the seconds, as the header `Kith-Signature: t=<seconds>,v1=<hex>` has them; `Kith-Delivery` is the same for
each try of one message. Only public addresses are called, at the address that was checked, and no redirect is followed.
"""

import hmac
import json
import socket
import ssl
from datetime import timedelta
from http.client import HTTPException, HTTPSConnection
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from crm_site.core.outside import whole
from support.models import Webhook, WebhookDelivery
from support.operations.story import address_of

SECONDS, TRIES, FIRST_WAIT, LONGEST_WAIT = 10, 8, timedelta(minutes=1), timedelta(hours=6)
OK, GONE = range(200, 300), 410
# Addresses that stand for others, which may be private ones.
TUNNELS = [ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::ffff:0:0/96")]


class NotPublic(OSError):
    """The host has an address that is not a public one."""


def key_of(webhook):
    """The key with which messages to a webhook are signed; it follows from the site's own secret key."""
    return salted_hmac("support.webhook", str(webhook.pk), algorithm="sha256").hexdigest()


def signature(key, seconds, body):
    """The signature of a body posted at a moment, in hexadecimal."""
    return hmac.new(key.encode(), f"{seconds}.".encode() + body, "sha256").hexdigest()


def check_address(url):
    """Raise ValidationError unless an address is an https one that may be called."""
    try:
        parts = urlsplit(url)
        named = parts.scheme == "https" and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        named = False
    if not named:
        raise ValidationError(_("Write a whole address that begins with https://, without a name or password."))
    try:
        literal = ip_address(parts.hostname)
    except ValueError:
        return
    if not is_public(literal):
        raise ValidationError(_("This address is inside a private network."))


def is_public(address):
    """Whether an IP address is one of the public internet, and not another one in disguise."""
    return address.is_global and not address.is_multicast and not any(address in net for net in TUNNELS)


def public_address(host, port):
    """The IP address to call a host at. Raises NotPublic when any of its addresses is not a public one."""
    found = [info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not all(is_public(ip_address(address.partition("%")[0])) for address in found):
        raise NotPublic(host)
    return found[0]


class Pinned(HTTPSConnection):
    """A connection to the address that was checked; the certificate has to be the host's."""

    def __init__(self, host, port, address):
        super().__init__(host, port, timeout=SECONDS, context=ssl.create_default_context())
        self.address = address

    def connect(self):
        """Connect to the address and prove the host."""
        plain = socket.create_connection((self.address, self.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def post(url, body, headers):
    """Post bytes to an address and return the status of the answer. Raises OSError or HTTPException."""
    parts = urlsplit(url)
    port = parts.port or 443
    connection = Pinned(parts.hostname, port, public_address(parts.hostname, port))
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def call_later(pk, key, news):
    """Keep what a webhook is to be told; one that is out of use is told nothing. Raises Webhook.DoesNotExist."""
    webhook = Webhook.objects.get(pk=pk, is_active=True)
    WebhookDelivery.objects.bulk_create(
        [WebhookDelivery(webhook=webhook, key=key[:120], body=news)], ignore_conflicts=True
    )


def news_of(case, clock, step):
    """What a webhook is told of a case: nothing that a customer wrote."""
    return {
        "event": "escalation", "case": case.number, "url": whole(address_of(case)), "metric": clock.metric,
        "due_at": clock.due_at.isoformat() if clock.due_at else None, "minutes": step["minutes"],
        "priority": case.priority, "state": case.category, "queue": str(case.queue) if case.queue_id else None,
    }  # fmt: skip


def deliver_due(now=None, limit=100):
    """Post what is due, each message by itself; returns how many arrived.

    A message is put off before it is posted, so that no other worker posts it at the same time and one whose worker
    died is tried again.
    """
    arrived = 0
    for _turn in range(limit):
        row = claim(now or timezone.now())
        if row is None:
            break
        arrived += deliver(row)
    return arrived


def claim(now):
    """The next message that is due, put off until its next try; None when there is none."""
    with transaction.atomic():
        rows = WebhookDelivery.objects.filter(due__lte=now).select_related("webhook").order_by("due")
        row = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if row:
            row.due = now + min(FIRST_WAIT * 4**row.tries, LONGEST_WAIT)
            row.tries += 1
            row.save(update_fields=["due", "tries"])
        return row


def deliver(row):
    """Post one message and keep what came of it; whether it arrived."""
    body, seconds = json.dumps(row.body, sort_keys=True).encode(), int(timezone.now().timestamp())
    signed = f"t={seconds},v1={signature(key_of(row.webhook), seconds, body)}"
    headers = {"Content-Type": "application/json", "User-Agent": "Kith", "Kith-Delivery": str(row.pk),
               "Kith-Signature": signed}  # fmt: skip
    status, error = None, ""
    try:
        status = post(row.webhook.url, body, headers) if row.webhook.is_active else GONE
    except (OSError, HTTPException, ValueError) as trouble:
        error = f"{type(trouble).__name__}: {trouble}"[:200]
    values = {"status": status, "error": error}
    if status in OK:
        values |= {"delivered_at": timezone.now(), "due": None}
    elif status == GONE or row.tries >= TRIES:
        values["due"] = None
    WebhookDelivery.objects.filter(pk=row.pk).update(**values)
    return status in OK
