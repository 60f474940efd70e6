"""Who has a case: by hand, by the queue's way of giving cases out, or by taking the next one."""

from collections import defaultdict
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.models import User
from crm_site.core.notifications import notify
from crm_site.core.operations import lock, operation, refuse, write, write_many
from customers.operations.activities import follow
from customers.operations.following import follow_many, reachable
from support.models import Case, Queue, Status
from support.operations.story import address_of, note_event, note_events, said, tell


@operation
def assign_case(case, owner, *, by, at=None):
    """Give a case to an agent, or to nobody, and return it; the agent is told. The team stays the queue's."""
    current = lock(case, by, "assign") if owner != by else lock(case, by)
    need_owner(current.is_private, owner)
    current, changed = write(current, {"owner": owner} | team_for(current, owner), by=by)
    if "owner" in changed:
        handed(current, by=by, at=at)
    return current


def need_owner(private, owner):
    """Refuse a private case without an agent: nobody would see it."""
    if private and not owner:
        refuse(_("A case that is only for its agent needs one."), "owner")


def team_for(case, owner):
    """The team beside an owner: that of the queue; without one, the owner's."""
    if case.queue_id and case.queue.team_id:
        return {"team": case.queue.team}
    return {"team": owner.team} if owner and owner.team_id else {}


def handed(case, *, by, at=None):
    """The event, the reach of activities and the notification after the owner of a case changed."""
    follow(case)
    text = _("Assigned to %(name)s") % {"name": case.owner} if case.owner_id else _("Assigned to nobody")
    note_event(case, text, by=by, at=at)
    if case.owner_id and case.owner != by and not at:
        tell(case, [case.owner], said(case, _("is yours now")), f"case:{case.pk}:owner:{case.version}")


@operation
def take_next(queue, *, by):
    """Give the user the next case of a queue and return it, or None when none waits.

    The order is: due soonest, then priority, then age. Two agents never get the same one, and none waits for another.
    """
    case = waiting_in(queue, by).select_for_update(of=("self",), skip_locked=True).first()
    if case is None:
        return None
    case, _changed = write(case, {"owner": by} | team_for(case, by), by=by)
    handed(case, by=by)
    return case


def by_urgency(queues, user):
    """Those of the queues in which something waits for the user, the one whose case is to be taken first before all."""
    firsts = {queue: waiting_in(queue, user).values_list("due_at", "priority", "id").first() for queue in queues}
    return sorted((queue for queue, first in firsts.items() if first), key=firsts.get)


@operation
def assign_by_mode(cases, *, by):
    """Give the waiting ones of these cases to members of their queues as the queues say; returns those given out.

    A queue stays locked until the transaction ends, so that turns are never given twice. The number of statements
    grows with queues and members, not with cases. The given objects are kept up to date.
    """
    waiting = [c for c in cases if c.owner_id is None and c.queue_id and c.category in Status.UNRESOLVED]
    desks = open_desks({case.queue_id for case in waiting})
    if not desks:
        return []
    last = last_helpers([c for c in waiting if c.queue_id in desks and desks[c.queue_id].queue.mode == Queue.STICKY])
    given = defaultdict(list)
    for case in waiting:
        member = desks[case.queue_id].pick(case, last.get(case.pk)) if case.queue_id in desks else None
        if member:
            given[case.queue_id, member.user_id].append((case, member.user))
    for desk in desks.values():
        Queue.objects.filter(pk=desk.queue.pk).update(cursor=desk.cursor)
    for (queue, _user), pairs in given.items():
        hand_out([case for case, _owner in pairs], pairs[0][1], desks[queue].queue, by)
    return [case for pairs in given.values() for case, _owner in pairs]


def hand_out(cases, owner, queue, by):
    """Write one owner to some cases of a queue, with events and a notification; five statements."""
    team = queue.team_id or owner.team_id
    rows = Case.objects.unscoped("a queue hands out the company's cases").filter(pk__in=[case.pk for case in cases])
    write_many(rows, {"owner": owner, "team_id": team}, by=by)
    for case in cases:
        case.owner, case.team_id, case.version = owner, team, case.version + 1
    follow_many(Case, [case.pk for case in cases])
    note_events(cases, _("Assigned to %(name)s") % {"name": owner}, by=by)
    told = [case for case in cases if owner != by]
    notify([
        {"user_id": owner.pk, "text": said(case, _("is yours now")), "url": address_of(case),
         "key": f"case:{case.pk}:owner:{case.version}"} for case in told
    ])  # fmt: skip


