"""What one does with an activity: open it, finish it, put it off, pin it, invite to it."""

import json
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from crm_site.core import lists, pages, parts
from crm_site.core.kinds import links_to
from crm_site.core.operations import Refused
from crm_site.core.recent import recent_of
from customers import timeline
from customers.calendars import invitation
from customers.columns.activity import LINK_COLUMNS
from customers.forms.related import token
from customers.kinds.activity import ACTIVITIES
from customers.models import Activity
from customers.operations import activities as operations
from customers.operations.relating import by_kind, relatable, related_of

# Of each kind, to pick from.
RECORDS_OFFERED = 6


@require_GET
def activity_list(request):
    """The list of activities, each open one with its buttons."""
    response = pages.list_page(request, ACTIVITIES, also=("status", "kind"))
    if not hasattr(response, "context_data"):
        return response
    for row in response.context_data["rows"]:
        waits = row["record"].status == Activity.OPEN and row["record"].kind != Activity.MEETING
        row["acts"] = {"id": row["id"], "label": row["label"], "open": waits and lists.changeable(row["record"])}
    response.context_data["row_actions"] = "customers/activities/_row_actions.html"
    return response


@require_GET
def activity_record(request, pk):
    """An activity's page; who sees the record that it belongs to, or takes part, reads it without the buttons."""
    if Activity.objects.visible_to(request.user).filter(pk=pk).exists():
        return pages.record_page(
            request, ACTIVITIES, pk, extra="customers/activities/_participants.html",
            participants=lambda: parts.part(request, f"/activities/{pk}/participants/", pk),
        )  # fmt: skip
    activity = readable_or_404(request.user, pk)
    columns = [ACTIVITIES.column(name) for name in ("regarding", "also")]
    links = lists.linked([*LINK_COLUMNS, *columns], [activity], request.user)
    about = pages.facts(ACTIVITIES, activity, ("regarding", "also"), request.user, links, may_change=False)
    context = {
        "kind": ACTIVITIES, "title": str(activity), "about": [fact for fact in about if not fact["cell"].empty],
        "items": timeline.items([activity], request.user, LINK_COLUMNS, links=links),
    }  # fmt: skip
    return pages.fragment(request, "customers/activities/_alone.html", context)


def readable_or_404(user, pk):
    """The activity, if the user may read it: by the gate, as a participant, or because they see what it belongs to."""
    found = Activity.objects.visible_to(user).filter(pk=pk).first()
    if found:
        return found
    rows = Activity.objects.unscoped("checked by what it belongs to, below").filter(pk=pk, deleted_at=None)
    found = rows.with_rights(user, "change").first()
    if found is None or user.door != user.STAFF:
        raise Http404
    if found.participants.filter(user=user).exists():
        return found
    if found.is_private or not sees_parent(user, found):
        raise Http404
    return found


def sees_parent(user, activity):
    """Whether the user sees a record on whose timeline the activity stands; people of partners read their own only."""
    if user.partner_id is not None:
        return False
    parents = [activity.contact, activity.account, activity.customer]
    model = activity.regarding_type.model_class() if activity.regarding_id else None
    if model:
        parents.append(model(pk=activity.regarding_id))
    if any(type(p).objects.visible_to(user).filter(pk=p.pk).exists() for p in parents if p is not None):
        return True
    return bool(links_to(user, by_kind(related_of([activity])[activity.pk])))


def changeable_or_404(request, pk):
    """The activity, if the user may change it."""
    return pages.get_visible_or_404(ACTIVITIES, request.user, pk, "change")


def answered(request, text, undo="", tone="success"):
    """Tell what was done: by a message for htmx, whose lists load themselves anew, else on the page one came from."""
    if request.htmx:
        response = HttpResponse(status=204)
        told = {"text": text, "tone": tone, "undo_url": undo, "undo_label": _("Undo")}
        response["HX-Trigger"] = json.dumps({"toast": told, "timelineChanged": True})
        return response
    add = messages.success if tone == "success" else messages.error
    add(request, text, extra_tags=f"undo:{undo}" if undo else "")
    return redirect(pages.safe_next(request) or came_from(request))


def came_from(request):
    """The page of this site from which the form was sent, else the list."""
    page = request.headers.get("referer", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}) else ACTIVITIES.base


def attempt(request, do, text, undo=""):
    """Do an operation and say so, or say why not."""
    try:
        do()
    except Refused as refusal:
        return answered(request, str(refusal), tone="error")
    except PermissionDenied:
        raise Http404 from None
    return answered(request, text, undo)


@require_POST
def activity_complete(request, pk):
    """Done, with the outcome if one is given."""
    activity, outcome = changeable_or_404(request, pk), request.POST.get("outcome", "")[:100]
    return attempt(
        request, lambda: operations.complete_activity(activity, outcome=outcome, by=request.user),
        _("“%(what)s” is done.") % {"what": activity}, f"/activities/{pk}/reopen/",
    )  # fmt: skip


