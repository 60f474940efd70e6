"""How the rows of a file become activities: calls, meetings, tasks and notes."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.guessing import normalise
from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets, targets_of
from customers.imports.common import with_columns
from customers.models import Activity
from customers.operations.activities import log_activities, update_activity

KIND_WORDS = {
    "calls": "call",
    "phone call": "call",
    "phone": "call",
    "emails": "email",
    "mail": "email",
    "e mail": "email",
    "meetings": "meeting",
    "appointment": "meeting",
    "demo": "meeting",
    "visit": "meeting",
    "webinar": "meeting",
    "notes": "note",
    "comment": "note",
    "to do": "task",
    "todo": "task",
    "to-do": "task",
    "follow-up": "task",
    "follow up": "task",
    "tasks": "task",
    "other": "note",
    "lunch": "meeting",
    "deadline": "task",
    "event": "meeting",
}
STATUS_WORDS = {
    "completed": "done",
    "complete": "done",
    "closed": "done",
    "finished": "done",
    "held": "done",
    "not started": "open",
    "in progress": "open",
    "waiting": "open",
    "waiting for input": "open",
    "waiting on someone else": "open",
    "deferred": "open",
    "planned": "open",
    "pending": "open",
    "scheduled": "open",
    "overdue": "open",
    "canceled": "cancelled",
    "not held": "cancelled",
    "yes": "done",
    "no": "open",
    "true": "done",
    "false": "open",
}
DIRECTION_WORDS = {
    "incoming": "in",
    "outgoing": "out",
    "received": "in",
    "sent": "out",
    "missed": "in",
    "internal": None,
}
PRIORITY_WORDS = {"highest": 1, "urgent": 1, "high": 1, "medium": 2, "normal": 2, "low": 3, "lowest": 3}
AT = (
    "start date time",
    "start datetime",
    "call start time",
    "start time",
    "interaction date",
    "due date",
    "activity date",
    "activity due date",
    "due",
    "deadline",
    "start",
    "start date",
    "date",
    "from",
    "when",
)
# A file that is all of one kind tells by its name or by the names of its columns.
FILE_WORDS = {
    "call": "call",
    "meeting": "meeting",
    "event": "meeting",
    "task": "task",
    "note": "note",
    "email": "email",
}


def activity_targets():
    """Where a column of a file of activities may go."""
    own = [
        external_id("task id", "event id", "call id", "activity id", "eventid", "taskid", "callid", "activityid"),
        Target(
            "kind",
            gettext_lazy("Kind"),
            "choice",
            ("activity type", "interaction type", "task type", "type"),
            choices=Activity.KINDS,
            value_map=KIND_WORDS,
        ),
        Target(
            "subject",
            gettext_lazy("Subject"),
            aliases=("activity subject", "task subject", "title", "topic"),
            limit=300,
        ),
        Target("body", gettext_lazy("Notes"), "longtext", ("description", "comments", "details", "content", "note")),
        Target("at", gettext_lazy("When"), "datetime", AT),
        Target(
            "ends_at", gettext_lazy("Until"), "datetime", ("end date time", "end datetime", "end time", "end", "to")
        ),
        Target(
            "duration",
            gettext_lazy("Minutes"),
            "number",
            (
                "call duration in minutes",
                "duration minutes",
                "duration",
                "call duration",
                "minutes",
                "call duration in seconds",
                "duration seconds",
                "seconds",
            ),
        ),
        Target(
            "direction",
            gettext_lazy("Direction"),
            "choice",
            ("call type", "call direction"),
            choices=Activity.DIRECTIONS,
            value_map=DIRECTION_WORDS,
        ),
        Target(
            "status",
            gettext_lazy("Status"),
            "choice",
            ("task status", "activity status", "done", "state"),
            choices=Activity.STATUSES,
            value_map=STATUS_WORDS,
        ),
        Target(
            "priority",
            gettext_lazy("Priority"),
            "choice",
            ("prio", "urgency"),
            choices=Activity.PRIORITIES,
            value_map=PRIORITY_WORDS,
        ),
        Target("outcome", gettext_lazy("Outcome"), aliases=("call result", "result"), limit=100),
        Target("place", gettext_lazy("Place"), aliases=("location", "venue", "where"), limit=200),
        Target("done_at", gettext_lazy("Done at"), "datetime", ("completed at", "closed time", "completed time")),
        *link_targets("contact", gettext_lazy("Contact"), "customers.contact", ("contact email", "contact name")),
        *link_targets(
            "account", gettext_lazy("Account"), "customers.account", ("account name", "company", "related to")
        ),
        *link_targets(
            "regarding", gettext_lazy("Opportunity"), "sales.opportunity", ("potential", "opportunity", "deal")
        )[1:],
        *link_targets("lead", gettext_lazy("Lead"), "marketing.lead", ())[1:],
    ]
    return with_columns(
        "customers.activity",
        own,
        targets_of,
        without=("customer", "customer.id", "number", "is_pinned", "reminded_at", "regarding", "repeats", "remind_at"),
    )


def prepare_activity(draft, _run):
    """An activity says something and cannot end before it begins."""
    values = draft.values
    if not values.get("subject") and not values.get("body"):
        draft.fail("", _("Subject and notes are both missing."))
        return
    if values.get("ends_at") and values.get("at") and values["ends_at"] < values["at"]:
        values.pop("ends_at")
        draft.warn("", _("It ended before it began; the end was left empty."))
    if not values.get("at") and values.get("created_at"):
        values["at"] = values["created_at"]


def guess_kind_of_activity(file_name, headers):
    """{"kind": …} when the file's name or its columns tell that all rows are of one kind; {} otherwise."""
    names = normalise(re.sub(r"\.\w+$", "", file_name)).split()
    for word in names:
        if kind := FILE_WORDS.get(word.removesuffix("s")):
            return {"kind": kind}
    firsts = [normalise(header).split()[:1] for header in headers]
    counts = {word: sum(first == [word] for first in firsts) for word in FILE_WORDS}
    best = max(counts, key=counts.get)
    return {"kind": FILE_WORDS[best]} if counts[best] > 1 else {}


def link_activity(field, pairs, *, by):
    """Set the contact or the account of activities that came before it."""
    for activity, record in pairs.items():
        if field in ("contact", "account"):
            update_activity(activity, {field: record}, by=by)


def id_prefix(values):
    """Calls, meetings and tasks are counted apart in other systems, so their ids may repeat."""
    return f"{values.get('kind') or 'activity'}:"


ACTIVITY_IMPORT = register(
    Importer(
        name="activities",
        label=gettext_lazy("Activities"),
        model=Activity,
        targets=activity_targets,
        order=40,
        icon="activity",
        create=log_activities,
        update=lambda record, values, by: update_activity(record, values, by=by),
        prepare=prepare_activity,
        link=link_activity,
        guess=guess_kind_of_activity,
        constants=("kind",),
        id_prefix=id_prefix,
    )
)
