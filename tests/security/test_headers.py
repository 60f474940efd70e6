"""R14: the deployment check is silent, and every answer of the site carries the headers of the strictest score."""

import os
import re
import secrets
import subprocess
import sys

import pytest
from django.core.files.base import ContentFile
from django.test import Client, override_settings

from crm_site.core.attachments import attach_file
from tests.conftest import ROOT, prove, signed_in
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db
PRODUCTION = {
    "SECURE_SSL_REDIRECT": True, "SECURE_HSTS_SECONDS": 365 * 24 * 3600, "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_HSTS_PRELOAD": True, "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True,
}  # fmt: skip
ENVIRONMENT = {
    "SECRET_KEY": secrets.token_urlsafe(60), "KITH_BASE_URL": "https://crm.example.com", "KITH_INSECURE_COOKIES": "0",
    "DATABASE_URL": "postgresql://kith@localhost/kith", "REDIS_URL": "redis://localhost/0", "KITH_DEBUG": "0",
}  # fmt: skip
NAMES = ["GET / 200", "redirect to https", "redirect to sign in", "403 without a token", "404", "404 signed in", "404 below static",
         "405", "400", "500", "static file", "a user's file", "CSV", "fragment", "sign in", "lost password", "sign out", "password",
         "second factor", "administration", "admin list", "admin form", "healthz"]  # fmt: skip


def settings_output(code, **changes):
    """Run a command of a production site in a process of its own; returns the finished process.

    What the browser tests of the same run allow themselves is left out.
    """
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return subprocess.run(
        [sys.executable, *code], cwd=ROOT, env=kept | ENVIRONMENT | {"DJANGO_SETTINGS_MODULE": "crm_site.settings"} | changes,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_r14_the_deployment_check_is_silent():
    """With a production environment there is nothing to warn of."""
    done = settings_output(["manage.py", "check", "--deploy", "--fail-level", "INFO"])
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_r14_control_insecure_cookies_are_warned_of():
    """The same check speaks up when the cookies go over plain http."""
    done = settings_output(["manage.py", "check", "--deploy", "--fail-level", "INFO"], KITH_INSECURE_COOKIES="1")
    assert done.returncode != 0
    assert "security.W012" in done.stderr


def directives(response):
    """The policy of an answer as {directive: [sources]}."""
    text = response.get("Content-Security-Policy", "")
    return {words[0]: words[1:] for part in text.split(";") if (words := part.split())}


def policy_faults(policy):
    """What is too wide in a Content-Security-Policy."""
    faults = [] if policy.get("default-src") == ["'none'"] else ["default-src is not 'none'"]
    sources = {source for values in policy.values() for source in values}
    if found := sources & {"'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "http:", "https:"}:
        faults.append(f"the policy allows {found}")
    for name, wanted in (("frame-ancestors", "'none'"), ("base-uri", "'none'"), ("form-action", "'self'")):
        if policy.get(name) not in ([wanted], ["'none'"]):
            faults.append(f"{name} is {policy.get(name)}")
    if set(policy.get("script-src", policy.get("default-src", ["any"]))) - {"'self'", "'none'"}:
        faults.append("scripts come from elsewhere")
    return faults


def faults_of(response, *, private=True):
    """What the strictest scorer would take points off for, one sentence each."""
    faults = policy_faults(directives(response))
    age = re.search(r"max-age=(\d+)", response.get("Strict-Transport-Security", ""))
    if not age or int(age[1]) < 15_768_000 or "includeSubDomains" not in response["Strict-Transport-Security"]:
        faults.append("no HSTS of half a year")
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    } | ({"Cache-Control": "no-store"} if private else {})
    faults += [f"{name} is {response.get(name)}" for name, value in wanted.items() if response.get(name) != value]
    if "camera=()" not in response.get("Permissions-Policy", ""):
        faults.append("no Permissions-Policy")
    for cookie in response.cookies.values():
        if not (cookie["secure"] and cookie["httponly"] and cookie["samesite"] in ("Lax", "Strict")):
            faults.append(f"cookie {cookie.key}: {cookie.OutputString()}")
    return faults


@pytest.fixture
def answers(cast, tmp_path):
    """One answer of each sort: {name: response}."""
    with override_settings(**PRODUCTION, MEDIA_ROOT=tmp_path), pytest.MonkeyPatch.context() as patch:
        account = AccountFactory(owner=cast.alice)
        stored = attach_file(account, ContentFile(b"<script>alert(1)</script>", name="page.html"), by=cast.alice)
        anonymous, alice, rita = Client(), signed_in(cast.alice), signed_in(cast.rita)
        strict = signed_in(cast.alice, enforce_csrf_checks=True)
        alice.raise_request_exception = False
        safe = {"secure": True}
        found = {
            "GET / 200": alice.get("/", **safe), "redirect to https": anonymous.get("/accounts/"),
            "redirect to sign in": anonymous.get("/accounts/", **safe),
            "403 without a token": strict.post("/me/", {}, **safe), "404": anonymous.get("/no-such-page/", **safe),
            "404 signed in": alice.get("/no-such-page/", **safe), "404 below static": alice.get("/static/no-such.css", **safe),
            "405": alice.post("/notifications/", **safe), "400": alice.get("/accounts/", {"q": "\0"}, **safe),
            "static file": anonymous.get("/static/kith.css", **safe), "a user's file": alice.get(f"/files/{stored.pk}/", **safe),
            "CSV": rita.post("/accounts/export/", {"format": "csv", "columns": "name"}, **safe),
            "fragment": alice.get(f"/accounts/{account.pk}/files/", headers={"HX-Request": "true"}, **safe),
            "sign in": anonymous.get("/auth/login/", **safe), "lost password": anonymous.get("/auth/password/reset/", **safe),
            "sign out": alice.get("/auth/logout/", **safe), "password": alice.get("/auth/password/change/", **safe),
            "second factor": alice.get("/auth/2fa/", **safe), "administration": rita.get("/admin/", **safe),
            "admin list": rita.get("/admin/core/user/", **safe),
            "admin form": rita.get(f"/admin/core/user/{cast.alice.pk}/change/", **safe), "healthz": anonymous.get("/healthz", **safe),
        }  # fmt: skip
        patch.setattr("crm_site.core.notifications.unread_count", lambda user: 1 / 0)
        found["500"] = alice.get("/notifications/", **safe)
        yield found


def test_r14_every_sort_of_answer_scores_best(answers):
    """Pages, errors, redirects, files, static files, allauth's pages and the administration."""
    assert set(answers) == set(NAMES)
    codes = {answer.status_code for answer in answers.values()}
    assert {200, 301, 302, 400, 403, 404, 405, 500} <= codes
    unsafe = [name for name, answer in answers.items() if answer.wsgi_request.scheme == "http"]
    assert unsafe == ["redirect to https"]
    faults = [
        f"{name} ({answer.status_code}): {fault}"
        for name, answer in answers.items()
        for fault in faults_of(answer, private=name != "static file")
        # A browser reads this header only from https; the plain answer leads there.
        if not (name == "redirect to https" and "HSTS" in fault)
    ]
    assert not faults, "\n".join(faults)
    assert answers["redirect to https"]["Location"].startswith("https://")
    assert answers["a user's file"]["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("without", ["csp.middleware.CSPMiddleware", "crm_site.core.middleware.security_headers",
                                     "django.middleware.security.SecurityMiddleware"])  # fmt: skip
