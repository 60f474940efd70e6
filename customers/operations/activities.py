"""Operations on activities: log, change, finish, put off; and what keeps them beside the record they belong to."""

from datetime import datetime
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.history import events_of
from crm_site.core.models import User
from crm_site.core.operations import Refused, Stale, lock, new_rows, operation, write, write_locked
from customers.models import Activity, Participant
from customers.operations.linking import LINKS, known, link_rows, owner_of
from customers.operations.relating import carry_over, link_many, set_related

STEPS = {
    "daily": relativedelta(days=1), "weekly": relativedelta(weeks=1), "monthly": relativedelta(months=1),
    "yearly": relativedelta(years=1),
}  # fmt: skip
WAITING = (Activity.TASK, Activity.CALL, Activity.MEETING)
# What other apps do, in the same transaction, when activities were logged or completed: callables(activities).
AFTER_LOG = []
# As above, when the status or the time of activities may have changed in another way.
AFTER_CHANGE = []


@operation
def log_activities(rows, *, by):
    """Make many activities and return them; the import's way in.

    A row is a dict of field values, of which `subject` or `body` is enough; also `regarding` (any record), `seconds`
    (the duration as other systems give it), `participants` (contacts and users) and `also` (further records that it is
    about, as (kind, id)). Missing links are derived: the contact's main account, then the account's or the contact's
    customer. Raises PermissionDenied when a linked record is out of the user's reach.
    """
    rows = [dict(row) for row in rows]
    guests = [row.pop("participants", None) or () for row in rows]
    also = [row.pop("also", None) or () for row in rows]
    link_rows(rows, by)
    made = new_rows(Activity, [completed(row) for row in rows], by=by)
    Participant.objects.bulk_create(
        [guest(activity, party) for activity, parties in zip(made, guests, strict=True) for party in unique(parties)],
        batch_size=1000,
    )
    if related := [(activity, pair) for activity, pairs in zip(made, also, strict=True) for pair in pairs]:
        link_many(related, by)
    tell(made)
    return made


def tell(activities):
    """Let other apps know of what was logged or completed."""
    for hear in AFTER_LOG:
        hear(activities)


def tell_changed(activity):
    """Let other apps know that an activity changed; returns it."""
    for hear in AFTER_CHANGE:
        hear([activity])
    return activity


def log_activity(values, *, by):
    """Make one activity and return it."""
    return log_activities([values], by=by)[0]


def completed(row):
    """A row with what it leaves open: the kind, the subject, when, and whether it is done."""
    seconds = row.pop("seconds", None)
    if seconds is not None and row.get("duration") is None:
        row["duration"] = round(seconds / 60)
    row["kind"] = row.get("kind") or kind_by_facts(row)
    row["at"] = row.get("at") or timezone.now()
    row["body"] = row.get("body") or ""
    row["subject"] = (row.get("subject") or "").strip()[:300] or subject_from(row)
    if not row.get("status"):
        row["status"] = Activity.OPEN if is_ahead(row) else Activity.DONE
    if row["status"] == Activity.DONE and not row.get("done_at"):
        row["done_at"] = min(row["at"], timezone.now())
    return row


def kind_by_facts(row):
    """What a row from a file without kinds most likely is."""
    if row.get("direction") or row.get("duration") is not None:
        return Activity.CALL
    if row.get("ends_at") or row.get("place"):
        return Activity.MEETING
    return Activity.TASK if row.get("status") or row.get("repeats") else Activity.NOTE


def is_ahead(row):
    """Whether something of this kind at this time is still to be done."""
    return row["kind"] == Activity.TASK or (row["kind"] in WAITING and row["at"] > timezone.now())


def subject_from(row):
    """The first line of the notes, or the kind's name."""
    lines = row["body"].strip().splitlines()
    return lines[0].strip()[:120] if lines else str(Activity.KINDS[row["kind"]])


def guest(activity, party):
    """A participant, not yet saved."""
    return Participant(activity=activity, **{"user" if isinstance(party, User) else "contact": party})


def unique(parties):
    """The parties without repeats, in order."""
    return {(type(party), party.pk): party for party in parties}.values()


