"""Changes of many cases at once, as jobs of the kit: status, queue, priority, spam; and what hangs on an owner."""

from collections import defaultdict

from django.db.models import F, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.core import bulk
from crm_site.core.loading import read_many
from crm_site.core.notifications import notify
from crm_site.core.operations import write_many
from customers.operations.following import follow_many
from support import clocks
from support.dues import write_with_due
from support.models import Case, Queue, Status
from support.operations.handing import assign_by_mode
from support.operations.states import put_status, status_of
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
    return put_status(loaded(rows.exclude(status=status), *OF_STATE), status, by=job.user, at=timezone.now())


def mark_spam_rows(job, _kind, rows):
    """Mark the rows as spam and close them; their clocks end."""
    cases, now, spam = loaded(rows.filter(is_spam=False), *OF_STATE), timezone.now(), {"is_spam": True}
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
    cases = change(loaded(rows.exclude(queue=queue), *OF_PROMISE, "tags"), values, text, job.user)
    follow_many(Case, [case.pk for case in cases])
    assign_by_mode(cases, by=job.user)
    return len(cases)


def set_priority_rows(job, _kind, rows):
    """Give the rows the job's priority; their clocks are computed anew."""
    priority = job.options["values"]["priority"]
    text = _("Priority: %(name)s") % {"name": Case.PRIORITIES[priority]}
    return len(change(loaded(rows.exclude(priority=priority), *OF_PROMISE), {"priority": priority}, text, job.user))


def loaded(rows, *only):
    """The rows that are not merged, or `only` some of their columns, with what their clocks read; three statements."""
    return read_many(rows.filter(merged_into__isnull=True).order_by("pk"), "status", "queue", only=only)


def found(cases):
    """The same cases as a query."""
    return Case.objects.unscoped("the job asked the gate").filter(pk__any_of={case.pk for case in cases})


def change(cases, values, text, by):
    """Set what a promise hangs on, note it, and have the clocks computed anew; returns the cases."""
    now = timezone.now()
    note_events(cases, text, by=by, at=now)
    for case in cases:
        for name, value in values.items():
            setattr(case, name, value)
    clocks.promise_anew(cases, clocks.chosen(cases), now, text)
    write_with_due(cases, [*values, "policy_why"], by=by)
    return cases


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


for name, do in (
    ("set_status", set_status_rows), ("set_queue", set_queue_rows), ("set_priority", set_priority_rows),
    ("mark_spam", mark_spam_rows),
):  # fmt: skip
    bulk.CHANGES[name] = bulk.Change("change", do, undoable=False)
