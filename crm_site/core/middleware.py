"""What every request passes: clean parameters, the right door, history's context, safe headers, honest errors."""

import logging
import time
from urllib.parse import urlencode

import pghistory
from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import get_user
from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse, set_urlconf
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from crm_site.core import scope

log = logging.getLogger("kith.requests")
SECOND_FACTOR = ("core.session", "second_factor")
SET_UP, PROVE = "mfa_activate_totp", "mfa_reauthenticate"
# Here a user changes what they sign in with.
KEYS = ("/auth/2fa/", "/auth/password/", "/auth/email/")
SEEN_EVERY = 600
PORTAL = "/portal/"
PUBLIC = ("/healthz", "/readyz", "/static/", "/auth/", "/invitation/", "/forms/", "/mail/")


def database_trouble(get_response):
    """A database that is away is an outage, said as 503 with Retry-After; never a missing right or a broken page."""

    def middleware(request):
        return get_response(request)

    def process_exception(request, error):
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        log.error("database unavailable: %s", type(error).__name__)
        # Without the request: its context would ask the database who is signed in.
        text = render_to_string("503.html", {"request_id": getattr(request, "request_id", "")})
        response = HttpResponse(text, status=503)
        response["Retry-After"] = "5"
        return response

    middleware.process_exception = process_exception
    return middleware


def security_headers(get_response):
    """Headers that Django does not set: no caching of private pages, no embedding, no sensors."""

    def middleware(request):
        response = get_response(request)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # What is missing below /static/ is told on a page with the visitor's name.
        if not request.path.startswith("/static/") or response.status_code >= 300:
            response["Cache-Control"] = "no-store"
        return response

    return middleware


def portal_name(name):
    """What a cookie is called in the portal; the prefix __Host- is for the whole site only."""
    return f"__Secure-portal-{name[7:]}" if name.startswith("__Host-") else f"portal_{name}"


def portal_door(get_response):
    """The portal has cookies of its own, which no other page is sent, and its own addresses for signing in.

    One browser may hold a session of staff and one of a customer; neither door knows of the other's. Strangers there
    are spoken to in the language of their browser.
    """

    def middleware(request):
        if not request.path.startswith(PORTAL):
            # Staff work in the site's own language, whatever their browser asks for: only the portal is translated.
            translation.activate(settings.LANGUAGE_CODE)
            return get_response(request)
        translation.activate(translation.get_language_from_request(request))
        request.urlconf = settings.PORTAL_URLCONF
        set_urlconf(request.urlconf)  # what stands before the view asks for addresses, too
        names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.KNOWN_DEVICE_COOKIE, "messages")
        for name in names:
            request.COOKIES.pop(name, None)
            if portal_name(name) in request.COOKIES:
                request.COOKIES[name] = request.COOKIES[portal_name(name)]
        response = get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language())
        for name in set(names) & set(response.cookies):
            cookie = response.cookies.pop(name)
            cookie.set(portal_name(name), cookie.value, cookie.coded_value)
            cookie["path"] = PORTAL
            response.cookies[cookie.key] = cookie
        return response

    return middleware


def clean_parameters(get_response):
    """Refuse what no field can hold: a NUL byte in an address or a form; and overlong addresses."""

    def middleware(request):
        if "\0" in request.path or len(request.META.get("QUERY_STRING", "")) > 8000:
            return HttpResponseBadRequest(_("The address holds characters that cannot be."))
        if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest(_("The address holds characters that cannot be."))
        return get_response(request)

    return middleware


def staff_door(get_response):
    """Staff pages are for staff: anonymous visitors go to sign in, portal users stay in the portal.

    No view has to ask for it: one that is open to strangers is marked with login_not_required.
    """

    def middleware(request):
        timezone.deactivate()
        if request.path.startswith((*PUBLIC, PORTAL)):
            return get_response(request)
        if not request.user.is_authenticated:
            return get_response(request)
        # The user itself: a page asks it a thousand things, and the lazy one hands each of them on.
        request.user = get_user(request)
        administration = request.path.startswith("/admin/")
        if request.user.door != request.user.STAFF or (administration and not request.user.is_staff):
            raise Http404
        if request.user.time_zone:
            timezone.activate(request.user.time_zone)
        if request.method in ("GET", "HEAD"):
            # Nothing changes while such a request is served, and its user object ends with it.
            scope.remember(request.user)
        return get_response(request)

    def process_view(request, view, args, kwargs):
        if request.path.startswith((*PUBLIC, PORTAL, "/admin/")) or request.user.is_authenticated:
            return None
        # A view is open to strangers only where it says so.
        return redirect_to_login(request.get_full_path()) if getattr(view, "login_required", True) else None

    middleware.process_view = process_view
    return middleware


def session_limits(get_response):
    """Sign out whom nobody has seen for a working day, or who signed in too long ago; noted every ten minutes."""

    def middleware(request):
        if request.user.is_authenticated:
            now = int(time.time())
            started, seen = request.session.setdefault("started", now), request.session.setdefault("seen", now)
            if now - seen > settings.SESSION_IDLE_SECONDS or now - started > settings.SESSION_COOKIE_AGE:
                logout(request)
            elif now - seen > SEEN_EVERY:
                request.session["seen"] = now
        return get_response(request)

    return middleware


def second_factor(get_response):
    """The administration, and roles that ask for it, open only to who proved a second factor in this very session."""

    def middleware(request):
        name = missing_step(request) if request.user.is_authenticated else ""
        if name == SET_UP:
            messages.info(request, _("This part asks for a second factor. Set one up to go on."))
        if name:
            return redirect(f"{reverse(name)}?{urlencode({'next': request.path})}")
        return get_response(request)

    return middleware


def missing_step(request):
    """The name of the page that must be passed first: setting a second factor up, proving it, or an empty text.

    A session that began before the factor was set up has not proved it, and may not take it off again. Demo users are
    let in: their passwords were made at first start and stand only in the state directory.
    """
    user, path = request.user, request.path
    own = path.removeprefix("/portal").startswith(KEYS) and not path.startswith(reverse(PROVE))
    asked = path.startswith("/admin/") or (not path.startswith(PUBLIC) and SECOND_FACTOR in user.scopes)
    if user.is_demo or not (own or asked):
        return ""
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        return "" if has_proved(request) else PROVE
    return SET_UP if asked else ""


def has_proved(request):
    """Whether a code of the second factor was given in this session, at sign-in or later."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def history_context(get_response):
    """Every change made while a request is served says who made it and through which door."""

    def middleware(request):
        user = request.user.pk if request.user.is_authenticated else None
        door = "admin" if request.path.startswith("/admin/") else "web"
        with pghistory.context(user=user, door=door, request_id=getattr(request, "request_id", "")):
            return get_response(request)

    return middleware