@operation
def update_activity(activity, values, *, by, version=None):
    """Change an activity; links, reminder, participants and further records (`also`, as (kind, id)) follow.

    Raises Stale when somebody saved meanwhile.
    """
    values = dict(values)
    parties, also = values.pop("participants", None), values.pop("also", None)
    current = lock(activity, by)
    if version is not None and version != current.version:
        raise Stale(current)
    if any(name in values and values[name] != getattr(current, name) for name in LINKS):
        values = relinked(current, values, by)
    if "remind_at" in values and values["remind_at"] != current.remind_at:
        values["reminded_at"] = None
    if values.get("status", current.status) != current.status:
        values["done_at"] = timezone.now() if values["status"] == Activity.DONE else None
    if parties is not None and set_participants(current, parties):
        values["changed_at"] = timezone.now()
    if also is not None and set_related(current, also, by):
        values["changed_at"] = timezone.now()
    return tell_changed(write_locked(current, values, by=by)[0])


def relinked(current, values, by):
    """The values with the links that follow from the changed ones, and the owner and team to follow."""
    links = {name: values.pop(name, getattr(current, name)) for name in LINKS}
    fresh = {name: link for name, link in links.items() if link and link.pk != getattr(current, f"{name}_id")}
    for name, link in fresh.items():
        known(LINKS[name], {link.pk}, by)
    if fresh.keys() == {"contact"}:
        links["account"] = links["customer"] = None
    row = {f"{name}_id": link.pk for name, link in links.items() if link}
    own = current.regarding_id and current.regarding_type.model_class() not in LINKS.values()
    if own:
        row |= {"regarding_type_id": current.regarding_type_id, "regarding_id": current.regarding_id}
    link_rows([row], None)
    empty = dict.fromkeys([f"{name}_id" for name in LINKS])
    if not own:
        empty |= dict.fromkeys(("regarding_type_id", "regarding_id", "followed_owner_id", "followed_team_id"))
    return values | empty | row


def set_participants(activity, parties):
    """Make the parties the activity's participants, keeping the answers of those who stay; whether any changed."""
    wanted = {("user" if isinstance(p, User) else "contact", p.pk): p for p in parties}
    had = {("user", p.user_id) if p.user_id else ("contact", p.contact_id): p for p in activity.participants.all()}
    gone = [row.pk for key, row in had.items() if key not in wanted]
    Participant.objects.filter(pk__in=gone).delete()
    fresh = [guest(activity, party) for key, party in wanted.items() if key not in had]
    Participant.objects.bulk_create(fresh)
    return bool(gone or fresh)


@operation
def complete_activity(activity, *, by, outcome=""):
    """Mark an activity as done and return it; the next one of a repeating task is made, once.

    What was due counts from now on as having happened now; a meeting keeps its time. Done already: nothing happens.
    """
    current = lock(activity, by)
    if current.status == Activity.DONE:
        return current
    now, values = timezone.now(), {"status": Activity.DONE, "outcome": outcome or current.outcome, "repeats": ""}
    values |= {"done_at": now} | ({} if current.kind == Activity.MEETING else {"at": now})
    if current.repeats:
        repeat(current, by)
    done = write_locked(current, values, by=by)[0]
    tell([done])
    return done


@operation
def repeat_due(*, by, limit=100):
    """Make the next ones of open tasks that come again by date and whose moment has come; returns how many.

    Each is made once, however many workers sweep: the series goes on with the new one. `by` is None.
    """
    rows = Activity.objects.unscoped("the clock repeats for everybody").filter(
        repeats_by_date=True, status=Activity.OPEN, deleted_at__isnull=True, at__lte=timezone.now()
    )
    rows = rows.exclude(repeats="").select_for_update(skip_locked=True, of=("self",)).select_related("owner")
    found = list(rows.order_by("at")[:limit])
    for activity in found:
        tell_changed(repeat(activity, by))
        write_locked(activity, {"repeats": ""}, by=by)
    return len(found)


def repeat(activity, by):
    """Make the next one of a repeating activity, about the same records and with the same people, and return it."""
    made = Activity.objects.bulk_create([next_of(activity, by)])[0]
    carry_over(activity, made)
    rows = activity.participants.order_by("pk").values("contact_id", "user_id")
    Participant.objects.bulk_create([Participant(activity=made, **row) for row in rows])
    return made


def next_of(activity, by):
    """The activity's next occurrence after now, not yet saved; it carries the series on."""
    at = next_time(activity.at, activity.repeats, zone_of(activity.owner))
    later = at - activity.at
    kept = (
        "kind", "direction", "subject", "body", "duration", "place", "priority", "repeats", "repeats_by_date",
        "is_private", "owner_id", "team_id", "regarding_type_id", "regarding_id", "contact_id", "account_id",
        "customer_id", "followed_owner_id", "followed_team_id", "tags",
    )  # fmt: skip
    return Activity(
        **{name: getattr(activity, name) for name in kept}, at=at, status=Activity.OPEN, created_by=by, changed_by=by,
        ends_at=activity.ends_at and activity.ends_at + later,
        remind_at=activity.remind_at and activity.remind_at + later,
    )  # fmt: skip


