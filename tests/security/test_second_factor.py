"""R17: codes of an authenticator and recovery codes: who needs them, and thirty ways around that lead nowhere."""

import re
import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import Group
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver

from crm_site.core.models import RoleScope, User
from tests.cast import PASSWORD
from tests.conftest import signed_in
from tests.security.test_sessions import sign_in

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODE_PAGE = "/auth/2fa/authenticate/"


@pytest.fixture(autouse=True)
def _no_tries_yet(db):
    cache.clear()


@pytest.fixture
def rita(cast):
    """The administrator, with an authenticator whose secret the tests know and with recovery codes."""
    Authenticator.objects.filter(user=cast.rita).delete()
    TOTP.activate(cast.rita, SECRET)
    RecoveryCodes.activate(cast.rita)
    return cast.rita


def code(ago=0):
    """The code of the moment, or of `ago` periods before."""
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 - ago))


def recovery_codes(user):
    """The recovery codes that are left."""
    return Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()


def half_in(user):
    """A client that gave the right password and no code yet."""
    client = sign_in(user.email)
    assert client.answer["Location"].startswith(CODE_PAGE)
    return client


def opens(client, path="/admin/"):
    """Whether the page is shown."""
    return client.get(path).status_code == 200


def test_r17_password_and_code_open_the_administration(rita):
    """The way that is meant; and the same with a recovery code."""
    client = half_in(rita)
    assert client.post(CODE_PAGE, {"code": code()}).status_code == 302
    assert opens(client)
    client = half_in(rita)
    assert client.post(CODE_PAGE, {"code": recovery_codes(rita)[0]}).status_code == 302
    assert opens(client)


def test_r17_a_code_works_once(rita):
    """The same code again, from the same browser or another, is refused; so is a used recovery code."""
    with time_machine.travel(time.time(), tick=False):
        used, recovery = code(), recovery_codes(rita)[0]
        assert half_in(rita).post(CODE_PAGE, {"code": used}).status_code == 302
        again = half_in(rita)
        assert again.post(CODE_PAGE, {"code": used}).status_code == 200
        assert not opens(again)
        assert half_in(rita).post(CODE_PAGE, {"code": recovery}).status_code == 302
        assert half_in(rita).post(CODE_PAGE, {"code": recovery}).status_code == 200
        assert recovery not in recovery_codes(rita)


def test_r17_control_without_the_mark_a_code_works_twice(rita, monkeypatch):
    """With nothing remembered the second use would pass, and the check above would fail."""
    monkeypatch.setattr(TOTP, "_mark_code_used", lambda self, given: True)
    with time_machine.travel(time.time(), tick=False):
        assert half_in(rita).post(CODE_PAGE, {"code": code()}).status_code == 302
        assert half_in(rita).post(CODE_PAGE, {"code": code()}).status_code == 302


def test_r17_five_tries_at_the_code(rita):
    """Counted by user, whatever the browser and place; then even the right code waits, and later works."""
    with time_machine.travel(time.time(), tick=False) as clock:
        for n in range(12):
            client = half_in(rita)
            page = client.post(CODE_PAGE, {"code": "000000"}, REMOTE_ADDR=f"10.7.0.{n}").content.decode()
            assert ("Too many" in page) is (n >= 5), n
        assert client.post(CODE_PAGE, {"code": code()}).status_code == 200
        assert not opens(client)
        clock.shift(15 * 60 + 1)
        assert half_in(rita).post(CODE_PAGE, {"code": code()}).status_code == 302


