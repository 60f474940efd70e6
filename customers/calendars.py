"""Meetings as calendar programs know them: an invitation, a cancellation, and a user's own feed."""

import secrets
from datetime import timedelta

from django.core import signing
from django.utils import timezone

from crm_site.core.later import Later
from crm_site.core.outside import digest, host
from customers import timeline
from customers.models import Activity, CalendarFeed, Participant

icalendar = Later("icalendar")

ANSWERS = {"": "NEEDS-ACTION", "accepted": "ACCEPTED", "declined": "DECLINED", "tentative": "TENTATIVE"}
STATUSES = {Activity.OPEN: "CONFIRMED", Activity.DONE: "CONFIRMED", Activity.CANCELLED: "CANCELLED"}
BACK, AHEAD = timedelta(days=60), timedelta(days=400)
SALT = "invitation"


def calendar(method):
    """An empty calendar of ours."""
    made = icalendar.Calendar()
    made.add("prodid", "-//Kith//Kith//EN")
    made.add("version", "2.0")
    made.add("method", method)
    return made


def event_of(activity, participants=()):
    """A meeting as VEVENT: the UID never changes, the sequence grows with each change of the record."""
    event = icalendar.Event()
    event.add("uid", f"activity-{activity.pk}@{host()}")
    event.add("sequence", activity.version)
    event.add("dtstamp", utc(activity.changed_at))
    event.add("dtstart", utc(activity.at))
    event.add("dtend", utc(end_of(activity)))
    event.add("summary", activity.subject)
    event.add("status", STATUSES[activity.status])
    if activity.place:
        event.add("location", activity.place)
    if activity.body:
        event.add("description", activity.body)
    if activity.owner:
        event["organizer"] = person(activity.owner.email, str(activity.owner))
    for participant in participants:
        add_attendee(event, participant)
    return event


def utc(moment):
    """The moment in UTC: it needs no description of a zone and is right for every reader."""
    return moment.astimezone(timezone.get_fixed_timezone(0))


def end_of(activity):
    """When a meeting ends: as said, by its minutes, or after an hour."""
    return activity.ends_at or activity.at + timedelta(minutes=activity.duration or 60)


def person(email, name):
    """A calendar address with a name."""
    address = icalendar.vCalAddress(f"mailto:{email}")
    address.params["cn"] = name
    return address


def add_attendee(event, participant):
    """Name a participant and their answer; somebody without an address cannot be named."""
    party = participant.contact or participant.user
    if not party.email:
        return
    address = person(party.email, str(party))
    address.params["partstat"], address.params["rsvp"] = ANSWERS[participant.answer], "TRUE"
    event.add("attendee", address, encode=0)


def invitation(activity):
    """The file that invites to a meeting, or takes the invitation back when it is cancelled; bytes."""
    method = "CANCEL" if activity.status == Activity.CANCELLED else "REQUEST"
    made = calendar(method)
    made.add_component(event_of(activity, activity.participants.select_related("contact", "user")))
    return made.to_ical()


def answer_token(participant):
    """What the link in an invitation carries: signed, so that nobody can make one for another."""
    return signing.dumps(participant.pk, salt=SALT)


def participant_of(token):
    """The participant whom a link names, with the meeting; None for a forged link or a meeting that is gone."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    rows = Participant.objects.select_related("activity__owner", "contact", "user")
    return rows.filter(pk=pk, activity__deleted_at__isnull=True).first()


def new_feed(user):
    """Make the user's secret feed, in place of an earlier one, and return its token; it is never shown again."""
    token = secrets.token_urlsafe(32)
    values = {"token_hash": digest(token), "created_at": timezone.now()}
    CalendarFeed.objects.update_or_create(user=user, defaults=values)
    return token


def feed_of(token):
    """The user's meetings as a calendar, bytes; None when nobody has this token or they may no longer sign in."""
    feed = CalendarFeed.objects.select_related("user").filter(token_hash=digest(token), user__is_active=True).first()
    if feed is None:
        return None
    made, now = calendar("PUBLISH"), timezone.now()
    made.add("x-wr-calname", f"Kith · {feed.user}")
    for activity in timeline.meetings_of(feed.user, now - BACK, now + AHEAD, limit=2000):
        made.add_component(event_of(activity))
    return made.to_ical()
