"""R02, R03, R06: every address of the portal with every foreign or impossible id; files in and out."""

import json
import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_site.core.models import Attachment
from customers.models import Purpose
from sales.models import Quote
from support.models import Article, Case, MessageFile, PortalSession
from support.portal_urls import PORTAL_URLS
from tests.architecture.world import written
from tests.factories import MechanismFactory, QuoteFactory, SaleFactory
from tests.support.portal_world import TwoCompanies, browser, case_of, customer, file

pytestmark = pytest.mark.django_db
IMPOSSIBLE = (
    "0",
    "-1",
    "9" * 18,
    "9" * 19,
    "9" * 40,
    "1e3",
    "١",
    "1.5",
    "x",
    str(uuid.UUID(int=7)),
    "%00",
    "1/../2",
    " 1",
    "1 OR 1=1",
)
PARTS = [
    route for route in PORTAL_URLS if "<big:pk>" in str(route.pattern) and str(route.pattern).startswith("portal/")
]


@pytest.fixture
def world(cast, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.ACCOUNT_RATE_LIMITS = False
    made = TwoCompanies(cast)
    about = {"account": made.evil, "contact": made.eve.contact}
    sent = {"status": Quote.SENT, "token_hash": "f" * 64}
    made.foreign_ids = {
        "cases": [made.foreign.pk, *(case_of(made.eve, f"Foreign {n}").pk for n in range(3))],
        "ways": [MechanismFactory(contact=made.eve.contact, type="phone", value="030 5").pk],
        "security": [PortalSession.objects.create(access=made.eve, key_hash="e").pk],
        "colleagues": [made.eve.pk, made.ada.pk, customer("Ernie", made.evil).pk],
        "quotes": [QuoteFactory(**about, **sent).pk, QuoteFactory(contact=made.ada.contact).pk],
        "orders": [SaleFactory(**about).pk],
        "answers": [Article.objects.create(name="Ours", audience="internal", state="published").pk, Article.objects.create(name="Draft", audience="public").pk],
        "consents": [Purpose.objects.create(code="inside", name="Inside", text="Not theirs to decide.", in_portal=False).pk],
    }  # fmt: skip
    made.foreign_file = MessageFile.objects.get(message__case=made.foreign).attachment
    made.own_file = MessageFile.objects.get(message__case=made.case).attachment
    made.ada.may_invite, made.ada.reach = True, "subtree"
    made.ada.save()
    return made


def paths(route, world):
    """Every address of the route with a foreign, impossible or missing id."""
    pattern = str(route.pattern)
    ids = [*next(ids for word, ids in world.foreign_ids.items() if f"/{word}/" in pattern), 10**15, *IMPOSSIBLE]
    if "<big:file>" in pattern:
        files = [world.foreign_file.pk, world.own_file.pk, 10**15, *IMPOSSIBLE]
        own = [f"/portal/cases/{world.case.pk}/files/{pk}/" for pk in files if pk != world.own_file.pk]
        return own + [f"/portal/cases/{pk}/files/{name}/" for pk in ids for name in files[:3]]
    return ["/" + pattern.replace("<big:pk>", str(pk)) for pk in ids]


def body(answer):
    """The page without what differs from one request to the next: its id, and the token of the way out."""
    return re.sub(r'[0-9a-f-]{36}|(?<=csrfmiddlewaretoken" value=")\w{64}', "", answer.content.decode())


def test_r03_foreign_ids_in_paths(world):
    """R03, R02, U55: nothing but 404 with one and the same body, and no row of any table is touched."""
    client = browser(world.ada)
    missing, faults, asked = body(client.get("/portal/cases/999999999999999/")), [], 0
    before = written()
    for route in PARTS:
        for path in paths(route, world):
            for method in ("get", "post"):
                data = (
                    {"body": "x", "reason": "x", "score": 5, "answer": "accepted", "value": "1", "said": "yes"}
                    if method == "post"
                    else {}
                )
                answer, asked = getattr(client, method)(path, data), asked + 1
                right = {404, 405} | ({400} if "%00" in path else set())
                if answer.status_code not in right or (answer.status_code == 404 and body(answer) != missing):
                    faults.append(f"{method} {path}: {answer.status_code}")
    assert not faults, "\n".join(faults)
    assert written() == before
    assert asked > 500


def test_r03_control_the_own_ids_answer(world):
    """Negative control: with her own ids the same addresses answer otherwise."""
    client = browser(world.ada)
    assert client.get(f"/portal/cases/{world.case.pk}/").status_code == 200
    assert client.get(f"/portal/cases/{world.case.pk}/files/{world.own_file.pk}/").status_code == 200
    before = written()
    assert client.post(f"/portal/cases/{world.case.pk}/reply/", {"body": "x"}).status_code == 302
    assert written() != before


def test_r03_the_same_statements_as_for_a_missing_id(world):
    """R03: a foreign id costs what a missing one costs."""
    client = browser(world.ada)
    client.get("/portal/cases/1/")
    counts = set()
    for pk in (world.foreign.pk, 10**15):
        with CaptureQueriesContext(connection) as seen:
            client.get(f"/portal/cases/{pk}/")
        counts.add(len(seen))
    assert len(counts) == 1


def test_r03_ids_in_forms_and_queries(world):
    """R03: what forms name by id is the customer's own, or a fault of the form; no case is made with it."""
    client, installed = browser(world.ada), Case.objects.unscoped("look")
    for name in ("installed", "queue"):
        for value in (world.foreign.pk, 10**15, *IMPOSSIBLE[:-1]):
            before = installed.count()
            answer = client.post("/portal/cases/new/", {"subject": "S", "body": "B", name: value})
            assert answer.status_code in (200, 302)
            made = installed.latest("pk")
            assert installed.count() == before or (made.installed_id is None and made.account == world.acme)
    for extra in ("contact", "account", "customer", "owner", "is_hidden", "status", "priority", "parent"):
        client.post("/portal/cases/new/", {"subject": extra, "body": "B", extra: world.eve.contact_id})
        made = installed.get(subject=extra)
        assert (made.contact_id, made.account_id, made.priority, made.is_hidden) == (
            world.ada.contact_id,
            world.acme.pk,
            3,
            False,
        )
    for path in (
        "cases/?q=%s",
        "cases/?page=%s",
        "cases/?state=%s",
        "answers/?q=%s",
        "quotes/?page=%s",
        "cases/suggest/?subject=%s",
    ):
        for value in (world.foreign.pk, *IMPOSSIBLE[:-4], "Foreign", "Eve"):
            answer = client.get("/portal/" + path % value)
            assert answer.status_code == 200
            assert b"scanner" not in answer.content


def test_pt_1_email_addresses_are_no_plain_mechanism(world):
    """PT-1: an e-mail address cannot be added past the confirmation, by which mails of others would be found."""
    client = browser(world.ada)
    client.post("/portal/profile/ways/new/?type=email", {"type": "email", "value": "eve@customer.test"})
    assert not world.ada.contact.mechanisms.filter(type="email").exists()


NAMES = ("a.txt", "../../etc/passwd", "..\\..\\boot.ini", "a\0b.txt", "x" * 300 + ".txt", "evil.svg", "page.html", "poly.png",
         "shell.pHp", "\u202egnp.exe", "CON", " ", ".", "a\r\nSet-Cookie: x=1.txt", "quo\"te.txt", "日本.txt", "%2e%2e%2f.txt")  # fmt: skip
POLYGLOT = b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script></html>"


@pytest.mark.parametrize("name", NAMES)
def test_r06_uploads(world, name):
    """R06: whatever a file is called and holds, it is kept whole under a harmless name and only ever downloaded."""
    client = browser(world.ada)
    upload, before = file(name, POLYGLOT), Attachment.objects.count()
    assert client.post(f"/portal/cases/{world.case.pk}/reply/", {"body": "x", "files": [upload]}).status_code in (
        302,
        422,
    )
    made = Attachment.objects.latest("pk")
    if Attachment.objects.count() == before:
        return  # a name of nothing but dots is no file to a browser's form
    assert "/" not in made.name
    assert "\\" not in made.name
    assert "\0" not in made.name
    assert len(made.name) <= 200
    answer = client.get(f"/portal/cases/{world.case.pk}/files/{made.pk}/")
    assert b"".join(answer) == POLYGLOT
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Type"] == "application/octet-stream"


def test_r06_empty_too_many_too_large(world, monkeypatch):
    """R06: what is refused is said on the form, and nothing is kept of it."""
    client, path = browser(world.ada), f"/portal/cases/{world.case.pk}/reply/"
    monkeypatch.setattr("support.forms.portal.LARGEST", 10)
    count = Attachment.objects.count(), world.case.messages.count()
    for files in ([file("a.txt", b"")], [file(f"{n}.txt") for n in range(11)], [file("big.txt", b"x" * 11)]):
        assert client.post(path, {"body": "x", "files": files}).status_code == 422
    assert (Attachment.objects.count(), world.case.messages.count()) == count


def test_r06_every_file_as_every_actor(world):
    """R06: only who sees the case gets a byte of its files; a file of a note is nobody's in the portal."""
    colleague, path = customer("Abel", world.acme), f"/portal/cases/{world.case.pk}/files/{world.own_file.pk}/"
    boss = customer("Boss", world.acme, "account")
    staff = [type("A", (), {"user": user}) for user in world.cast if user.door == "staff"]
    got = {
        actor.user.first_name
        for actor in (world.ada, world.eve, colleague, boss, *staff)
        if browser(actor).get(path).status_code == 200
    }
    assert got == {"Ada", "Boss"}
    assert browser(None).get(path).status_code == 302
    assert browser(world.ada).get(f"/files/{world.own_file.pk}/").url.startswith("/auth/login/")
    MessageFile.objects.filter(attachment=world.own_file).update(message=world.case.messages.get(kind="note"))
    assert browser(world.ada).get(path).status_code == 404


def test_data_of_oneself_only(world):
    """U56: the download holds one's own data and nobody else's."""
    boss = customer("Boss", world.acme, "account")
    held = json.loads(browser(boss).get("/portal/profile/data/").content)
    assert held["person"]["first_name"] == "Boss"
    assert "Ada" not in json.dumps(held)
    held = json.dumps(json.loads(browser(world.ada).get("/portal/profile/data/").content))
    assert "Public answer" in held
    assert "SECRET-NOTE" not in held