# What somebody who knows the password tries before, or instead of, giving a code.
SKIPS = (
    "/", "/accounts/", "/accounts/new/", "/contacts/", "/customers/", "/activities/", "/search/?q=a", "/notifications/", "/jobs/", "/imports/",
    "/me/", "/access/", "/start/company/", "/admin/", "/admin/core/user/", "/admin/core/user/add/", "/admin/password_change/",
    "/admin/login/?next=/accounts/", "/auth/login/?next=/accounts/", "/auth/password/change/", "/auth/password/set/", "/auth/email/", "/auth/reauthenticate/",
    "/auth/2fa/", "/auth/2fa/totp/activate/", "/auth/2fa/totp/deactivate/", "/auth/2fa/recovery-codes/", "/auth/2fa/recovery-codes/generate/",
    "/auth/2fa/recovery-codes/download/", "/auth/2fa/reauthenticate/", "/auth/2fa/webauthn/", "/auth/2fa/trust/", "/auth/login/code/",
    "/auth/login/code/confirm/", "/auth/inactive/", "/auth/confirm-email/", "/accounts/export/", "/users/options/", "//admin/", "/admin/../accounts/",
)  # fmt: skip


@pytest.mark.parametrize("path", SKIPS)
def test_r17_the_step_cannot_be_skipped(rita, path):
    """With the password given and the code open, no address of the site shows anything of it."""
    client = half_in(rita)
    for answer in (
        client.get(path),
        client.post(path, {"name": "x", "password": PASSWORD}),
        client.get(path, headers={"HX-Request": "true"}),
    ):
        assert answer.status_code in (302, 301, 403, 404, 405) or not answer.wsgi_request.user.is_authenticated
        assert b"Rita" not in answer.content
        assert "_auth_user_id" not in client.session
    assert not opens(client, "/accounts/")


# Codes that are none.
WRONG = (
    "",
    " ",
    "0",
    "000000",
    "-1",
    "null",
    "true",
    "[]",
    "1e5",
    "٠٠٠٠٠٠",
    "0" * 200,
    "' OR '1'='1",
    "{}",
    "\u200b",
    SECRET,
    PASSWORD,
)


@pytest.mark.parametrize("given", WRONG)
def test_r17_a_wrong_code_is_wrong(rita, given):
    """Empty, of another script, too long, the secret itself, the password: none opens anything."""
    client = half_in(rita)
    client.post(CODE_PAGE, {"code": given})
    assert not opens(client)
    assert "_auth_user_id" not in client.session