def test_r14_control_each_middleware_is_missed(cast, settings, without):
    """Taken away, each of the three leaves faults that the check finds."""
    for name, value in PRODUCTION.items():
        setattr(settings, name, value)
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != without]
    assert faults_of(signed_in(cast.alice).get("/", secure=True))


def inline_of(page):
    """What a strict policy would refuse on a page: scripts and styles that stand in it."""
    scripts = re.findall(r"<script\b(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>[^<]", page)
    return scripts + re.findall(r"<style\b|<[^>]+\s(?:style|on[a-z]+)=[\"'][^\"']*|href=[\"']javascript:", page)


def test_r14_no_page_of_the_administration_needs_what_the_policy_refuses(cast):
    """Index, every list, every form for adding, a form, history, password: no inline script or style, nothing from elsewhere."""
    client, faults = signed_in(cast.rita), []
    index = client.get("/admin/").content.decode()
    lists = sorted(set(re.findall(r'href="(/admin/\w+/\w+/)"', index)))
    assert len(lists) > 5
    user = f"/admin/core/user/{cast.alice.pk}"
    more = [
        f"{user}/change/",
        f"{user}/history/",
        f"/admin/core/team/{cast.north.pk}/change/",
        "/admin/password_change/",
    ]
    for path in ["/admin/", *lists, *(f"{path}add/" for path in lists), *more]:
        answer = client.get(path)
        assert answer.status_code in (200, 403), path
        page = answer.content.decode()
        faults += [f"{path}: {found[:60]}" for found in inline_of(page)]
        faults += [f"{path}: {found}" for found in re.findall(r'(?:src|href)="((?:https?:)?//[^"]+)"', page)]
    assert not faults, "\n".join(faults)


def test_r14_no_page_of_signing_in_needs_what_the_policy_refuses(cast):
    """All pages of allauth that are open to somebody, with and without a second factor."""
    alice, rita, anonymous = signed_in(cast.alice), signed_in(cast.rita), Client()
    prove(rita.session, cast.rita)
    pages = {
        anonymous: ["/auth/login/", "/auth/password/reset/", "/auth/password/reset/done/", "/auth/password/reset/key/a-b/", "/auth/signup/"],
        alice: ["/auth/logout/", "/auth/email/", "/auth/password/change/", "/auth/reauthenticate/", "/auth/2fa/"],
        rita: ["/auth/2fa/", "/auth/2fa/reauthenticate/"],
    }  # fmt: skip
    faults = []
    for client, paths in pages.items():
        for path in paths:
            page = client.get(path, follow=True)
            assert page.status_code == 200, path
            faults += [f"{path}: {found[:60]}" for found in inline_of(page.content.decode())]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<style>p{}</style>", '<p style="color:red">', "<a onclick='x()'>",
                                  '<a href="javascript:x()">'])  # fmt: skip
def test_r14_control_inline_code_is_found(text):
    """The scan sees each sort of what a policy refuses."""
    assert inline_of(text)
