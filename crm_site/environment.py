"""Reads the settings of the environment. Problems are collected and told together, each with an example.

Every reader returns a usable value even when the variable is wrong, so that `stop_if_wrong()` can name
all problems at once instead of one per start.
"""

import os
import sys
import zoneinfo
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
_problems: list[str] = []


def read():
    """Everything that settings.py takes from the environment; ends the program when something is wrong."""
    state = folder("KITH_STATE", ROOT / "var")
    base = base_url("KITH_BASE_URL")
    found = SimpleNamespace(
        debug=flag("KITH_DEBUG"),
        secret_key=secret("SECRET_KEY"),
        allowed_hosts=words("KITH_ALLOWED_HOSTS", [urlsplit(base).hostname or ""]),
        base_url=base,
        trusted_origins=words("KITH_TRUSTED_ORIGINS", [base]),
        trusted_proxies=number("KITH_TRUSTED_PROXIES", 0),
        insecure_cookies=flag("KITH_INSECURE_COOKIES"),
        database=database(),
        redis_url=redis_url(),
        state=state,
        static_root=folder("KITH_STATIC_ROOT", state / "static"),
        media_root=folder("KITH_MEDIA_ROOT", state / "media"),
        kept_mail=state / "mail",
        email=email(default=f"file://{quote(str(state / 'mail'))}"),
        from_email=text("KITH_FROM_EMAIL", "Kith <kith@localhost>"),
        time_zone=time_zone("KITH_TIME_ZONE", "UTC"),
        currency=code("KITH_CURRENCY", "EUR", 3),
        country=code("KITH_COUNTRY", "DE", 2),
    )
    stop_if_wrong()
    return found


def wrong(name, why, example):
    """Remember that variable `name` cannot be used; told by `stop_if_wrong()`."""
    _problems.append(f"{name} {why}; for example {name}={example}")


def problems():
    """The problems found so far, one sentence each."""
    return list(_problems)


def stop_if_wrong():
    """End the program with exit code 2 and one line per problem when any variable was missing or wrong."""
    if not _problems:
        return
    lines = "\n".join(f"  {problem}" for problem in dict.fromkeys(_problems))
    sys.stderr.write(f"Kith cannot start with these settings:\n{lines}\n")
    _problems.clear()
    raise SystemExit(2)


def text(name, default=None, *, example="text"):
    """The value of `name`; without a default it must be set."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        wrong(name, "is not set", example)
        return ""
    return default


def secret(name, *, least=50, example="the output of: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"):
    """A secret of at least `least` characters that does not repeat a handful of letters."""
    value = text(name, example=example)
    if value and (len(value) < least or len(set(value)) < 10):
        wrong(name, f"is too easy to guess (at least {least} random characters)", example)
    return value


def flag(name, default=False):
    """True for 1, true, yes or on; False for 0, false, no or off."""
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        wrong(name, f"is {value!r}, neither 1 nor 0", "1")
    return default


def number(name, default, *, least=0):
    """A whole number of at least `least`."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < least:
        wrong(name, f"is {value!r}, not a whole number from {least}", str(default))
        return default
    return int(value)


def words(name, default=None, *, example="crm.example.com,www.example.com"):
    """The comma-separated values of `name` as a list."""
    value = text(name, None if default is None else ",".join(default), example=example)
    return [word.strip() for word in value.split(",") if word.strip()]


def folder(name, default):
    """An absolute folder as a Path; it need not exist yet."""
    value = Path(text(name, str(default), example=f"/var/lib/kith/{Path(default).name}"))
    if not value.is_absolute():
        wrong(name, f"is {str(value)!r}, not an absolute path", f"/var/lib/kith/{Path(default).name}")
    return value


def time_zone(name, default):
    """The name of a time zone that this machine knows."""
    value = text(name, default)
    if value not in zoneinfo.available_timezones():
        wrong(name, f"is {value!r}, which is no known time zone", "Europe/Berlin")
        return default
    return value


def code(name, default, length):
    """A code of `length` capital letters, such as a currency or a country."""
    value = text(name, default)
    if len(value) != length or not (value.isascii() and value.isalpha() and value.isupper()):
        wrong(name, f"is {value!r}, not {length} capital letters", default)
        return default
    return value


def base_url(name, *, example="https://crm.example.com"):
    """Where the users find the site: scheme and host, without a slash at the end."""
    value = text(name, example=example).rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path):
        wrong(name, f"is {value!r}, not just scheme and host", example)
    return value


def database(name="DATABASE_URL", *, example="postgresql://kith:password@localhost:5432/kith"):
    """A PostgreSQL address as Django's DATABASES entry; a socket folder is given as ?host=/folder."""
    value = text(name, example=example)
    parts = _split(name, value, example)
    query = dict(parse_qsl(parts.query))
    if value and (parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/")):
        wrong(name, "is not a PostgreSQL address with a database name", example)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": query.pop("user", None) or unquote(parts.username or ""),
        "PASSWORD": query.pop("password", None) or unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": query.pop("port", None) or str(parts.port or ""),
        "OPTIONS": query,
    }


def redis_url(name="REDIS_URL", *, example="redis://localhost:6379/0"):
    """A Redis or Valkey address as redis-py reads it: redis://, rediss:// or unix:///folder/socket?db=0."""
    value = text(name, example=example)
    if value and _split(name, value, example).scheme not in {"redis", "rediss", "unix"}:
        wrong(name, "is not a redis://, rediss:// or unix:// address", example)
    return value


def broker_url(address):
    """The same Redis address as Celery writes it: a socket is redis+socket://…?virtual_host=0 there."""
    if not address.startswith("unix://"):
        return address
    parts = urlsplit(address)
    number_of_db = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={number_of_db}"


def email(name="EMAIL_URL", *, default, example="smtp+tls://user:password@mail.example.com:587"):
    """An outgoing mail address as Django's EMAIL_* settings.

    `file:///folder` writes files, `console://` prints (also into a log, which then holds what is personal), `smtp://`
    sends, `smtp+tls://` after STARTTLS, `smtps://` over TLS. Waits at most 10 seconds for the server.
    """
    value = text(name, default, example=example)
    parts = _split(name, value, example)
    backends = {"console": "console", "file": "filebased", "smtp": "smtp", "smtp+tls": "smtp", "smtps": "smtp"}
    if parts.scheme not in backends:
        wrong(name, "is not a console://, file://, smtp://, smtp+tls:// or smtps:// address", example)
    standard_port = {"smtp": 25, "smtp+tls": 587, "smtps": 465}.get(parts.scheme, 25)
    return {
        "EMAIL_BACKEND": f"django.core.mail.backends.{backends.get(parts.scheme, 'console')}.EmailBackend",
        "EMAIL_FILE_PATH": unquote(parts.path) if parts.scheme == "file" else None,
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or standard_port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": 10,
    }


def _split(name, value, example):
    """The parts of an address; a malformed one is remembered as a problem and read as empty."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        wrong(name, f"cannot be read ({error})", example)
        return urlsplit("")
    return parts


if __name__ == "__main__":  # the launcher asks before it starts anything
    read()
