"""One line of JSON per event; nothing personal and nothing forged in it (R09, R21)."""

import json
import logging
import sys
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from crm_site import logs


def _line(message, *arguments, error=None, **extra):
    record = logging.LogRecord("kith", logging.INFO, __file__, 1, message, arguments, error)
    record.__dict__.update(extra)
    written = logs.JsonLine().format(record)
    assert "\n" not in written
    assert "\r" not in written
    return json.loads(written)


def test_a_visitor_cannot_forge_a_line():
    """Line ends of any kind stay inside one JSON text."""
    line = _line("Not Found: %s", '/x\n{"level": "critical"}\r\n\u2028evil')
    assert line["level"] == "info"
    assert "critical" in line["message"]


@pytest.mark.parametrize(
    ("text", "kept_out"),
    [
        ("Invalid address: ana.b+c@example.com given", "ana"),
        ("GET /search/?q=Ana+Bell&x=1 failed", "Bell"),
        ("Not Found: /auth/password/reset/key/3-cq1abcdef-4444aaaa5555bbbb6666/", "cq1abcdef"),
        ("Key (email)=(ana@example.com) already exists.", "ana"),
        ("Key (last_name, first_name)=(Bell, Ana) already exists.", "Bell"),
    ],
)
def test_nothing_personal_is_kept(text, kept_out):
    """Addresses, searches, tokens and values of a database error."""
    assert kept_out not in _line(text)["message"]


def test_an_exception_gives_its_type_and_places_but_not_its_text():
    """The text of an exception often quotes what somebody typed."""
    try:
        raise ValueError("Ana Bell is not a number")
    except ValueError as error:
        line = _line("Task failed: %s %r", error, error, error=sys.exc_info())
    assert "Ana" not in json.dumps(line)
    assert line["error"] == "ValueError"
    assert any("test_logs.py" in place for place in line["trace"])


def test_a_message_with_wrong_arguments_is_still_a_line():
    """A mistake in a log call must not break the request."""
    assert _line("%d things", "many")["message"] == "%d things"


def test_request_and_user_are_named_by_number(caplog):
    """The id goes out with the answer, the user appears as a number only."""
    seen = {}

    def view(request):
        request._cached_user = SimpleNamespace(pk=7, email="ana@example.com")
        seen.update(_line("inside"))
        return HttpResponse("ok")

    request = RequestFactory().get("/x?q=Ana", headers={"X-Request-ID": "abcd-1234-efgh"})
    request.resolver_match = None
    with caplog.at_level(logging.INFO, logger="kith.request"):
        response = logs.request_id(view)(request)
    assert response["X-Request-ID"] == "abcd-1234-efgh" == seen["request_id"]
    assert seen["user"] == 7
    assert caplog.records[-1].facts["status"] == 200
    assert _line("outside").get("request_id") is None


@pytest.mark.parametrize("given", ["short", "x" * 65, "abcdefgh\r\nSet-Cookie: a=b", "abcdefg;h", "äbcdefgh"])
def test_a_strange_request_id_is_replaced(given):
    """Only letters, digits and hyphens come back out."""
    request = RequestFactory().get("/", headers={"X-Request-ID": given})
    request.resolver_match = None
    response = logs.request_id(lambda _: HttpResponse())(request)
    assert response["X-Request-ID"] != given
    assert logs.ACCEPTED_ID.fullmatch(response["X-Request-ID"])
