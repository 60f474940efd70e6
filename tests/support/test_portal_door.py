"""PT-3, PT-4, R18: invitations, mailed links, passwords, sessions, colleagues."""

import logging
import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from crm_site.core.middleware import portal_name
from crm_site.core.models import User
from crm_site.core.operations import Refused
from support.links import text_of
from support.mail.sending import mail_due
from support.models import Case, OutgoingMail, PortalAccess, PortalSession, PortalToken
from support.operations.portal import ask_link, invite_colleague, invite_contact, revoke_access, use_link
from tests.architecture.world import written
from tests.factories import AccountFactory, ContactFactory
from tests.support.portal_world import PASSWORD, TwoCompanies, browser, case_of, customer

pytestmark = pytest.mark.django_db
HOSTS = (
    "evil.test", "evil.test:80", "testserver.evil.test", "evil.test#testserver", "testserver@evil.test", "[::1]",
    "127.0.0.1", "evil.test\\testserver", "http://evil.test", "TESTSERVER.evil.test", "evil.test/", "", "a" * 300,
    "testserver:evil", "évil.test", "evil.test,testserver", "localhost", "*.test", "evil%2etest", ".evil.test",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh(db):
    cache.clear()


@pytest.fixture
def world(cast):
    return TwoCompanies(cast)


def link():
    """The path of the newest mailed link."""
    text = text_of(OutgoingMail.objects.filter(kind=OutgoingMail.LINK).latest("pk"))
    return re.search(r"http\S+?(/portal/\S+)", text)[1]


def test_pt_3_invited_and_in(cast):
    """PT-3: staff invite from the contact's page; the mailed link, used by its button, lets in; then it is used up."""
    contact = ContactFactory(first_name="Ina", email="ina@customer.test", account=AccountFactory())
    staff = browser(type("A", (), {"user": cast.rita}))
    answer = staff.post(f"/contacts/{contact.pk}/portal/invite/", {"reach": "account", "may_invite": "on"})
    assert answer.status_code == 302
    access = PortalAccess.objects.get(contact=contact)
    assert (access.reach, access.may_invite, access.accepted_at, access.user.door) == ("account", True, None, "portal")
    assert not access.user.has_usable_password()
    client, path = Client(), link()
    for _look in range(3):
        assert "Sign in now" in client.get(path).content.decode()
    assert client.get("/portal/").status_code == 302
    answer = client.post(path, follow=True)
    assert answer.redirect_chain[-1][0] == "/portal/"
    assert "Hello Ina" in answer.content.decode()
    assert Client().post(path).status_code == 404
    assert Client().get(path).status_code == 404
    panel = staff.get(f"/contacts/{contact.pk}/portal/").content.decode()
    assert "Came on" in panel


def test_pt_3_only_who_may(cast):
    """PT-3: no invitation without changing the contact and cases, without an address, or to another's address."""
    contact = ContactFactory(owner=cast.charlie, email="x@customer.test")
    for user in (cast.audrey, cast.mia, cast.alice, cast.charlie):
        if user.reach(Case, "change") == "none":
            with pytest.raises(PermissionDenied):
                invite_contact(contact, by=user)
            assert (
                browser(type("A", (), {"user": user})).post(f"/contacts/{contact.pk}/portal/invite/").status_code == 404
            )
    for email in ("", cast.alice.email.upper()):
        with pytest.raises(Refused):
            invite_contact(ContactFactory(email=email), by=cast.rita)
    with pytest.raises(Refused):
        invite_contact(contact, by=cast.rita, reach="account")
    of_acme = ContactFactory(email="y@customer.test", account=AccountFactory())
    with pytest.raises(Refused) as refusal:
        invite_contact(of_acme, by=cast.rita, may_invite=True)
    assert refusal.value.field == "reach"
    assert not PortalAccess.objects.exists()


def test_pt_3_nobody_learns_who_exists(world):
    """PT-3: known, unknown, staff's and turned out addresses give the same page, for links and for passwords."""
    revoke_access(world.eve, by=world.cast.rita)
    OutgoingMail.objects.all().delete()
    addresses = [world.ada.user.email, "nobody@customer.test", world.cast.alice.email, world.eve.user.email]

    def plain(answer, email):
        return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode()).replace(email, "X")

    pages = {plain(Client().post("/portal/link/", {"email": email}), email) for email in addresses}
    assert len(pages) == 1
    assert list(OutgoingMail.objects.values_list("to", flat=True)) == [world.ada.user.email]
    pages = {
        plain(Client().post("/portal/sign-in/", {"login": email, "password": word}), email)
        for email in addresses
        for word in ("wrong-wrong-wrong", PASSWORD if email != world.ada.user.email else "also-wrong-1")
    }
    assert len(pages) == 1


