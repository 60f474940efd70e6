"""How a log of events becomes cases with a past: each row is one moment in the life of a case, replayed in order.

The operations of cases are called with the moment of the row, so that clocks, pauses and verdicts are those that
would have been.
"""

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.links import content_type
from crm_site.core.imports.registry import Importer, Target, register
from crm_site.core.imports.targets import owner_targets
from crm_site.core.models import ExternalId
from crm_site.core.operations import operation, write
from support import clocks
from support.imports.common import CHANNEL_WORDS, PRIORITY_WORDS, Desk, desk_of
from support.models import Case, Message
from support.operations.cases import create_cases
from support.operations.handing import assign_case
from support.operations.states import set_status
from support.operations.story import note_event

UNKNOWN = {"", "?", "-", "unknown", "none", "n/a"}
# Not values of a case, but what the replay has to know.
MINE = ("incident", "at", "opened_at", "state", "group", "owner", "system", "job")
ABOUT = ("category", "subcategory", "symptom")


def event_targets():
    """Where a column of a log of events may go."""
    return [
        Target("incident", gettext_lazy("Number of the case"), required=True, limit=200,
               aliases=("number", "incident number", "incident id", "incident", "case number", "ticket number")),
        Target("at", gettext_lazy("Moment of the event"), "datetime", required=True,
               aliases=("sys updated at", "updated at", "event time", "timestamp", "event at")),
        Target("opened_at", gettext_lazy("Opened"), "datetime", ("opened", "opened at", "reported at")),
        Target("state", gettext_lazy("State then"), aliases=("incident state", "state", "new state"), limit=60),
        Target("group", gettext_lazy("Group then"), aliases=("assignment group", "queue", "team"), limit=90),
        Target("priority", gettext_lazy("Priority then"), "choice", ("priority",), choices=Case.PRIORITIES,
               value_map=PRIORITY_WORDS),
        Target("channel", gettext_lazy("Channel"), "choice", ("contact type", "origin"), choices=Case.CHANNELS,
               value_map=CHANNEL_WORDS),
        Target("category", gettext_lazy("Category"), limit=100),
        Target("subcategory", gettext_lazy("Subcategory"), limit=100),
        Target("symptom", gettext_lazy("Symptom"), aliases=("u symptom",), limit=100),
        *owner_targets(),
    ]  # fmt: skip


def prepare_event(draft, run):
    """Words that say nothing are left out; a state that nobody knows is told, and the row still comes in."""
    values = draft.values
    for name in ("group", "state", *ABOUT):
        if str(values.get(name, "")).strip().lower() in UNKNOWN:
            values.pop(name, None)
    desk = desk_of(run)
    if "state" in values and desk.status(values["state"]) is None:
        word = values.pop("state")
        draft.warn(run.plan.header_of["state"], _("There is no status “%(name)s”.") % {"name": word}, kept=True)
    if "incident" in values and "at" not in values:
        draft.fail(run.plan.header_of.get("at", ""), _("The row says not when it was."))
    values |= {"system": run.plan.system, "job": run.job.pk}


@operation
def replay_events(rows, *, by):
    """Do to the cases, in order, what the rows say was done; returns the event of each row.

    A row is one dict of the targets of a log. The case of a number that is not known yet is made, with the moment at
    which it was opened.
    """
    cases, desk = known_cases(rows, by), Desk()
    latest = dict(Message.objects.filter(case__in=cases.values()).values_list("case").annotate(Max("at")))
    told, last = [], Message.objects.aggregate(last=Max("pk"))["last"] or 0
    for row in rows:
        case = cases.get(row["incident"])
        if case is None:
            case = cases[row["incident"]] = open_case(row, desk, by)
        at = max(row["at"], latest.get(case.pk, case.created_at))
        case = cases[row["incident"]] = lived(case, row, desk, at, by)
        event = Message.objects.filter(case=case, pk__gt=last, kind=Message.EVENT).order_by("-pk").first()
        event = event or note_event(case, _("Looked at again"), by=by, at=at)
        latest[case.pk], last = at, event.pk
        told.append(event)
    return told


def known_cases(rows, by):
    """{number there: case that the user may change}."""
    ids = {row["incident"] for row in rows}
    found = ExternalId.objects.filter(
        system=rows[0]["system"], content_type=content_type(Case), external_id__any_of=sorted(ids)
    )
    known = dict(found.values_list("external_id", "object_id"))
    cases = Case.objects.changeable_by(by).select_related("status", "queue", "owner").in_bulk(set(known.values()))
    return {number: cases[pk] for number, pk in known.items() if pk in cases}


def open_case(row, desk, by):
    """Make the case of a first event, and remember under which number it came."""
    about = [str(row[name]) for name in ABOUT if row.get(name)]
    number = _("Incident %(number)s") % {"number": row["incident"]}
    opened = min(row.get("opened_at") or row["at"], row["at"])
    values = {"subject": f"{number}: {' / '.join(about)}" if about else number, "type": Case.INCIDENT, "at": opened,
              "channel": row.get("channel") or Case.PHONE, "priority": row.get("priority") or Case.NORMAL}  # fmt: skip
    if row.get("group") and (queue := desk.queue(group_name(row), make=by.is_superuser)):
        values["queue"] = queue
    if row.get("owner"):
        values["owner"] = row["owner"]
    case = create_cases([values], by=by)[0]
    ExternalId.objects.create(system=row["system"], content_type=content_type(Case), external_id=row["incident"],
                              object_id=case.pk, job_id=row["job"])  # fmt: skip
    return case


def lived(case, row, desk, at, by):
    """The case after one row: its agent, its queue and priority, its status."""
    if "owner" in row and row["owner"] != case.owner:
        case = assign_case(case, row["owner"], by=by, at=at)
    case = promised_anew(case, row, desk, at, by)
    status = desk.status(row["state"]) if row.get("state") else case.status
    return set_status(case, status, by=by, at=at) if status != case.status else case


def promised_anew(case, row, desk, at, by):
    """The case with the queue and the priority of a row, and the clocks that follow from them at its moment."""
    values = {}
    if row.get("priority") and row["priority"] != case.priority:
        values["priority"] = row["priority"]
    if row.get("group") and (queue := desk.queue(group_name(row), make=by.is_superuser)) and queue != case.queue:
        values |= {"queue": queue} | ({"team": queue.team} if queue.team_id else {})
    if not values:
        return case
    case, changed = write(case, values, by=by)
    if changed:
        text = f"{_('Queue')}: {case.queue or '—'}, {_('Priority')}: {case.get_priority_display()}"
        note_event(case, text, by=by, at=at)
        clocks.promise_changed(case, at, text)
    return case


def group_name(row):
    """The name of the queue of a group; a bare number says too little."""
    return _("Group %(number)s") % {"number": row["group"]} if row["group"].isdigit() else row["group"]


def visible_events(user, action):
    """The events of the cases on which the user may do the action."""
    return Message.objects.filter(
        kind=Message.EVENT, case__in=Case.objects.visible_to(user, "change" if action == "delete" else action)
    )


@operation
def remove_events(ids, *, by):
    """Take imported events away again; returns how many. Their cases go into the bin by their own numbers."""
    return visible_events(by, "delete").filter(pk__in=ids).delete()[0]


EVENT_IMPORT = register(
    Importer(
        name="case_events", label=gettext_lazy("Log of cases"), model=Message, targets=event_targets, order=62,
        icon="history", create=replay_events, update=lambda record, values, by: record, prepare=prepare_event,
        delete=remove_events, within=visible_events, gate=Case, makes=False, chunk=200,
        log=("incident", "at", "state"),
    )
)  # fmt: skip
