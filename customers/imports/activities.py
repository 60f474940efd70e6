"""How the rows of a file become activities: calls, meetings, tasks and notes."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.guessing import normalise
from crm_site.core.imports.links import by_ids
from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Importer, Target, external_id, importer_of, register
from crm_site.core.imports.targets import link_targets, targets_of
from customers.imports.common import with_columns
from customers.models import Activity
from customers.operations.activities import log_activities, update_activity
from customers.operations.regarding import regard_activities
from customers.operations.relating import relatable, related_of

KIND_WORDS = {
    "calls": "call",
    "phone call": "call",
    "phone": "call",
    "emails": "email",
    "mail": "email",
    "text message": "sms",
    "text": "sms",
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
    "to do": "open",
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
MINUTES = (
    "call duration in minutes", "duration minutes", "duration", "call duration", "minutes",
    "call duration in seconds", "duration seconds", "seconds",
)  # fmt: skip
ALSO = ("also regarding", "also related to", "other related ids", "secondary records")
# A file that is all of one kind tells by its name or by the names of its columns.
# What a link that comes late may take an activity from: a deal also from a lead.
BELONGS = {"lead": ("account", "contact", "customer"), "regarding": ("account", "contact", "customer", "lead")}
FILE_WORDS = {
    "call": "call",
    "meeting": "meeting",
    "event": "meeting",
    "task": "task",
    "note": "note",
    "email": "email",
    "sms": "sms",
}


def activity_targets():
    """Where a column of a file of activities may go."""
    return with_columns(
        "customers.activity",
        [*what_targets(), *when_targets(), *with_whom_targets()],
        targets_of,
        without=("customer", "customer.id", "number", "is_pinned", "repeats", "repeats_by_date", "remind_at"),
    )


def what_targets():
    """What was done, and how it stands."""
    return [
        external_id("task id", "event id", "call id", "activity id", "eventid", "taskid", "callid", "activityid"),
        choice("kind", gettext_lazy("Kind"), Activity.KINDS, KIND_WORDS, ("activity type", "interaction type", "type")),
        Target("subject", gettext_lazy("Subject"), aliases=("activity subject", "task subject", "title"), limit=300),
        Target("body", gettext_lazy("Notes"), "longtext", ("description", "comments", "details", "content", "note")),
        choice("direction", gettext_lazy("Direction"), Activity.DIRECTIONS, DIRECTION_WORDS, ("call type",)),
        choice("status", gettext_lazy("Status"), Activity.STATUSES, STATUS_WORDS, ("task status", "done", "state")),
        choice("priority", gettext_lazy("Priority"), Activity.PRIORITIES, PRIORITY_WORDS, ("prio", "urgency")),
        Target("outcome", gettext_lazy("Outcome"), aliases=("call result", "result"), limit=100),
        Target("place", gettext_lazy("Place"), aliases=("location", "venue", "where"), limit=200),
    ]


def choice(name, label, choices, words, aliases):
    """The target of a choice, with the words that other systems use for it."""
    return Target(name, label, "choice", aliases, choices=choices, value_map=words)


def when_targets():
    """When it was or is to be, and how long it took."""
    return [
        Target("at", gettext_lazy("When"), "datetime", AT),
        Target("ends_at", gettext_lazy("Until"), "datetime", ("end date time", "end datetime", "end time", "end")),
        Target("duration", gettext_lazy("Minutes"), "number", MINUTES),
        Target("done_at", gettext_lazy("Done at"), "datetime", ("completed at", "closed time", "completed time")),
    ]


def with_whom_targets():
    """The records that it belongs to; those of other apps wait until these import theirs."""
    contact = ("contact email", "contact name", "who", "person", "contact person", "associated contact")
    account = ("account name", "company", "organization", "associated company")
    deal = (
        "opportunity name",
        "deal name",
        "potential name",
        "potential",
        "opportunity",
        "deal",
        "what",
        "associated deal",
    )
    return [
        *link_targets("contact", gettext_lazy("Contact"), "customers.contact", contact),
        *link_targets("account", gettext_lazy("Account"), "customers.account", account),
        *link_targets("regarding", gettext_lazy("Opportunity"), "sales.opportunity", deal),
        *link_targets("lead", gettext_lazy("Lead"), "sales.lead")[1:],
        *link_targets("about", gettext_lazy("Account, contact, deal or lead"), "", ("related to", "related record")),
        Target("also", gettext_lazy("Also regarding: ids there, or names"), aliases=ALSO, limit=2000),
    ]


def gather_related(drafts, run):
    """Put on drafts, as (kind, id), what their rows are about besides: two queries a kind for all of them."""
    texts = {id(draft): divided(draft.values.pop("also", "") or "") for draft in drafts}
    wanted, found = {text for each in texts.values() for text in each}, {}
    for importer in filter(None, (wanted and importer_of(kind.key) for kind in relatable())):
        ids, names = by_ids(run, importer, wanted), importer.find(wanted, run.user) if importer.find else {}
        for text in wanted:
            same = [ids[text]] if text in ids else names.get(fold(text), [])
            found.setdefault(text, set()).update((importer.key, record.pk) for record in same)
    for draft in drafts:
        alone = [found[text] for text in texts[id(draft)] if len(found[text]) == 1]
        if alone:
            draft.values["also"] = [pair for pairs in alone for pair in pairs]
        for text in texts[id(draft)]:
            if len(found[text]) != 1:
                sentence = _("No one record that you may see is called “%(name)s”; the link was left out.")
                draft.warn(run.plan.header_of.get("also", ""), sentence % {"name": text}, sentence % {"name": "…"})


def divided(text):
    """The parts of a cell that holds several values."""
    return [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]


def prepare_activity(draft, _run):
    """An activity says something and cannot end before it begins; it belongs to a deal before a lead."""
    values = draft.values
    if lead := values.pop("lead", None):
        values.setdefault("regarding", lead)
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
    """Set the contact or the account of activities that came before it, or the deal or lead that they belong to."""
    if field in BELONGS:
        regard_activities(pairs, by=by, over=BELONGS[field])
        return
    for activity, record in pairs.items():
        update_activity(activity, {field: record}, by=by)


def change_activity(activity, values, by):
    """Change an activity as its row says, also the deal or lead that it belongs to."""
    values = dict(values)
    record = values.pop("regarding", None)
    key = record and record._meta.model_name
    if record and activity.regarding != [(record._meta.label_lower, record.pk)]:
        regard_activities({activity: record}, by=by, over=BELONGS.get(key, BELONGS["regarding"]))
    return update_activity(activity, values, by=by)


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
        update=change_activity,
        prepare=prepare_activity,
        gather=gather_related,
        parts=lambda activity: {"also": [list(pair) for pair in related_of([activity])[activity.pk]]},
        link=link_activity,
        guess=guess_kind_of_activity,
        constants=("kind",),
        id_prefix=id_prefix,
    )
)