def open_desks(queues):
    """{queue id: Desk} of those queues that give cases out by themselves, locked until the transaction ends."""
    rows = Queue.objects.select_for_update(of=("self",)).filter(pk__in=queues, is_active=True)
    found = list(rows.exclude(mode=Queue.MANUAL).order_by("pk")) if queues else []
    prefetch_related_objects(found, "members__user")
    users = {member.user_id for queue in found for member in queue.members.all()}
    if users:
        # Two queues may have a member in common, whose open cases are counted below.
        list(User.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=users).order_by("pk"))
    loads = open_loads(users)
    return {queue.pk: Desk(queue, loads) for queue in found}


def open_loads(users):
    """{user id: number of open cases}; one statement."""
    rows = Case.objects.unscoped("a limit counts all cases of a member").filter(
        owner__in=users, category__in=Status.UNRESOLVED, deleted_at__isnull=True
    )
    return dict(rows.order_by().values_list("owner").annotate(Count("pk"))) if users else {}


def last_helpers(cases):
    """{case id: id of the user who had the reporter's last case}, else that of the customer; two statements."""
    found = {}
    for key in ("customer_id", "contact_id"):
        ids = {getattr(case, key) for case in cases} - {None}
        rows = Case.objects.unscoped("who helped is a fact").filter(**{f"{key}__in": ids}, owner__isnull=False)
        pairs = rows.order_by(key, "-id").distinct(key).values_list(key, "owner_id") if ids else ()
        helped = dict(pairs)
        found |= {case.pk: helped[getattr(case, key)] for case in cases if getattr(case, key) in helped}
    return found


class Desk:
    """A queue's members and whose turn it is; `loads` counts their open cases and is kept while cases are given."""

    def __init__(self, queue, loads):
        self.queue, self.loads, self.cursor = queue, loads, queue.cursor
        self.members = list(queue.members.all())
        self.skills = {skill.casefold() for member in self.members for skill in member.skills}

    def pick(self, case, helper=None):
        """The member who gets a case, or None when nobody can take it."""
        able = [place for place, member in enumerate(self.members) if self.can(member, case)]
        if not able:
            return None
        if self.queue.mode == Queue.ROUND_ROBIN:
            place = min(able, key=lambda place: (place - self.cursor) % len(self.members))
            self.cursor = place + 1
        else:
            place = next((p for p in able if self.members[p].user_id == helper), None)
            if place is None:
                place = min(able, key=lambda p: (self.loads.get(self.members[p].user_id, 0), p))
        user = self.members[place].user_id
        self.loads[user] = self.loads.get(user, 0) + 1
        return self.members[place]

    def can(self, member, case):
        """Whether a member is there, has room, and has the skills that the case asks for."""
        user = member.user
        if not user.is_active or user.door != User.STAFF:
            return False
        today = timezone.now().astimezone(ZoneInfo(user.time_zone or settings.TIME_ZONE)).date()
        if member.away_until and today <= member.away_until:
            return False
        if member.capacity is not None and self.loads.get(user.pk, 0) >= member.capacity:
            return False
        return self.asked(case) <= {skill.casefold() for skill in member.skills}

    def asked(self, case):
        """The skills that a case asks for: those of its tags, type and product that a member of the queue has."""
        if not self.skills:
            return set()
        words = [*case.tags, case.type, str(case.product) if case.product_id else ""]
        return {word.casefold() for word in words} & self.skills


def waiting_in(queue, user):
    """The cases that the user could take next from a queue, in the order in which they are taken."""
    return reachable(Case, user, "change").filter(
        queue=queue, owner__isnull=True, category__in=[Status.NEW, Status.OPEN], deleted_at__isnull=True
    ).order_by("due_at", "priority", "id")  # fmt: skip