def next_time(at, repeats, zone, now=None):
    """The first repetition of `at` that is still to come, at the same time of day in the zone.

    The last day of a month repeats on the last day; other days that a month lacks move to its end.
    """
    start, step, now = at.astimezone(zone), STEPS[repeats], now or timezone.now()
    at_end = repeats == "monthly" and (start + relativedelta(days=1)).month != start.month
    count = 0
    while True:
        count += 1
        found = start.replace(tzinfo=None) + step * count
        if at_end:
            found += relativedelta(day=31)
        found = found.replace(tzinfo=zone)
        if found > now:
            return found


def zone_of(user):
    """The user's time zone, else the site's."""
    return ZoneInfo((user and user.time_zone) or settings.TIME_ZONE)


@operation
def reopen_activity(activity, *, by):
    """Take back that an activity is done or cancelled; it is due again when it was."""
    current = lock(activity, by)
    if current.status == Activity.OPEN:
        return current
    before = events_of(current).filter(status=Activity.OPEN).first()
    at = before.at if before else current.at
    return tell_changed(write_locked(current, {"status": Activity.OPEN, "done_at": None, "at": at}, by=by)[0])


@operation
def snooze_activity(activity, until, *, by):
    """Put an open activity off until a moment; its reminder moves along."""
    current = lock(activity, by)
    if current.status != Activity.OPEN:
        raise Refused(_("This is no longer open."))
    later = until - current.at
    values = {"at": until, "ends_at": current.ends_at and current.ends_at + later}
    if current.remind_at:
        values |= {"remind_at": current.remind_at + later, "reminded_at": None}
    return tell_changed(write_locked(current, values, by=by)[0])


@operation
def cancel_activity(activity, *, by):
    """Mark an activity as cancelled; the participants of a meeting who were invited are told."""
    current = lock(activity, by)
    happened = {} if current.kind == Activity.MEETING or current.status != Activity.OPEN else {"at": timezone.now()}
    current, changed = write_locked(current, {"status": Activity.CANCELLED, "done_at": None} | happened, by=by)
    if changed:
        current.participants.filter(invited_at__isnull=False).update(invite_due=timezone.now())
    return tell_changed(current)


@operation
def pin_activity(activity, *, by, pinned=True):
    """Keep an activity at the top of its timelines, or let it go."""
    return write(activity, {"is_pinned": pinned}, by=by)[0]


@operation
def invite_participants(activity, *, by):
    """Put an invitation to everybody who takes part into the outbox; returns how many.

    Nobody is asked who wants no contact or has no address.
    """
    current = lock(activity, by)
    if current.kind != Activity.MEETING or current.status != Activity.OPEN:
        raise Refused(_("Only a meeting that is still to come can have invitations."))
    rows = current.participants.exclude(user=current.owner_id).exclude(contact__do_not_contact=True)
    return rows.exclude(contact__email="").update(invite_due=timezone.now())


@operation
def answer_invitation(participant, answer, *, by):
    """Record what somebody answered to an invitation; `by` is None when they came by their own link."""
    if answer not in Participant.ANSWERS:
        raise Refused(_("There is no such answer."))
    Participant.objects.filter(pk=participant.pk).update(answer=answer, answered_at=timezone.now())
    return Participant.objects.get(pk=participant.pk)


def follow(record):
    """Give the activities that belong to a record its owner and team; part of the operation that changed these."""
    Activity.objects.unscoped("they follow the record").filter(
        regarding_type=ContentType.objects.get_for_model(type(record)), regarding_id=record.pk
    ).update(**owner_of(record))


def adopt(customer):
    """Let a new customer count the activities of its account or its contact that count for none yet."""
    key = Q(account=customer.account_id) if customer.account_id else Q(contact=customer.contact_id)
    Activity.objects.unscoped("they count for the new customer").filter(key, customer__isnull=True).update(
        customer=customer
    )


def tomorrow_at(hour, zone, days=1):
    """The moment at this hour, so many days after today in the zone."""
    day = datetime.now(zone).date() + relativedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone)


__all__ = [
    "adopt", "answer_invitation", "cancel_activity", "complete_activity", "follow", "invite_participants",
    "log_activities", "log_activity", "next_time", "pin_activity", "reopen_activity", "repeat_due",
    "snooze_activity", "tomorrow_at", "update_activity", "zone_of",
]  # fmt: skip