def test_pt_3_password(world):
    """PT-3: a password opens the portal; staff's own does not open it there; a foreign `next` is not followed."""
    client = Client()
    fields = {"login": world.ada.user.email, "password": PASSWORD}
    assert client.post("/portal/sign-in/", fields | {"next": "//evil.test/portal/"}).url == "/portal/"
    assert client.get("/portal/").status_code == 200
    staff = Client()
    assert staff.post("/portal/sign-in/", {"login": world.cast.alice.email, "password": PASSWORD}).status_code == 200
    assert staff.get("/portal/").status_code == 302


def test_pt_5_each_door_lets_its_own_in(world):
    """PT-5: at the staff's door a customer's right password is a wrong one, and counts as one."""
    fields = {"login": world.ada.user.email, "password": PASSWORD}
    pages = [Client().post("/auth/login/", fields | {"password": word}) for word in (PASSWORD, "wrong-wrong-1")]
    assert [page.status_code for page in pages] == [200, 200]
    assert len({re.findall(r"<li>.*?</li>", page.content.decode())[0] for page in pages}) == 1
    for _try in range(3):
        assert b"Too many" not in Client().post("/auth/login/", fields).content
    assert b"Too many" in Client().post("/auth/login/", fields).content


def test_pt_5_two_sessions_in_one_browser(world, settings):
    """PT-5: cookies of the portal's own, below /portal/ only, as safe as those of staff; each ends by itself."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    client, staff = Client(enforce_csrf_checks=True, headers={"referer": "https://testserver/"}), world.cast.alice
    own = {portal_name(name) for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)}

    def send(path, **fields):
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)', client.get(path, secure=True).content.decode())[1]
        return client.post(path, fields | {"csrfmiddlewaretoken": token}, secure=True)

    assert send("/portal/sign-in/", login=world.ada.user.email, password=PASSWORD).status_code == 302
    cookies = {name: cookie for name, cookie in client.cookies.items() if cookie.value}
    assert own <= set(cookies)
    assert all((cookie["path"], cookie["samesite"]) == ("/portal/", "Lax") for cookie in cookies.values())
    assert all(cookie["secure"] and cookie["httponly"] for cookie in cookies.values())
    assert client.get("/accounts/", secure=True).url.startswith("/auth/login/")
    before = {name: client.cookies[name].value for name in own}
    assert send("/auth/login/", login=staff.email, password=PASSWORD).status_code == 302
    assert client.get("/accounts/", secure=True).wsgi_request.user == staff
    assert client.get("/portal/", secure=True).wsgi_request.user == world.ada.user
    assert {name: client.cookies[name].value for name in own} == before
    assert send("/auth/logout/").status_code == 302
    assert client.get("/accounts/", secure=True).status_code == 302
    assert client.get("/portal/", secure=True).status_code == 200
    assert send("/auth/login/", login=staff.email, password=PASSWORD).status_code == 302
    assert send("/portal/profile/", job_title="Boss").status_code == 302
    assert b"Saved." not in client.get("/me/", secure=True).content
    token = client.cookies[portal_name(settings.CSRF_COOKIE_NAME)].value
    client.post("/portal/sign-out/", {"csrfmiddlewaretoken": token}, secure=True)
    assert client.get("/portal/", secure=True).url.startswith("/portal/sign-in/")
    assert client.get("/accounts/", secure=True).wsgi_request.user == staff


@pytest.mark.parametrize("path", ["password/change/", "password/set/", "2fa/", "2fa/totp/activate/", "reauthenticate/"])
def test_pt_5_what_one_signs_in_with_has_addresses_of_the_portal(world, path):
    """PT-5: passwords and second factors of customers are set below /portal/, and lead nowhere else."""
    client = browser(world.ada)
    answer = client.get(f"/portal/auth/{path}")
    assert answer.status_code in (200, 302)
    while answer.status_code == 302:
        assert answer.url.startswith("/portal/")
        answer = client.get(answer.url)
    page = answer.content.decode()
    assert "portal-nav" in page
    assert 'href="/auth/' not in page
    assert 'action="/auth/' not in page
    assert Client().get(f"/portal/auth/{path}").url.startswith("/portal/sign-in/")


def test_pt_1_no_way_around_the_two_confirmations(world):
    """PT-1: the sign-in library's own page for addresses is not there for customers."""
    assert browser(world.ada).post("/portal/auth/email/", {"action_add": "", "email": "x@y.test"}).status_code == 404


