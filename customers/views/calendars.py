"""Doors for calendar programs and for those who are invited: no sign-in, only a secret or signed address."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm_site.core.outside import whole
from customers import calendars
from customers.models import Activity, CalendarFeed, Participant
from customers.operations.activities import answer_invitation, zone_of


@login_not_required
@require_GET
def calendar_feed(request, token):
    """A user's meetings for their calendar program."""
    found = calendars.feed_of(token)
    if found is None:
        raise Http404
    return HttpResponse(found, content_type="text/calendar; charset=utf-8")


@require_http_methods(["GET", "POST"])
def calendar_settings(request):
    """Make, renew or revoke the address of one's own feed; it is shown once."""
    url = ""
    if request.method == "POST" and "revoke" in request.POST:
        CalendarFeed.objects.filter(user=request.user).delete()
        messages.success(request, _("The old address no longer works."))
        return redirect("customers:calendar_settings")
    if request.method == "POST":
        url = whole(f"/calendar/{calendars.new_feed(request.user)}.ics")
    feed = CalendarFeed.objects.filter(user=request.user).first()
    return render(request, "customers/activities/calendar.html", {"feed": feed, "url": url})


@require_http_methods(["GET", "POST"])
def invitation_answer(request, token):
    """What somebody was invited to, and their answer; looking changes nothing."""
    participant = calendars.participant_of(token)
    if participant is None:
        raise Http404
    activity = participant.activity
    past = calendars.end_of(activity) < timezone.now()
    is_open = activity.status == Activity.OPEN and not past
    answer = request.POST.get("answer", "")
    if request.method == "POST" and is_open and answer in Participant.ANSWERS and answer:
        participant = answer_invitation(participant, answer, by=None)
    zone = zone_of(participant.user or activity.owner)
    with timezone.override(zone):
        context = {"participant": participant, "activity": activity, "open": is_open, "past": past, "zone": zone.key,
                   "ends_at": calendars.end_of(activity),
                   "answers": [(k, v) for k, v in Participant.ANSWERS.items() if k]}  # fmt: skip
        return render(request, "customers/activities/invitation.html", context)
