"""Webhooks: an escalation step posts a signed message to another system, once, and never into a private network."""

import hmac
import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ValidationError
from django.utils import timezone

from support import hooks
from support.models import Message, Webhook, WebhookDelivery
from support.sweep import sweep
from tests.conftest import signed_in
from tests.support.clockwork import case_at, level

pytestmark = pytest.mark.django_db
HOST = "pager.example.com"


def certificate(folder):
    """A key and a certificate of HOST that nobody but itself vouches for, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.OID_COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    plain = serialization.NoEncryption()
    words = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "host.pem"
    path.write_bytes(words + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


class Handler(BaseHTTPRequestHandler):
    """Keeps what is posted and answers as the server is told."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.found.append((dict(self.headers), body))
        self.send_response(self.server.answer)
        self.send_header("Location", "https://169.254.169.254/")
        self.end_headers()

    def log_message(self, *_words):
        """Says nothing."""


@pytest.fixture
def pager(tmp_path, monkeypatch):
    """A server of HOST on this machine that the code is let through to; `.found` are the messages."""
    path = certificate(tmp_path)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.found, server.answer = [], 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(hooks, "public_address", lambda host, port: "127.0.0.1")
    monkeypatch.setattr(ssl, "create_default_context", lambda: ssl._create_unverified_context(cafile=path))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hook(pager):
    return Webhook.objects.create(name="Pager", url=f"https://{HOST}:{pager.server_port}/in?desk=1")


def escalated(hook, **fields):
    """A case whose first response broke, and whose level calls the webhook then."""
    steps = [{"key": "s", "metric": "first", "minutes": 0, "business": False, "do": "webhook", "value": hook.pk}]
    level(hours={"first": 1}, office={}, steps=steps, warn_percent=100)
    case = case_at(timezone.now() - timedelta(hours=2), **fields)
    sweep()
    return case


def test_sl12_a_step_calls_a_webhook_once(cast, hook, pager):
    """SL-12: a signed message with what the step says and nothing that a customer wrote, in a sweep of its own."""
    case = escalated(hook, description="My password is hunter2")
    sweep()
    assert pager.found == []
    assert hooks.deliver_due() == 1
    assert hooks.deliver_due() == 0
    (headers, body), told = pager.found[0], json.loads(pager.found[0][1])
    assert (told["event"], told["case"], told["metric"]) == ("escalation", case.number, "first")
    assert told["url"].endswith(f"/cases/{case.pk}/")
    assert "hunter2" not in body.decode()
    assert "A case" not in body.decode()
    seconds, proof = (part.split("=")[1] for part in headers["Kith-Signature"].split(","))
    assert proof == hmac.new(hooks.key_of(hook).encode(), f"{seconds}.".encode() + body, "sha256").hexdigest()
    assert abs(int(seconds) - timezone.now().timestamp()) < 60
    row = WebhookDelivery.objects.get()
    assert (row.status, row.tries, row.due, row.error) == (200, 1, None, "")
    assert row.delivered_at


def test_a_webhook_that_is_away_is_tried_again_ever_more_seldom_and_given_up(cast, hook, pager):
    """SL-12, R28: a minute, four, sixteen …; eight tries; each failure is kept. A redirect is not followed."""
    escalated(hook)
    pager.answer, now, waits = 302, timezone.now(), []
    for _try in range(hooks.TRIES):
        assert hooks.deliver_due(now) == 0
        row = WebhookDelivery.objects.get()
        waits.append(row.due and round((row.due - now).total_seconds() / 60))
        now = row.due or now
    assert waits == [1, 4, 16, 64, 256, 360, 360, None]
    assert (row.status, row.delivered_at) == (302, None)
    assert len(pager.found) == hooks.TRIES
    assert hooks.deliver_due(now + timedelta(days=9)) == 0
    pager.answer = 200
    client = signed_in(cast.rita)
    client.post("/admin/support/webhookdelivery/", {"action": "try_again", "_selected_action": [row.pk]})
    assert hooks.deliver_due(now + timedelta(days=9)) == 1


def test_r28_a_worker_that_dies_while_posting_tries_again(cast, hook, pager, monkeypatch):
    """R28: the message was put off before it was posted, so nobody posts it meanwhile and it is not lost."""
    escalated(hook)
    monkeypatch.setattr(hooks, "deliver", lambda row: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        hooks.deliver_due()
    monkeypatch.undo()
    row = WebhookDelivery.objects.get()
    assert (row.tries, row.delivered_at) == (1, None)
    assert hooks.deliver_due() == 0
    assert hooks.claim(row.due) == row


PRIVATE = ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.9", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
           "::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::a00:1", "2002:a00:1::")  # fmt: skip


def test_a_private_network_is_never_called(cast, monkeypatch):
    """R18: neither by number nor by a name that leads there, whatever else the name leads to."""
    assert not [one for one in PRIVATE if hooks.is_public(ip_address(one))]
    assert hooks.is_public(ip_address("93.184.215.14"))
    assert hooks.is_public(ip_address("2606:2800:21f:cb07:6820:80da:af6b:8b2c"))
    for one in PRIVATE:
        with pytest.raises(ValidationError):
            hooks.check_address(f"https://[{one}]/" if ":" in one else f"https://{one}/")
    found = [(socket.AF_INET, 1, 6, "", (one, 443)) for one in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kw: found)
    with pytest.raises(hooks.NotPublic):
        hooks.public_address(HOST, 443)
    webhook = Webhook.objects.create(name="Inside", url=f"https://{HOST}/")
    hooks.call_later(webhook.pk, "a", {"x": 1})
    assert hooks.deliver_due() == 0
    assert WebhookDelivery.objects.get().error == f"NotPublic: {HOST}"


@pytest.mark.parametrize("url", ["http://a.example/", "https://", "https://" + "me:pw" + "@a.example/", "ftp://a.example/",
                                 "https://a.example:99999/", "javascript:alert(1)", "https://10.0.0.1/"])  # fmt: skip
def test_an_administrator_sets_a_public_https_address(cast, url):
    client = signed_in(cast.rita)
    wrong = client.post("/admin/support/webhook/add/", {"name": "x", "url": url, "is_active": "on"})
    assert wrong.context["adminform"].form.errors["url"]
    assert not Webhook.objects.exists()


def test_the_key_is_shown_to_administrators(cast):
    client, url = signed_in(cast.rita), "https://a.example/in"
    assert client.post("/admin/support/webhook/add/", {"name": "x", "url": url, "is_active": "on"}).status_code == 302
    webhook = Webhook.objects.get()
    assert hooks.key_of(webhook) in client.get(f"/admin/support/webhook/{webhook.pk}/change/").content.decode()
    assert client.get("/admin/support/webhookdelivery/").status_code == 200


def test_a_webhook_out_of_use_is_noted_in_the_story(cast, hook):
    """SL-12: a step that cannot be done holds up nothing."""
    Webhook.objects.update(is_active=False)
    case = escalated(hook)
    assert not WebhookDelivery.objects.exists()
    assert Message.objects.filter(case=case, kind="event", body__contains="could not be done").exists()