def test_pt_3_second_step(world):
    """PT-3: who set a second step up proves it after a mailed link, too."""
    from allauth.mfa.totp.internal.auth import TOTP

    TOTP.activate(world.ada.user, "JBSWY3DPEHPK3PXP")
    ask_link(world.ada.user.email, by=None)
    client = Client()
    assert client.post(link()).url.startswith("/portal/auth/2fa/authenticate/")
    assert client.get("/portal/").url.startswith("/portal/sign-in/")
    page = browser(world.ada).get("/portal/auth/2fa/").content.decode()
    assert "portal-nav" in page
    assert "side-bar" not in page


def test_pt_3_rate_limits(world):
    """PT-3, R18: at most one mail an hour to an address, sixty tries an hour from one place."""
    statuses = [Client().post("/portal/link/", {"email": f"a{n}@x.test"}).status_code for n in range(70)]
    assert statuses.count(200) == 60
    cache.clear()
    for n in range(4):
        Client().post("/portal/link/", {"email": world.ada.user.email}, REMOTE_ADDR=f"10.0.0.{n + 1}")
    assert OutgoingMail.objects.filter(kind="link").count() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        Client().post("/portal/link/", {"email": world.ada.user.email})
        assert OutgoingMail.objects.filter(kind="link").count() == 2


def test_r18_links_live_an_hour_and_once(world):
    """R18: over an hour old, used, or of somebody turned out: no link opens anything. Two at once let one in."""
    ask_link(world.ada.user.email, by=None)
    path = link()
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert Client().post(path).status_code == 404
    secret = path.strip("/").split("/")[-1]
    assert [use_link(secret, by=None), use_link(secret, by=None)] == [world.ada.user, None]
    ask_link(world.eve.user.email, by=None)
    path = link()
    revoke_access(world.eve, by=world.cast.rita)
    assert Client().post(path).status_code == 404


def test_r18_the_secret_is_nowhere(world, caplog):
    """R18: neither the tables nor the log nor a Referer hold the secret."""
    with caplog.at_level(logging.INFO), caplog.at_level(logging.INFO, logger="django"):
        ask_link(world.ada.user.email, by=None)
        path = link()
        secret = path.strip("/").split("/")[-1]
        answer = Client().get(path)
        Client().get(f"/portal/nothing/{secret}/")
    assert answer["Referrer-Policy"] == "same-origin"
    assert secret not in str(list(PortalToken.objects.values())) + str(list(OutgoingMail.objects.values()))
    lines = [
        logging.getLogger().handlers[0].format(record) for record in caplog.records if logging.getLogger().handlers
    ]
    assert not any(secret in line for line in lines if line.startswith("{"))


def test_r18_the_outbox_puts_the_address_in(world):
    """R18: what is really mailed holds the working link, and the outbox's row still does not."""
    ask_link(world.ada.user.email, by=None)
    OutgoingMail.objects.exclude(kind=OutgoingMail.LINK).delete()
    assert mail_due() == 1
    assert Client().get(re.search(r"http\S+?(/portal/\S+)", mail.outbox[0].body)[1]).status_code == 200
    assert "{link}" in OutgoingMail.objects.get().body


@pytest.mark.parametrize("host", HOSTS)
def test_r18_links_name_the_canonical_host(world, settings, host):
    """R18: whatever host a request claims, the mail leads to the site's own."""
    settings.BASE_URL = "https://crm.example.test"
    client = Client(raise_request_exception=False)
    headers = {"HTTP_HOST": host.encode().decode("latin-1"), "HTTP_X_FORWARDED_HOST": host.encode().decode("latin-1")}
    client.post("/portal/link/", {"email": world.ada.user.email}, **headers)
    for row in OutgoingMail.objects.filter(kind="link"):
        assert re.findall(r"https?://[^/\s]+", text_of(row)) == ["https://crm.example.test"]


def test_r18_control_the_own_host_gets_a_mail(world):
    """Negative control: the hosts above are not merely refused; the right one makes a mail."""
    Client().post("/portal/link/", {"email": world.ada.user.email})
    assert OutgoingMail.objects.filter(kind="link").count() == 1


def test_pt_3_devices_are_called_as_people_call_them():
    """PT-3: not by the line that a browser writes of itself."""
    mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    told = {f"{mac} Version/17.1 Safari/605.1.15": "Safari on Mac", f"{mac} Chrome/130.0 Safari/537.36 Edg/130.0":
            "Edge on Mac", "Laptop": "Laptop"}  # fmt: skip
    assert {agent: PortalSession(agent=agent).device for agent in told} == told


