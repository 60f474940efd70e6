"""R15: cookies and sessions: fourteen things that hold, and how the check of each would see it missing."""

import os
import subprocess
import sys
import time
from http.cookies import SimpleCookie

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.urls import reverse

from crm_site.core.models import User
from tests.cast import PASSWORD
from tests.conftest import ROOT, signed_in
from tests.security.test_headers import ENVIRONMENT

pytestmark = pytest.mark.django_db
HOUR = 3600
PLACE = "/me/"


def sign_in(email, client=None, **more):
    """A client that went through the form; the answer is kept as `answer`."""
    client = client or Client()
    client.answer = client.post("/auth/login/", {"login": email, "password": PASSWORD} | more)
    return client


def is_in(client):
    """Whether the client's session still opens a page."""
    return client.get(PLACE).status_code == 200


def session_cookie(client, settings):
    """The value of the session cookie."""
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def aged(client, **seconds):
    """Move moments of the session into the past."""
    session = client.session
    for name, ago in seconds.items():
        session[name] = int(time.time()) - ago
    session.save()


def production(names):
    """These settings as a production site has them."""
    code = f"from django.conf import settings; print([getattr(settings, n) for n in {names!r}])"
    env = os.environ | ENVIRONMENT | {"DJANGO_SETTINGS_MODULE": "crm_site.settings"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return dict(zip(names, eval(done.stdout), strict=True))


def test_r15_1_names_and_flags_in_production():
    """Cookies carry __Host-, Secure, HttpOnly and SameSite; no domain, the whole site's path."""
    names = ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "KNOWN_DEVICE_COOKIE", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
             "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE",
             "SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_PATH", "SESSION_ENGINE"]  # fmt: skip
    found = production(names)
    assert all(found[name].startswith("__Host-") for name in names[:3])
    assert all(found[name] is True for name in names[3:7])
    assert all(found[name] == "Lax" for name in names[7:9])
    assert found["SESSION_COOKIE_DOMAIN"] is found["CSRF_COOKIE_DOMAIN"] is None
    assert found["SESSION_COOKIE_PATH"] == found["CSRF_COOKIE_PATH"] == "/"
    assert "signed_cookies" not in found["SESSION_ENGINE"]


def test_r15_2_the_cookies_that_are_sent(cast):
    """Each cookie of signing in has the flags, on the wire."""
    with override_settings(SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True, SESSION_COOKIE_NAME="__Host-session",
                           CSRF_COOKIE_NAME="__Host-csrf", KNOWN_DEVICE_COOKIE="__Host-device"):  # fmt: skip
        client = Client()
        client.get("/auth/login/", secure=True)
        answer = client.post("/auth/login/", {"login": cast.alice.email, "password": PASSWORD}, secure=True)
        assert answer.status_code == 302
        assert {"__Host-session", "__Host-csrf", "__Host-device"} <= set(client.cookies)
        for cookie in client.cookies.values():
            assert cookie["secure"], cookie.key
            assert cookie["httponly"], cookie.key
            assert cookie["samesite"] == "Lax", cookie.key
            assert cookie["path"] == "/", cookie.key
            assert not cookie["domain"], cookie.key


def test_r15_3_a_session_from_before_is_not_taken_over(cast, settings):
    """Whoever planted a session id before the sign-in holds an empty one afterwards."""
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session.session_key})
    planted = session.session_key
    sign_in(cast.alice.email, client)
    assert session_cookie(client, settings) != planted
    assert not Session.objects.filter(pk=planted).exists()
    thief = Client()
    thief.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: planted})
    assert not is_in(thief)
    assert is_in(client)


def test_r15_4_the_csrf_token_is_a_new_one_after_signing_in(cast, settings):
    """A token from before the sign-in is worth nothing afterwards."""
    client = Client(enforce_csrf_checks=True)
    client.get("/auth/login/")
    before = client.cookies[settings.CSRF_COOKIE_NAME].value
    sign_in(cast.alice.email, client, csrfmiddlewaretoken=before)
    assert client.answer.status_code == 302
    client.get(PLACE)
    assert client.cookies[settings.CSRF_COOKIE_NAME].value != before
    assert client.post("/me/theme/", {"theme": "dark", "csrfmiddlewaretoken": before}).status_code == 403


def test_r15_5_signing_out_needs_a_post(cast):
    """A link or an image does not sign anybody out."""
    client = sign_in(cast.alice.email)
    assert client.get("/auth/logout/").status_code == 200
    assert is_in(client)
    client.post("/auth/logout/")
    assert not is_in(client)


def test_r15_6_signing_out_ends_the_session_on_the_server(cast, settings):
    """The old cookie put back opens nothing."""
    client = sign_in(cast.alice.email)
    old = session_cookie(client, settings)
    client.post("/auth/logout/")
    assert not Session.objects.filter(pk=old).exists()
    thief = Client()
    thief.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: old})
    assert not is_in(thief)


