"""Changes of many cases at once, as jobs of the kit: status, queue, priority, spam; and what hangs on an owner."""

from collections import defaultdict

from django.db.models import F, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.core import bulk
from crm_site.core.loading import read_many
from crm_site.core.models import BulkChange
from crm_site.core.notifications import notify
from crm_site.core.operations import write_many
from customers.operations.following import follow_many
from support import clocks
from support.dues import write_with_due
from support.models import Case, Queue, Status
from support.operations.handing import assign_by_mode
from support.operations.states import STATE, ended_as, put_status, status_of
from support.operations.story import note_events

# What a change of status reads of a case.
OF_STATE = (
    "status", "category", "queue", "team", "owner", "priority", "version", "resolved_at", "closed_at",
    "first_resolved_at", "reopened", "created_at", "closes_at", "close_reason", "is_spam", "waiting_since",
)  # fmt: skip
# What the choice of a service level and the clocks by it read of a case.
OF_PROMISE = (
    "status", "category", "queue", "team", "owner", "priority", "version", "created_at", "policy", "entitlement",
    "customer", "account", "product", "partner", "type", "channel", "subject", "policy_why", "first_replied_at",
    "waiting_since", "contact",
)  # fmt: skip


def set_status_rows(job, _kind, rows):
    """Give the rows the job's status; merged ones stay."""
    status = Status.objects.get(pk=job.options["values"]["status_id"])
    cases = remembered(job, loaded(rows.exclude(status=status), *OF_STATE), STATE)
    return put_status(cases, status, by=job.user, at=timezone.now())


def mark_spam_rows(job, _kind, rows):
    """Mark the rows as spam and close them; their clocks end."""
    cases = remembered(job, loaded(rows.filter(is_spam=False), *OF_STATE), STATE)
    now, spam = timezone.now(), {"is_spam": True}
    closed = [case for case in cases if case.category == Status.CLOSED]
    write_many(found(closed), spam, by=job.user)
    open_ones = [case for case in cases if case.category != Status.CLOSED]
    clocks.cancel_all(open_ones, now, _("Spam"))
    put_status(open_ones, status_of(Status.CLOSED), by=job.user, at=now, reason=_("Spam"), also=spam)
    return len(cases)


def set_queue_rows(job, _kind, rows):
    """Put the rows into the job's queue, with its team and its way of giving cases out."""
    queue = Queue.objects.select_related("team").get(pk=job.options["values"]["queue_id"])
    values = {"queue": queue} | ({"team": queue.team} if queue.team_id else {})
    text = _("Queue: %(name)s") % {"name": queue}
    cases = remembered(job, loaded(rows.exclude(queue=queue), *OF_PROMISE, "tags"), ("queue_id", "team_id", "owner_id"))
    change(cases, values, text, job.user)
    follow_many(Case, [case.pk for case in cases])
    if assign_by_mode(cases, by=job.user):
        version = Case.objects.filter(pk=OuterRef("object_id")).values("version")
        BulkChange.objects.filter(job=job.pk, object_id__in=[case.pk for case in cases]).update(version=version)
    return len(cases)


def set_priority_rows(job, _kind, rows):
    """Give the rows the job's priority; their clocks are computed anew."""
    priority = job.options["values"]["priority"]
    text = _("Priority: %(name)s") % {"name": Case.PRIORITIES[priority]}
    cases = remembered(job, loaded(rows.exclude(priority=priority), *OF_PROMISE), ("priority",))
    return len(change(cases, {"priority": priority}, text, job.user))


def remembered(job, cases, columns):
    """The cases, of which the columns are remembered so that the change can be taken back."""
    if cases:
        bulk.remember(job, Case, [case.pk for case in cases], columns)
    return cases


def states_back(job, changes):
    """Give cases the states again that a change of many took; their clocks go on from now."""
    states, groups = {change.object_id: change.before for change in changes}, defaultdict(list)
    for case in loaded(found_by(states), *OF_STATE):
        groups[states[case.pk]["status_id"]].append(case)
    for status in Status.objects.filter(pk__in=groups):
        before = {case.pk: ended_as(states[case.pk]) for case in groups[status.pk]}
        put_status(groups[status.pk], status, by=job.user, at=timezone.now(), own=before)


def promises_back(job, changes):
    """Give cases the priority or the queue again that a change of many took; their clocks are computed anew."""
    before = {change.object_id: change.before for change in changes}
    cases, names = loaded(found_by(before), *OF_PROMISE, "tags"), list(changes[0].before)
    ids = {values.get("queue_id") for values in before.values()} - {None}
    queues = Queue.objects.select_related("team").in_bulk(ids)
    for case in cases:
        for name, value in before[case.pk].items():
            setattr(case, name, value)
        if "queue_id" in names:
            case.queue = queues.get(case.queue_id)
    promise(cases, names, _("Taken back"), job.user)
    if "queue_id" in names:
        follow_many(Case, [case.pk for case in cases])


def loaded(rows, *only):
    """The rows that are not merged, or `only` some of their columns, with what their clocks read; three statements."""
    return read_many(rows.filter(merged_into__isnull=True).order_by("pk"), "status", "queue", only=only)


def found(cases):
    """The same cases as a query."""
    return found_by(case.pk for case in cases)


def found_by(ids):
    """The cases with these ids as a query."""
    return Case.objects.unscoped("the job asked the gate").filter(pk__any_of=set(ids))


def change(cases, values, text, by):
    """Set what a promise hangs on, note it, and have the clocks computed anew; returns the cases."""
    for case in cases:
        for name, value in values.items():
            setattr(case, name, value)
    promise(cases, values, text, by)
    return cases


def promise(cases, names, text, by):
    """Note and write the named fields, which cases have been given, and have the clocks computed anew."""
    now = timezone.now()
    note_events(cases, text, by=by, at=now)
    clocks.promise_anew(cases, clocks.chosen(cases), now, text)
    write_with_due(cases, [*names, "policy_why"], by=by)


def after_assign(ids):
    """Many cases got another agent: the team stays the queue's, activities follow, and the agents are told."""
    rows = Case.objects.unscoped("the change asked the gate").filter(pk__any_of=ids)
    team = Queue.objects.filter(pk=OuterRef("queue")).values("team")[:1]
    rows.filter(queue__team__isnull=False).exclude(team=F("queue__team")).update(team=Subquery(team))
    follow_many(Case, ids)
    groups = defaultdict(list)
    for case in read_many(rows.order_by("pk"), "owner", "changed_by", only=("owner", "changed_by", "version")):
        groups[case.owner, case.changed_by].append(case)
    for (owner, by), cases in groups.items():
        name = owner or _("nobody")
        note_events(cases, _("Assigned to %(name)s") % {"name": name}, by=by)
        if owner and owner != by:
            text = ngettext("%(count)s case is yours now.", "%(count)s cases are yours now.", len(cases))
            key = f"cases:{max(case.pk for case in cases)}:{sum(case.version for case in cases)}"
            url = f"/cases/{cases[0].pk}/" if len(cases) == 1 else "/cases/?mine=true"
            notify([{"user_id": owner.pk, "text": text % {"count": len(cases)}, "url": url, "key": key}])


for name, do, back in (
    ("set_status", set_status_rows, states_back), ("mark_spam", mark_spam_rows, states_back),
    ("set_queue", set_queue_rows, promises_back), ("set_priority", set_priority_rows, promises_back),
):  # fmt: skip
    bulk.CHANGES[name] = bulk.Change("change", do, back=back)