def test_pt_3_sessions(world):
    """PT-3: the devices are listed; one is signed out from another; nobody else's can be."""
    one, two = Client(headers={"user-agent": "Laptop"}), Client(headers={"user-agent": "Phone"})
    for client in (one, two):
        client.post("/portal/sign-in/", {"login": world.ada.user.email, "password": PASSWORD})
    page = one.get("/portal/security/").content.decode()
    assert "Phone" in page
    assert page.count("this device") == 1
    phone = PortalSession.objects.get(agent="Phone")
    assert browser(world.eve).post(f"/portal/security/{phone.pk}/end/").status_code == 404
    assert one.post(f"/portal/security/{phone.pk}/end/").status_code == 302
    assert two.get("/portal/").url.startswith("/portal/sign-in/")
    assert one.get("/portal/").status_code == 200


def test_pt_4_colleagues(world):
    """PT-4: who looks after colleagues sees the account's cases, adds and removes its people, and nobody else's."""
    boss = customer("Boss", world.acme, PortalAccess.ACCOUNT, may_invite=True)
    client = browser(boss)
    assert client.get(f"/portal/cases/{world.case.pk}/").status_code == 200
    fields = {"first_name": "New", "last_name": "Comer", "email": "New@Customer.test"}
    assert client.post("/portal/colleagues/", fields).status_code == 302
    made = PortalAccess.objects.get(user__email="new@customer.test")
    assert (made.contact.account, made.reach, made.may_invite) == (world.acme, "own", False)
    for email in (world.eve.user.email, world.cast.alice.email, "new@customer.test"):
        assert client.post("/portal/colleagues/", fields | {"email": email}).status_code == 200
    assert PortalAccess.objects.count() == 4
    assert client.post(f"/portal/colleagues/{world.eve.pk}/remove/").status_code == 404
    assert client.post(f"/portal/colleagues/{boss.pk}/remove/").status_code == 404
    assert client.post(f"/portal/colleagues/{made.pk}/remove/").status_code == 302
    assert not User.objects.get(pk=made.user_id).is_active
    for path in ("/portal/colleagues/", f"/portal/colleagues/{world.eve.pk}/remove/"):
        ada, before = browser(world.ada), written()
        assert ada.post(path, fields | {"email": "z@x.test"}).status_code == 404
        assert written() == before
    with pytest.raises(PermissionDenied):
        invite_colleague(world.ada, fields, by=world.ada.user)


def test_pt_4_a_manager_without_an_account(world):
    """PT-4: whoever belongs to no account has no colleagues, though others belong to none, too."""
    alone, other = customer("Alone", may_invite=True), customer("Other")
    assert browser(alone).post(f"/portal/colleagues/{other.pk}/remove/").status_code == 404
    case_of(other)
    assert "Other" not in browser(alone).get("/portal/colleagues/").content.decode()


def test_pt_3_a_forgotten_password_stays_within_the_portal(world, settings):
    """PT-3, R18: one answer for all, the own host, one use within an hour, other devices out, and no way in by itself."""
    settings.ALLOWED_HOSTS = ["*"]
    ada = world.ada.user
    here, client = browser(world.ada), Client(headers={"host": "evil.test"})
    pages = [
        client.post("/portal/password/", {"email": email}) for email in (ada.email, "nobody@x.test", "rita@kith.test")
    ]
    assert len({re.sub(r'nonce="[^"]*"|value="[^"]*"', "", page.content.decode()) for page in pages}) == 1
    assert "evil" not in text_of(OutgoingMail.objects.get(kind="link"))
    path, chosen = link(), dict.fromkeys(("new_password1", "new_password2"), "wide-blue-harbour-9")
    assert path.startswith("/portal/password/")
    assert client.post(path.replace("/password/", "/link/")).status_code == 404
    assert client.post(path, chosen | {"new_password2": "other"}).status_code == 200
    assert client.post(path, chosen).url == "/portal/sign-in/"
    assert client.post(path, chosen).status_code == 404
    assert here.get("/portal/cases/").status_code == 302
    assert User.objects.get(pk=ada.pk).check_password("wide-blue-harbour-9")
    client.post("/portal/password/", {"email": ada.email})
    late = PortalToken.objects.filter(used_at=None, purpose="reset")
    path = link()
    late.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(path, chosen).status_code == 404
    assert [client.post("/portal/password/", {"email": ada.email}).status_code for _n in range(5)][-1] == 429


def test_pt_5_the_staff_door_gives_no_customer_a_new_password(world):
    """PT-5: each door its own people; who is asked for gets the answer that everybody gets, and no way in."""
    ask = Client().post("/auth/password/reset/", {"email": world.ada.user.email})
    stranger = Client().post("/auth/password/reset/", {"email": "nobody@x.test"})
    assert (ask.status_code, ask.url) == (stranger.status_code, stranger.url)
    assert len(mail.outbox) == 2
    assert not any("/reset/key/" in sent.body for sent in mail.outbox)
    assert Client().post("/auth/password/reset/", {"email": world.cast.alice.email}).url == ask.url
    assert "/reset/key/" in mail.outbox[-1].body
