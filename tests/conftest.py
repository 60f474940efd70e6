"""What every test may ask for: the cast, and browsers signed in as one of them."""

import gc
import time
from itertools import chain
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection, transaction
from django.test import Client
from django.utils import translation

from crm_site.core.middleware import portal_name
from crm_site.core.models import User
from crm_site.core.sessions import SessionStore
from tests import shipped
from tests.cast import make_cast

ROOT = Path(__file__).resolve().parent.parent
APPS = ("crm_site", "customers", "marketing", "sales", "support")


@pytest.fixture(autouse=True)
def house_language():
    """A page leaves the reader's language behind, which the next request sets anew; the next test does not."""
    yield
    translation.deactivate()


def pytest_collection_modifyitems(config, items):
    """Each worker's share, which is cut from one piece, begins with what takes long: they end together.

    Modules marked `slow(together=True)` share something costly, and one worker takes them whole.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    units, rest = {}, []
    for item in items:
        if mark := item.get_closest_marker("slow"):
            units.setdefault(item.module if mark.kwargs.get("together") else item, []).append(item)
        else:
            rest.append(item)
    slow, size, ordered = list(units.values()), -(-len(items) // workers), []
    for number in range(workers):
        share = list(chain(*slow[number::workers]))
        room = size - len(share)
        ordered += share + rest[:room]
        del rest[:room]
    items[:] = ordered


def pytest_configure():
    """While all is imported there is no garbage: looking for it would be a quarter of the collection."""
    gc.disable()


def pytest_collection_finish():
    """What is imported stays; that it is looked through for garbage at every request costs an eighth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The database of the run, and what is in it before any test: see tests/shipped."""
    with django_db_blocker.unblock():
        shipped.remember(connection)


@pytest.fixture
def cast(db):
    """The small fixed cast: users, teams and roles; see tests/cast.py."""
    return make_cast()


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker):
    """standing(make): what `make` writes stands for all tests of the module; their own writes are undone as ever.

    Only for modules without tests that commit; what `make` returns must not be changed by a test.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield stand
        transaction.set_rollback(True)


def stand(make):
    """What `make` returns; that its links lead somewhere is asked now, and not at the end of every test anew."""
    made = make()
    connection.check_constraints()
    return made


@pytest.fixture
def client_of():
    """client_of(user): a test client signed in as the user; None gives an anonymous one."""
    return signed_in


def signed_in(user, *, begun=False, **options):
    """A test client for the user, with a second factor proved; `options` as for Client, such as enforce_csrf_checks.

    The session is written as signing in would leave it. One that has `begun` holds what the first page notes, too.
    """
    client = Client(**options)
    if user is not None:
        name = settings.SESSION_COOKIE_NAME
        kept = session_of(user, **dict.fromkeys(("started", "seen") if begun else (), int(time.time())))
        client.cookies[portal_name(name) if user.door == User.PORTAL else name] = kept.session_key
    return client


def session_of(user, **noted):
    """A saved session of the user's, who gave a code of the second factor in it; `noted` is what else is in it."""
    session = SessionStore()
    session.update(noted)
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    prove(session, user)
    return session


def prove(session, user):
    """Let the session be one in which the user gave a code of the second factor; saves it."""
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time()}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def fresh(user):
    """The user as a new request would load it, without remembered roles."""
    return User.objects.get(pk=user.pk)