def test_r15_7_a_new_password_ends_all_sessions(cast):
    """Changed by the user: the other devices are out, and this one signs in anew."""
    here, there = sign_in(cast.alice.email), sign_in(cast.alice.email)
    new = "another-long-password-2"
    answer = here.post("/auth/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert answer.status_code == 302
    assert User.objects.get(pk=cast.alice.pk).check_password(new)
    assert not is_in(there)
    assert not is_in(here)


def test_r15_8_a_password_set_by_the_administrator_ends_all_sessions(cast):
    """Set by hand, as from the shell or the administration."""
    client = sign_in(cast.alice.email)
    cast.alice.set_password("set-by-somebody-else-1")
    cast.alice.save()
    assert not is_in(client)


def test_r15_9_who_is_made_inactive_is_out_at_once_and_stays_out(cast):
    """Through the administration; made active again later, the old session is still dead."""
    client, rita = sign_in(cast.alice.email), signed_in(cast.rita)
    set_active(rita, cast.alice, active=False)
    assert not is_in(client)
    set_active(rita, cast.alice, active=True)
    assert not is_in(client)
    assert is_in(sign_in(cast.alice.email))


def set_active(administrator, user, *, active):
    """Change the box on the user's form."""
    values = {
        "email": user.email, "first_name": user.first_name, "last_name": user.last_name, "door": user.door, "theme": "auto",
        "team": user.team_id, "groups": [group.pk for group in user.groups.all()], "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0", "shortcuts": "on",
    }  # fmt: skip
    answer = administrator.post(f"/admin/core/user/{user.pk}/change/", values | ({"is_active": "on"} if active else {}))
    assert answer.status_code == 302, answer.context["errors"]
    assert User.objects.get(pk=user.pk).is_active is active


def test_r15_10_sign_out_everywhere(cast):
    """The administrator's action ends every session of the chosen user and of nobody else."""
    phone, desk, other = sign_in(cast.alice.email), sign_in(cast.alice.email), sign_in(cast.bob.email)
    values = {"action": "sign_out_everywhere", "_selected_action": [cast.alice.pk]}
    answer = signed_in(cast.rita).post(reverse("admin:core_user_changelist"), values)
    assert answer.status_code == 302
    assert not is_in(phone)
    assert not is_in(desk)
    assert is_in(other)
    assert is_in(sign_in(cast.alice.email))


@pytest.mark.parametrize(("ago", "open_"), [(11 * HOUR, True), (13 * HOUR, False)])
def test_r15_11_an_idle_session_ends(cast, ago, open_):
    """After twelve hours without a request, not after eleven."""
    client = sign_in(cast.alice.email)
    assert is_in(client)
    aged(client, seen=ago, started=ago)
    assert is_in(client) is open_


@pytest.mark.parametrize(("days", "open_"), [(13, True), (15, False)])
def test_r15_12_a_session_in_use_ends_too(cast, days, open_):
    """After two weeks, however busy it was."""
    client = sign_in(cast.alice.email)
    assert is_in(client)
    aged(client, seen=60, started=days * 24 * HOUR)
    assert is_in(client) is open_


def test_r15_13_use_keeps_a_session_alive_without_writing_each_time(cast, django_assert_max_num_queries):
    """The last request is noted every ten minutes: a page does not cost a write."""
    client = sign_in(cast.alice.email)
    assert is_in(client)
    aged(client, seen=HOUR)
    assert is_in(client)
    assert time.time() - client.session["seen"] < 60
    noted = client.session["seen"]
    assert is_in(client)
    assert client.session["seen"] == noted


def test_r15_14_nothing_private_stands_in_a_cookie_or_an_address(cast):
    """The session cookie is only a number's name; no address carries it."""
    client = sign_in(cast.alice.email)
    for cookie in client.cookies.values():
        assert cast.alice.email not in cookie.value
    page = client.get("/").content.decode()
    assert client.session.session_key not in page
    assert client.session.session_key not in client.answer["Location"]


def test_r15_control_without_the_generation_sessions_live_on(cast, monkeypatch):
    """With a hash that knows no generation, "sign out everywhere" would do nothing, and test 10 would fail."""
    monkeypatch.setattr(User, "get_session_auth_hash", lambda self: "always the same")
    client = sign_in(cast.alice.email)
    signed_in(cast.rita).post(
        reverse("admin:core_user_changelist"), {"action": "sign_out_everywhere", "_selected_action": [cast.alice.pk]}
    )
    cast.alice.set_password("set-by-somebody-else-1")
    cast.alice.save()
    assert is_in(client)


def test_r15_control_without_the_limits_sessions_live_on(cast, settings):
    """Without the middleware a session of a month ago opens pages, and tests 11 and 12 would fail."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("session_limits")]
    client = sign_in(cast.alice.email)
    aged(client, seen=30 * 24 * HOUR, started=30 * 24 * HOUR)
    assert is_in(client)