def another_users_code(rita, cast):
    """A right code, of somebody else's authenticator."""
    TOTP.activate(cast.alice, "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU")
    other = format_hotp_value(hotp_value("KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU", int(time.time()) // 30))
    client = half_in(rita)
    client.post(CODE_PAGE, {"code": other})
    return client


def an_old_code(rita, cast):
    """The code of five minutes ago."""
    client = half_in(rita)
    client.post(CODE_PAGE, {"code": code(ago=10)})
    return client


def a_code_without_the_password(rita, cast):
    """The second step without the first."""
    client = Client()
    client.post(CODE_PAGE, {"code": code()})
    return client


def a_code_after_another_sign_in(rita, cast):
    """Begin as the administrator, go on as somebody without a second factor, then give a code that is none."""
    client = half_in(rita)
    sign_in(cast.alice.email, client)
    client.post(CODE_PAGE, {"code": "000000"})
    assert client.session.get("_auth_user_id") != str(rita.pk)
    return client


def after_the_step_ran_out(rita, cast):
    """The password is not remembered for ever."""
    with time_machine.travel(time.time(), tick=False) as clock:
        client = half_in(rita)
        clock.shift(60 * 60)
        client.post(CODE_PAGE, {"code": code()})
    return client


def by_a_new_password(rita, cast):
    """A mail for a lost password ends at the sign-in page, not inside."""
    client = Client()
    client.post("/auth/password/reset/", {"email": rita.email})
    link = re.search(r"https?://[^/]+(/auth/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    form = client.get(link, follow=True).redirect_chain[-1][0]
    new = "a-new-password-by-mail-1"
    assert client.post(form, {"password1": new, "password2": new}).status_code == 302
    assert User.objects.get(pk=rita.pk).check_password(new)
    assert client.get("/accounts/").status_code == 302
    client.post("/auth/login/", {"login": rita.email, "password": new})
    return client


def in_a_session_from_before(rita, cast):
    """A thief's session that began with the password, before the factor was set up."""
    Authenticator.objects.filter(user=rita).delete()
    client = sign_in(rita.email)
    TOTP.activate(rita, SECRET)
    return client


def taking_it_off_in_a_session_from_before(rita, cast):
    """The same thief, who knows the password, takes the factor off first."""
    client = in_a_session_from_before(rita, cast)
    client.post("/auth/reauthenticate/?next=/auth/2fa/totp/deactivate/", {"password": PASSWORD})
    client.post("/auth/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(user=rita, type=Authenticator.Type.TOTP).exists()
    return client


def taking_it_off_right_after_the_password_was_asked(rita, cast):
    """The password was asked again minutes before the owner set the factor up."""
    Authenticator.objects.filter(user=rita).delete()
    client = sign_in(rita.email)
    client.post("/auth/reauthenticate/?next=/auth/2fa/", {"password": PASSWORD})
    TOTP.activate(rita, SECRET)
    client.post("/auth/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(user=rita, type=Authenticator.Type.TOTP).exists()
    return client


def reading_recovery_codes_with_the_password(rita, cast):
    """Recovery codes are shown to nobody who only knows the password."""
    client = in_a_session_from_before(rita, cast)
    RecoveryCodes.activate(rita)
    client.post("/auth/reauthenticate/?next=/auth/2fa/recovery-codes/", {"password": PASSWORD})
    for path in ("/auth/2fa/recovery-codes/", "/auth/2fa/recovery-codes/download/"):
        assert not any(left.encode() in client.get(path).content for left in recovery_codes(rita))
    return client


def adding_an_address(rita, cast):
    """An address of one's own, for a mail that sets a new password."""
    client = in_a_session_from_before(rita, cast)
    client.post("/auth/email/", {"action_add": "", "email": "thief@evil.test"})
    assert not rita.emailaddress_set.filter(email="thief@evil.test").exists()
    return client


def changing_the_password(rita, cast):
    """A new password from a session that did not prove the factor."""
    client = in_a_session_from_before(rita, cast)
    new = "a-new-password-of-a-thief"
    client.post("/auth/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert not User.objects.get(pk=rita.pk).check_password(new)
    return client


def by_the_administrations_own_door(rita, cast):
    """Django's own sign-in page of the administration."""
    client = Client()
    client.post("/admin/login/", {"username": rita.email, "password": PASSWORD, "next": "/admin/"})
    return client


def by_a_forged_session(rita, cast):
    """The marks of an unfinished sign-in of one user under the name of another."""
    client = half_in(rita)
    session = client.session
    assert "_auth_user_id" not in session
    client.cookies["sessionid"] = session.session_key
    client.cookies["mfa_trusted"] = "forged"
    return client


AROUND = [another_users_code, an_old_code, a_code_without_the_password, a_code_after_another_sign_in, after_the_step_ran_out, by_a_new_password,
          in_a_session_from_before, taking_it_off_in_a_session_from_before, taking_it_off_right_after_the_password_was_asked,
          reading_recovery_codes_with_the_password, adding_an_address, changing_the_password, by_the_administrations_own_door,
          by_a_forged_session]  # fmt: skip


@pytest.mark.parametrize("way", AROUND)
def test_r17_no_way_around(rita, cast, way):
    """Whatever was tried, the administration stays closed and its changes are refused."""
    client = way(rita, cast)
    assert not opens(client)
    assert not opens(client, "/admin/core/user/")
    client.post(f"/admin/core/user/{cast.alice.pk}/change/", {"email": cast.alice.email, "is_superuser": "on"})
    assert not User.objects.get(pk=cast.alice.pk).is_superuser


def test_r17_the_table_is_long_enough():
    """At least 25 attempts."""
    assert len(SKIPS) + len(WRONG) + len(AROUND) >= 25


def test_r17_control_without_the_middleware_a_session_from_before_gets_in(rita, cast, settings):
    """With the middleware taken away the thief's session opens the administration, and the table above would fail."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith(".second_factor")]
    assert opens(in_a_session_from_before(rita, cast))


def test_r17_the_administration_asks_for_a_factor(cast):
    """An administrator without one is led to setting it up, and comes in after that."""
    Authenticator.objects.filter(user=cast.rita).delete()
    client = sign_in(cast.rita.email)
    assert opens(client, "/accounts/")
    assert client.get("/admin/")["Location"].startswith("/auth/2fa/totp/activate/")
    client.post("/auth/reauthenticate/?next=/auth/2fa/totp/activate/", {"password": PASSWORD})
    client.get("/auth/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    given = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert client.post("/auth/2fa/totp/activate/", {"code": given}).status_code == 302
    assert Authenticator.objects.filter(user=cast.rita, type=Authenticator.Type.TOTP).exists()
    answer = client.get("/admin/")
    assert answer["Location"] == "/auth/2fa/reauthenticate/?next=%2Fadmin%2F"
    assert client.post(answer["Location"], {"code": given})["Location"] == "/admin/"
    assert opens(client)
    assert opens(client, "/auth/2fa/recovery-codes/")


def test_r17_a_role_can_ask_for_it(cast, client_of):
    """Who holds the role sees nothing but setting it up; others, and demo users, are not asked."""
    RoleScope.objects.create(
        role=Group.objects.get(name=cast.alice.groups.get().name),
        kind="core.session",
        action="second_factor",
        reach="all",
    )
    alice, dora = sign_in(cast.alice.email), sign_in(cast.dora.email)
    for path in ("/", "/accounts/", "/me/", "/search/?q=a", "/notifications/"):
        assert alice.get(path)["Location"].startswith("/auth/2fa/totp/activate/"), path
        assert dora.get(path).status_code == 200, path
    assert alice.post("/accounts/new/", {"name": "Past the door"})["Location"].startswith("/auth/2fa/totp/activate/")
    User.objects.filter(pk=cast.alice.pk).update(is_demo=True)
    assert opens(alice, "/accounts/")


def test_r17_a_role_asks_administrators_as_well(cast):
    """All rights are no way around the rule of a role."""
    Authenticator.objects.filter(user=cast.rita).delete()
    role = cast.rita.groups.get()
    client = sign_in(cast.rita.email)
    assert opens(client, "/accounts/")
    RoleScope.objects.create(role=role, kind="core.session", action="second_factor", reach="all")
    assert not opens(client, "/accounts/")


def test_r17_taking_it_off_closes_the_door_again(rita):
    """Whoever proved the factor may take it off, and is asked for a new one at once."""
    client = half_in(rita)
    client.post(CODE_PAGE, {"code": recovery_codes(rita)[0]})
    assert opens(client)
    client.post("/auth/2fa/reauthenticate/?next=/auth/2fa/", {"code": recovery_codes(rita)[0]})
    assert client.post("/auth/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.filter(user=rita).exists()
    assert client.get("/admin/")["Location"].startswith("/auth/2fa/totp/activate/")


def test_r17_every_way_that_makes_a_session_is_known():
    """A session is made by signing in and by nothing else: no other address of allauth does, and nothing in our code."""
    prefixes = ("account_", "mfa_", "social")
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str) and name.startswith(prefixes)}
    assert "account_login" in names
    assert not [
        name
        for name in names
        if name.startswith("social") or "passkey" in name or "webauthn" in name or "trust" in name
    ]
    assert "account_request_login_code" not in names


def test_r17_signed_in_by_the_tests_is_as_by_hand(cast):
    """The clients of the other tests stand where a proved sign-in stands."""
    assert opens(signed_in(cast.rita))
