"""Parts of a record's page: fragments of any app, made in one request with one look at the gate.

Each part has its own address, by which it is loaded again after a change; the page itself calls the same views in
turn, as if htmx had asked, so that ten parts cost one session, one user, one set of roles and one look at the record.
"""

import copy
import logging
from functools import cache
from types import SimpleNamespace

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models import Value
from django.http import Http404, QueryDict
from django.urls import resolve, reverse

from crm_site.core.kinds import kind_of

log = logging.getLogger("kith.parts")
ASKED_BY_PAGE = SimpleNamespace(target="", boosted=False)
RIGHTS = ("change", "delete")


def rights(user, record):
    """Which of change and delete the user may do to a record; one statement, none on the record's own page."""
    shown = getattr(user, "on_page", None)
    if shown and shown.record == record:
        return shown.rights
    rows = type(record).objects
    change, delete = (
        rows.visible_to(user, action).filter(pk=record.pk).values_list(Value(action)) for action in RIGHTS
    )
    return {action for (action,) in change.union(delete)}


def looked_at(user, model, pk, action):
    """The record whose page is being made, when it is the one that a part asks for and the action is allowed."""
    shown = getattr(user, "on_page", None)
    if shown and type(shown.record) is model and shown.record.pk == pk and (action == "view" or action in shown.rights):
        return shown.record
    return None


def begin(user, record):
    """From here on, and for this request only, parts need not ask for the record and the rights again.

    The record was read with its RIGHTS, see `with_rights`.
    """
    kind = kind_of(type(record))
    links = {(kind.key, record.pk): (str(record), kind.record_url(record.pk))}
    granted = {action for action in RIGHTS if getattr(record, f"may_{action}")}
    user.on_page = SimpleNamespace(record=record, rights=granted, links=links, unseen=set())
    return user.on_page.rights


def known_links(user):
    """What the parts of a page found so far of the records that links lead to, and which are not for the user.

    Elsewhere a dict and a set of their own.
    """
    shown = getattr(user, "on_page", None)
    return (shown.links, shown.unseen) if shown else ({}, set())


def is_closed(request):
    """Whether the page itself asks for a part: what few people need may wait behind a link then."""
    return request.htmx is ASKED_BY_PAGE


@cache
def pattern(url_name):
    """The address of a part of record 0; a page has a dozen, and each is looked up once."""
    return reverse(url_name, args=[0])


def address(url_name, pk):
    """The address of a part of the record with this id."""
    return pattern(url_name).replace("/0/", f"/{pk}/", 1)


@cache
def view_at(url):
    """What an address of record 0 leads to; every other record's part is made by the same view."""
    return resolve(url)


def part(request, url, pk):
    """The fragment that the view behind an address of record `pk` answers to this user; empty when not for them.

    A part that fails leaves the page whole: None says that it has to be loaded again.
    """
    asked = copy.copy(request)
    asked.GET, asked.path, asked.path_info, asked.htmx = QueryDict(), url, url, ASKED_BY_PAGE
    match = view_at(url.replace(f"/{pk}/", "/0/", 1))
    try:
        response = match.func(asked, *match.args, **match.kwargs | {"pk": pk})
    except (Http404, PermissionDenied):
        return ""
    except DatabaseError:
        raise
    except Exception:
        log.exception("a part of a page failed: %s", match.view_name)
        return None
    html = response.rendered_content if response.status_code == 200 else ""
    return html if html.strip() else ""
