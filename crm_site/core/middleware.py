"""What every request passes: clean parameters, the right door, history's context, safe headers, honest errors."""

import logging

import pghistory
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

log = logging.getLogger("kith.requests")
PUBLIC = ("/healthz", "/readyz", "/static/", "/auth/")


def database_trouble(get_response):
    """A database that is away is an outage, said as 503 with Retry-After; never a missing right or a broken page."""

    def middleware(request):
        return get_response(request)

    def process_exception(request, error):
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        log.error("database unavailable: %s", type(error).__name__)
        response = render(request, "503.html", {"request_id": getattr(request, "request_id", "")}, status=503)
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
        if not request.path.startswith("/static/"):
            response["Cache-Control"] = "no-store"
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
    """Staff pages are for staff: anonymous visitors go to sign in, portal users stay in the portal."""

    def middleware(request):
        if request.path.startswith(PUBLIC) or request.path.startswith("/portal/"):
            return get_response(request)
        if not request.user.is_authenticated:
            return get_response(request)
        if request.user.door != request.user.STAFF:
            raise Http404
        timezone.activate(request.user.time_zone) if request.user.time_zone else timezone.deactivate()
        return get_response(request)

    return middleware


def history_context(get_response):
    """Every change made while a request is served says who made it and through which door."""

    def middleware(request):
        user = request.user.pk if request.user.is_authenticated else None
        door = "admin" if request.path.startswith("/admin/") else "web"
        with pghistory.context(user=user, door=door, request_id=getattr(request, "request_id", "")):
            return get_response(request)

    return middleware