@require_POST
def activity_reopen(request, pk):
    """Not done after all."""
    activity = changeable_or_404(request, pk)
    return attempt(
        request,
        lambda: operations.reopen_activity(activity, by=request.user),
        _("“%(what)s” is open again.") % {"what": activity},
    )


@require_POST
def activity_snooze(request, pk):
    """Put off: until tomorrow, next Monday, in an hour, or a moment."""
    activity = changeable_or_404(request, pk)
    until = snooze_until(request.POST.get("until", ""), operations.zone_of(request.user), activity.at)
    return attempt(
        request, lambda: operations.snooze_activity(activity, until, by=request.user),
        _("“%(what)s” comes back later.") % {"what": activity},
    )  # fmt: skip


def snooze_until(word, zone, at):
    """The moment that a word of the snooze buttons means; tomorrow keeps the time of day."""
    if word == "hour":
        return timezone.now() + timedelta(hours=1)
    local = at.astimezone(zone)
    if word == "monday":
        return operations.tomorrow_at(9, zone, 7 - timezone.now().astimezone(zone).weekday())
    try:
        typed = parse_datetime(word)
    except ValueError:
        typed = None
    if typed:
        return typed if timezone.is_aware(typed) else typed.replace(tzinfo=zone)
    return operations.tomorrow_at(local.hour, zone).replace(minute=local.minute)


@require_POST
def activity_cancel(request, pk):
    """It will not take place."""
    activity = changeable_or_404(request, pk)
    return attempt(
        request, lambda: operations.cancel_activity(activity, by=request.user),
        _("“%(what)s” is cancelled.") % {"what": activity}, f"/activities/{pk}/reopen/",
    )  # fmt: skip


@require_POST
def activity_pin(request, pk):
    """Keep it at the top of its timelines, or let it go."""
    activity, pinned = changeable_or_404(request, pk), bool(request.POST.get("pinned"))
    return attempt(
        request,
        lambda: operations.pin_activity(activity, pinned=pinned, by=request.user),
        _("Pinned.") if pinned else _("Unpinned."),
    )


@require_POST
def activity_invite(request, pk):
    """Put invitations to all participants into the outbox."""
    activity = changeable_or_404(request, pk)
    try:
        count = operations.invite_participants(activity, by=request.user)
    except Refused as refusal:
        return answered(request, str(refusal), tone="error")
    text = ngettext("%(n)s invitation will be sent.", "%(n)s invitations will be sent.", count) % {"n": count}
    return answered(request, text if count else _("Nobody with an address takes part yet."))


@require_GET
def activity_invitation(request, pk):
    """The meeting as a file for calendar programs."""
    activity = readable_or_404(request.user, pk)
    if activity.kind != Activity.MEETING:
        raise Http404
    response = HttpResponse(invitation(activity), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{activity.number}.ics"'
    return response


@require_GET
def activity_todo(request):
    """The user's overdue and today's tasks, for the home page."""
    pages.need(request.user, ACTIVITIES, "view")
    due, more = timeline.todo_of(request.user)
    found = timeline.todo(timeline.items(due, request.user, LINK_COLUMNS), more)
    return pages.fragment(request, "customers/activities/_todo.html", {"kind": ACTIVITIES, "title": _("To do")} | found)


@require_GET
def activity_records(request):
    """What an activity may be about, of several kinds, to pick from; before one types, what the user saw last."""
    user, text = request.user, request.GET.get("q", "").strip()
    pages.need(user, ACTIVITIES, "view")
    kinds = {kind.key: kind for kind in relatable() if pages.may(user, kind, "view")}
    if lists.words(text):
        rows, _alike = lists.found_everywhere(list(kinds.values()), text, user, RECORDS_OFFERED)
        found = [(kind.key, row.pk, str(row)) for kind, many in rows.items() for row in many]
    else:
        recent = [pair for pair in recent_of(request) if pair[0] in kinds]
        seen = links_to(user, by_kind(recent))
        found = [(*pair, seen[pair][0]) for pair in recent if pair in seen]
    items = [{"value": token(key, pk), "text": said, "hint": str(kinds[key].label)} for key, pk, said in found]
    return JsonResponse({"items": items})


@require_GET
def activity_participants(request, pk):
    """Who takes part and what they answered."""
    activity = readable_or_404(request.user, pk)
    rows = activity.participants.select_related("user").order_by("pk")
    context = {
        "kind": ACTIVITIES,
        "record": activity,
        "title": _("Taking part"),
        "rows": timeline.guests(rows, request.user),
    }
    return pages.fragment(request, "customers/activities/_participants_rows.html", context)
