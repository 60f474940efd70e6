"""The home page, a user's day, and the search over all kinds of records."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.contrib import messages
from django.db import connection
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_site import start
from crm_site.core import lists
from crm_site.core.kinds import KINDS, links_to
from crm_site.core.recent import recent_of
from crm_site.navigation import places_of
from customers import timeline
from customers.columns.activity import LINK_COLUMNS
from customers.days import day_start
from customers.forms.composer import tabs
from customers.models import Activity
from sales import today
from sales.models import Target
from support import today as support_today

MEETINGS_AHEAD = 7
SHOWN = 8
# Of so many of a user's latest changed records of a kind it is looked who changed them: an import changes thousands.
LOOKED_AT = 500
# The names behind recent and changed records cost a statement a kind; so many kinds at most.
NAMED_KINDS = 5


@require_GET
def home(request):
    """A user's day: tasks, meetings, recent records, what others changed; and for administrators how to get going."""
    user = request.user
    due, more = timeline.todo_of(user)
    meetings = timeline.meetings_of(user, day_start(), day_start(MEETINGS_AHEAD), SHOWN)
    (changes, cut), recent = changed_by_others(user), recent_of(request)[:SHOWN]
    links = names_of(user, [
        *((column.kind, column.value(a)) for a in (*due, *meetings) for column in LINK_COLUMNS),
        *((key, pk) for key, pk, *_rest in changes), *((key, pk) for key, pk in recent),
    ])  # fmt: skip
    shown = timeline.items([*due, *meetings], user, LINK_COLUMNS, links=links)
    deals, own = today.deals_of(user, SHOWN)
    context = {
        "meetings": shown[len(due) :], "recent": recent_links(recent, links),
        "changes": [
            {"link": links[key, pk], "icon": KINDS[key].icon, "at": at, "by": f"{first or ''} {last or ''}".strip()}
            for key, pk, at, first, last in changes if (key, pk) in links
        ],
        "looked_at": cut and LOOKED_AT,
        "deals": deals, "deals_own": own, "leads": today.leads_of(user, SHOWN), "sells": today.sells(user),
        "support": support_today.cases_of(user), "refused": support_today.refused_mailboxes(user),
        "no_role": not (user.is_superuser or user.scopes), "start": start.steps(user),
        "tabs": tabs(), "action_url": "/activities/log/",
        "has_activities": user.reach(Activity, "view") != "none", "may_log": user.reach(Activity, "add") != "none",
    } | timeline.todo(shown[: len(due)], more)  # fmt: skip
    return TemplateResponse(request, "home.html", context)


@require_GET
def home_quarter(request):
    """The quarter in one line, for the home page; it comes after the page, for it takes the whole forecast."""
    if not today.sells(request.user):
        raise Http404
    template = "sales/_quarter.html" if request.htmx else "sales/quarter.html"
    return TemplateResponse(request, template, {"quarter": today.quarter_of(request.user)})


def recent_links(recent, links):
    """The recent records that the user may still see, each with its kind's icon."""
    return [{"link": links[key, pk], "icon": KINDS[key].icon} for key, pk in recent if (key, pk) in links]


def changed_by_others(user):
    """(changes, cut) of the user's own records by others since yesterday: kind, id, when, first name, last name.

    One statement over all kinds; each branch walks the index (owner, changed_at), at most LOOKED_AT rows of it. Their
    names pass the gate in `names_of`. `cut` is whether the user changed so many that older ones were not looked at.
    """
    kinds = tuple(
        kind for kind in KINDS.values()
        if kind.model not in (Activity, Target) and user.reach(kind.model, "view") != "none"
    )  # fmt: skip
    if not kinds:
        return [], False
    with connection.cursor() as cursor:
        cursor.execute(changes_of(kinds), {"user": user.pk, "since": day_start(-1)})
        found = cursor.fetchall()
    return [row for *row, own in found if not own], any(own for *_row, own in found)


@cache
def changes_of(kinds):
    """The statement of `changed_by_others`; twenty branches put together anew would cost more than the whole page."""
    branches = (
        f"(SELECT * FROM (SELECT '{kind.key}' AS kind, id, changed_at, changed_by_id,"  # noqa: S608 - names
        f" row_number() OVER (ORDER BY changed_at DESC, id DESC) AS place FROM {kind.model._meta.db_table}"
        " WHERE owner_id = %(user)s AND deleted_at IS NULL AND changed_at >= %(since)s"
        f" ORDER BY changed_at DESC, id DESC LIMIT {LOOKED_AT}) latest"
        f" WHERE changed_by_id IS DISTINCT FROM %(user)s OR place = {LOOKED_AT}"
        f" ORDER BY changed_at DESC, id DESC LIMIT {SHOWN})"
        for kind in kinds
    )
    return (
        "SELECT kind, c.id, changed_at, first_name, last_name, changed_by_id IS NOT DISTINCT FROM %(user)s"  # noqa: S608 - as above
        f" FROM ({' UNION ALL '.join(branches)} ORDER BY changed_at DESC LIMIT {SHOWN}) c"
        " LEFT JOIN core_user u ON u.id = changed_by_id ORDER BY changed_at DESC"
    )


def names_of(user, wanted):
    """{(kind, id): (text, address)} of the wanted records that the user may see; a statement a kind."""
    ids = {}
    for key, pk in wanted:
        if key in KINDS and pk is not None and (key in ids or len(ids) < NAMED_KINDS):
            ids.setdefault(key, set()).add(pk)
    return links_to(user, ids)


@require_POST
def demo_remove(request):
    """Remove the invented company; administrators only."""
    if not request.user.is_superuser or find_spec("crm_site.demo") is None:
        raise Http404
    # The demo data is a part of its own that an installation may go without.
    import_module("crm_site.demo").remove(by=request.user)
    messages.success(request, _("The demo data is gone."))
    return redirect("home")


def named_places(user, text):
    """What the side bar offers the user by a name that begins with a text of two letters or more."""
    places = places_of(user) if len(text) > 1 else ()
    return [{"text": name, "url": url} for _place, name, url, _icon in places
            if str(name).lower().startswith(text.lower())]  # fmt: skip


@require_GET
def search(request):
    """Up to six records of each kind that hold every word, through the gate; for the search dialog, or as a page.

    Where no kind has any, records with similar words. Places whose names begin with it stand first.
    """
    if request.user.door != request.user.STAFF:
        raise Http404
    text = request.GET.get("q", "").strip()
    kinds = [kind for kind in KINDS.values() if kind.menu]
    found, alike = lists.found_everywhere(kinds, text, request.user, 6) if text else ({}, False)
    groups = [
        {"label": kind.label_plural, "icon": kind.icon, "items": [
            {"text": str(r), "hint": r.number, "url": kind.record_url(r.pk)} for r in rows
        ]}
        for kind, rows in found.items()
    ]  # fmt: skip
    if places := named_places(request.user, text):
        groups.insert(0, {"label": _("Go to"), "icon": "chevron-right", "items": places})
    context = {"groups": groups, "q": text, "similar": alike}
    return render(request, "_parts/search_results.html" if request.htmx else "search.html", context)
