"""The timeline and the composer on the page of a record of any kind."""

import json

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm_site.core import pages, parts
from crm_site.core.kinds import kind_by_slug
from crm_site.core.operations import submit_once
from customers import timeline
from customers.columns.activity import LINK_COLUMNS
from customers.forms.composer import OUTCOMES, ComposerForm, tabs
from customers.kinds.activity import ACTIVITIES
from customers.models import Activity
from customers.operations.activities import log_activities


def kind_or_404(slug):
    """The kind of record that has a timeline and lives at this address."""
    kind = kind_by_slug(slug)
    if kind is None or not kind.has_timeline:
        raise Http404
    return kind


@require_GET
def record_timeline(request, slug, pk):
    """What happened with a record, newest first, fifty a page; pinned and open activities stand above.

    The first few of these, unless the address asks for all: `todo=all`.
    """
    kind = kind_or_404(slug)
    record = pages.get_visible_or_404(kind, request.user, pk)
    chosen, before = request.GET.get("kind", ""), request.GET.get("before", "")
    limit = timeline.TOP if "todo" in request.GET else timeline.UNFOLDED
    top, found, after = timeline.read(record, request.user, chosen, before, limit + 1)
    folded, top = len(top) > limit and limit < timeline.TOP, top[:limit]
    made = timeline.items([*top, *found], request.user, LINK_COLUMNS, beside=record)
    url = f"{kind.record_url(pk)}timeline/"
    context = {
        "kind": kind, "record": record, "title": _("Timeline"), "url": url, "chosen": chosen,
        "top": made[: len(top)], "items": made[len(top) :], "kinds": Activity.KINDS.items(),
        "todo_url": f"{url}?todo=all&kind={chosen}" if folded else "",
        "next_url": f"{url}?before={after}&kind={chosen}" if after else "",
    }  # fmt: skip
    part = "_timeline_rows" if before and request.htmx else "_timeline"
    return pages.fragment(request, f"customers/activities/{part}.html", context)


@require_http_methods(["GET", "POST"])
def record_log(request, slug, pk):
    """The composer of a record: a note, a call, an e-mail, a meeting or a task, with the task that follows.

    On the record's page it is closed until one of the five is chosen.
    """
    kind = kind_or_404(slug)
    record = pages.get_visible_or_404(kind, request.user, pk)
    return composer(request, record, f"{kind.record_url(pk)}log/", kind.record_url(pk), kind)


@require_http_methods(["GET", "POST"])
def activity_log(request):
    """The composer without a record: with whom is picked."""
    return composer(request, None, "/activities/log/", "/")


def composer(request, record, url, back, kind=None):
    """Show the composer, or log what was sent, once per form."""
    user = request.user
    if user.reach(Activity, "add") == "none":
        raise Http404
    if parts.is_closed(request):
        return pages.fragment(
            request, "customers/activities/_composer_closed.html", {"action_url": url, "tabs": tabs()}
        )
    form = ComposerForm(
        request.POST or None, user=user, record=record, initial={"kind": request.GET.get("kind", "note")}
    )
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["once"] or form.initial["once"]
        if pages.attempt(form, lambda: submit_once(user, key, form.digest(), lambda: log(form, back, user))):
            return logged(request, record, url, back, kind)
    status = 422 if request.method == "POST" else 200
    context = shown(form, record, url, kind) | {"chosen": "kind" in request.GET}
    return pages.fragment(request, "customers/activities/_composer.html", context, status=status)


def log(form, back, user):
    """Write what the form says; returns the address to go on to."""
    log_activities(form.rows(), by=user)
    return back


def shown(form, record, url, kind):
    """What the composer's template shows."""
    context = {"form": form, "record": record, "action_url": url, "title": _("Log"), "outcomes": OUTCOMES}
    return context | {"kind": kind or ACTIVITIES}


def logged(request, record, url, back, kind):
    """A fresh composer for htmx, with the news that the timeline changed; otherwise the record's page."""
    if not request.htmx:
        messages.success(request, _("Logged."))
        return redirect(back)
    form = ComposerForm(user=request.user, record=record, initial={"kind": request.POST.get("kind", "note")})
    response = pages.fragment(request, "customers/activities/_composer.html", shown(form, record, url, kind))
    response["HX-Trigger"] = json.dumps({"timelineChanged": True, "toast": {"text": _("Logged."), "tone": "success"}})
    return response
