"""Structured logs: one line of JSON per event, with nothing personal in it.

A line has time, level, logger, message, request_id, user (a number) and for an error its type and the
places it passed. Addresses, names, query strings and long tokens are left out or replaced, since
exceptions and paths may carry them. JSON escapes line ends, so no visitor can forge a line.
"""

import json
import logging
import re
import time
import traceback
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime

ACCEPTED_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
SCRUBBED = (
    (re.compile(r"[^\s\"'<>(),;:=]+@[^\s\"'<>(),;:=]+"), "[e-mail]"),
    (re.compile(r"(?<=[\w/])\?[^\s\"']*"), ""),
    (re.compile(r"(?<=/)[\w:.=~-]{20,}(?=/|\s|$|[\"'])"), "[token]"),
    (re.compile(r"\([^()]*\)=\(.*\)"), "[values]"),
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "crm_site.logs.JsonLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"level": "INFO"},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.db.backends": {"level": "WARNING"},
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        "celery": {"level": "INFO"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}

_current = ContextVar("request", default=None)
_log = logging.getLogger("kith.request")


def request_id(get_response):
    """Middleware: gives every request an id, returns it as X-Request-ID and logs one line per request."""

    def middleware(request):
        given = request.headers.get("X-Request-ID", "")
        request.request_id = given if ACCEPTED_ID.fullmatch(given) else str(uuid.uuid4())
        before = _current.set(request)
        began = time.perf_counter()
        try:
            response = get_response(request)
            response["X-Request-ID"] = request.request_id
            _tell(request, response, began)
        finally:
            _current.reset(before)
        return response

    return middleware


def scrub(text):
    """The text without e-mail addresses, query strings, long tokens and the values of a database error."""
    for pattern, replacement in SCRUBBED:
        text = pattern.sub(replacement, text)
    return text


class JsonLine(logging.Formatter):
    """Turns a log record into one line of JSON."""

    def format(self, record):
        """The line; an exception gives its type and the places it passed, never its text."""
        # Django reports a refused request after the middlewares are done, and hands it over with the record.
        request = _current.get() or getattr(record, "request", None)
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrub(_message(record)),
            "request_id": getattr(request, "request_id", None),
            "user": _user_number(request),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__qualname__
            line["trace"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(record.exc_info[2])
            ]
        # In ASCII: other line ends than \n, and what a terminal obeys, are escaped as well.
        return json.dumps({name: value for name, value in line.items() if value is not None})


def _message(record):
    """The message, with the text of its own exception replaced by the exception's type."""
    try:
        text = record.getMessage()
    except (TypeError, ValueError):
        text = str(record.msg)
    error = record.exc_info[1] if record.exc_info else None
    if error is not None and str(error):
        for words in (repr(error), str(error)):
            text = text.replace(words, type(error).__qualname__)
    return text


def _tell(request, response, began):
    """One line per request. The route stands for the path, which may hold a token."""
    match = request.resolver_match
    facts = {
        "method": request.method,
        "route": match.route if match else None,
        "status": response.status_code,
        "milliseconds": round((time.perf_counter() - began) * 1000, 1),
    }
    _log.info("request", extra={"facts": facts})


def _user_number(request):
    """The number of the person signed in, only when it is known already: a log line must not ask the database."""
    user = getattr(request, "_cached_user", None)
    return getattr(user, "pk", None)
