"""Operations on cases: make, change, delete. States, agents and families of cases have files of their own."""

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import fresh, insert_many
from crm_site.core.operations import (
    Stale,
    check_owners,
    lock,
    operation,
    refuse,
    require,
    restore_record,
    write,
    write_locked,
    write_many,
)  # fmt: skip
from customers.models import Account, Activity, Contact, Customer
from customers.operations.activities import follow
from customers.operations.contacts import need_visible
from customers.operations.following import CLOSE, KEEP, MINE, reachable
from customers.operations.linking import customers_behind, derive_parties
from support import clocks
from support.contracts import cover_new, entitlement_for
from support.models import Case, EntitlementUse, Message, Queue, Status
from support.operations.handing import assign_by_mode, assign_case, need_owner, take_next
from support.operations.states import (
    ENDED,
    close_case,
    close_resolved,
    reopen_case,
    resolve_case,
    set_status,
    state_values,
    status_of,
)  # fmt: skip
from support.operations.story import fitted, keep_all_files, note_event
from support.operations.watching import add_watcher, remove_watcher, set_parent

__all__ = [
    "add_watcher", "assign_by_mode", "assign_case", "close_case", "close_resolved", "create_case", "create_cases",
    "delete_case", "mark_spam", "remove_watcher", "reopen_case", "resolve_case", "restore_case", "set_parent",
    "set_status", "status_of", "take_next", "update_case",
]  # fmt: skip

PARTIES = {"contact": Contact, "account": Account, "customer": Customer}
# What a promise hangs on: a change of one of these chooses the policy anew.
PROMISED = ("priority", "policy", "queue", "customer", "account", "product", "entitlement", "type", "channel", "tags")
OWN = ("status", "owner", "parent")
# What a contract covers a case by.
COVERED = {"customer", "account", "contact", "product", "installed"}


@operation
def create_cases(rows, *, by):
    """Make many cases and return them in order; their clocks run from the moment of their creation.

    A row holds fields of Case, and may hold `at`, the moment of creation, `answered` for one that was answered when
    it was made, and `first`, its first message as a dict of fields of Message and `files`. The account and the
    customer are the contact's unless given, the contract the one that covers these, the queue the default one, the
    team the queue's. Cases without an owner go to whom their queue gives them. The number of statements does not grow
    with the rows.
    """
    require(by, Case, "add")
    rows = [dict(row) for row in rows]
    extras = [{key: row.pop(key, None) for key in ("at", "answered", "first")} for row in rows]
    people = complete_parties(rows, by)
    complete(rows, extras, people, by)
    cover_new(rows, [extra["at"] for extra in extras])
    check_owners(Case, {row["owner"] for row in rows if row.get("owner")}, by)
    cases = [fresh(Case, **row, created_by=by, changed_by=by) for row in rows]
    begun = clocks.begun([
        (case, extra["answered"]) for case, extra in zip(cases, extras, strict=True) if case.category != Status.CLOSED
    ])  # fmt: skip
    insert_many(Case, cases)
    keep_first(cases, extras)
    clocks.keep_begun(begun)
    assign_by_mode(cases, by=by)
    for case in cases:
        need_owner(case.is_private, case.owner_id)
    return cases


@operation
def create_case(values, *, by, at=None, answered=False):
    """Make one case and return it; see create_cases."""
    values = dict(values)
    parent = values.pop("parent", None)
    values["answered"] = answered or values.get("answered", False)
    case = create_cases([values | ({"at": at} if at else {})], by=by)[0]
    return set_parent(case, parent, by=by) if parent else case


def complete_parties(rows, by):
    """Replace who a row is about by ids, and find the account and the customer that follow; five statements.

    Returns the contacts by id, as far as they had to be read.
    """
    found = {name: {} for name in PARTIES}
    for row in rows:
        for name in PARTIES:
            record = row.pop(name, None)
            if record is not None:
                row[f"{name}_id"] = record.pk
                found[name][record.pk] = record
    for name, model in PARTIES.items():
        ids = {row.get(f"{name}_id") for row in rows} - {None}
        need_visible(model, ids, by)
        if lacking := ids - set(found[name]):
            found[name] |= model.objects.unscoped("the gate was asked above").in_bulk(lacking)
    for row in rows:
        derive_parties(row, found)
    behind = customers_behind(rows)
    for row in rows:
        if not row.get("customer_id"):
            row["customer_id"] = behind.get(("account", row.get("account_id"))) or behind.get(
                ("contact", row.get("contact_id"))
            )
    return found["contact"]


def complete(rows, extras, people, by):
    """Fill in place what rows leave open: texts, queue, team, status, the dates of their state and their moment."""
    usual, new, now = Queue.objects.filter(is_default=True).select_related("team").first(), None, timezone.now()
    for row, extra in zip(rows, extras, strict=True):
        extra["at"] = at = extra["at"] or row.get("created_at") or now
        row["subject"] = (row.get("subject") or "").strip()[:255]
        if not row.get("status"):
            row["status"] = new = new or status_of(Status.NEW)
        if not row.get("queue") and not row.get("queue_id"):
            row["queue"] = usual
        row |= {"created_at": at, "changed_at": row.get("changed_at") or at, "last_message_at": at}
        if by and not row.get("owner") and by.reach(Case, "assign") == "none" and by.reach(Case, "view") != "all":
            # Who sees only what is their own would lose sight of it.
            row["owner"] = by
        if extra["first"]:
            extra["first"], counters = first_said(extra["first"], row, at, people.get(row.get("contact_id")))
            row.update(counters)
        settle_state(row, at)


def settle_state(row, at):
    """The category, the team and the dates of an end that a row's status calls for."""
    case = fresh(Case, **{key: row[key] for key in ("queue", "queue_id") if row.get(key)})
    if not row.get("team"):
        owner = row.get("owner")
        row["team_id"] = (case.queue_id and case.queue.team_id) or (owner and owner.team_id)
    case.category = row["status"].category
    ended = {key: row[key] for key in ("resolved_at", "closed_at", "first_resolved_at") if row.get(key)}
    derived = state_values(case, row["status"], ended.get("resolved_at") or at)
    derived.pop("reopened", None)
    row |= {"category": case.category} | derived | ended
    if case.category == Status.CLOSED:
        row["closed_at"] = ended.get("closed_at") or row["resolved_at"]


def keep_first(cases, extras):
    """Keep the first messages of new cases, each then its case's `opening`; the statements do not grow with them."""
    made = []
    for case, extra in zip(cases, extras, strict=True):
        if extra["first"]:
            files = extra["first"].pop("files", ())
            case.opening = Message(case=case, **fitted({"contact_id": case.contact_id} | extra["first"]))
            made.append((case.opening, files, case.opening.user))
    insert_many(Message, [message for message, _files, _by in made])
    keep_all_files(made)


def first_said(first, row, at, contact):
    """The first message of a row as it is kept, and the counters that the case has from it."""
    first = {"kind": Message.PUBLIC, "direction": Message.IN, "channel": row.get("channel", Case.PHONE),
             "at": at} | first  # fmt: skip
    if contact and first["direction"] == Message.IN:
        first = {"author_name": str(contact), "author_email": contact.email} | first
    counters = {"message_count": 1, "last_message_at": first["at"]}
    if first["kind"] == Message.PUBLIC and first["direction"] == Message.IN:
        counters |= {"last_customer_at": first["at"], "waiting_since": first["at"]}
    elif first["kind"] == Message.PUBLIC:
        counters |= {"last_agent_at": first["at"], "first_replied_at": first["at"]}
    return first, counters


@operation
def update_case(case, values, *, by, version=None):
    """Change a case and return it. Raises Stale when somebody saved meanwhile, Refused for a merged case.

    A status, an owner and a parent take the ways that they have of their own; another queue brings its team and its
    way of giving cases out; what a promise hangs on makes the clocks be computed anew.
    """
    current = lock(case, by, related=("status", "queue", "owner"))
    if version is not None and version != current.version:
        raise Stale(current)
    values = {name: value for name, value in values.items() if getattr(current, name) != value}
    if current.merged_into_id and values:
        refuse(_("A merged case is read-only. Take the merge back first."))
    own = {name: values.pop(name) for name in OWN if name in values}
    need_owner(values.get("is_private", current.is_private), own.get("owner", current.owner))
    current, changed = write_locked(current, settled(current, values), by=by)
    after_update(current, changed, by)
    return take_own_ways(current, own, by)


def settled(current, values):
    """The values with what follows: a queue's team, another reporter's account and customer, their contract."""
    queue = values.get("queue")
    if queue and queue.team_id:
        values["team"] = queue.team
    contact = values.get("contact")
    if contact and "account" not in values and "customer" not in values:
        row = {"contact": contact}
        complete_parties([row], None)
        values["account"] = Account.objects.unscoped("that of the reporter").filter(pk=row["account_id"]).first()
        values["customer"] = Customer.objects.unscoped("that of the reporter").filter(pk=row["customer_id"]).first()
    if COVERED & set(values) and "entitlement" not in values:
        values |= covered_anew(current, values)
    return values


def covered_anew(current, values):
    """The contract that covers a case with other parties or another product; a case that was counted keeps its own."""
    parties = {"customer", "account"} & set(values)
    if (current.entitlement_id and not parties) or EntitlementUse.objects.filter(case=current).exists():
        return {}
    known = {name: values.get(name, getattr(current, name)) for name in COVERED}
    return {"entitlement": entitlement_for(known, timezone.localdate(current.created_at))}


def after_update(case, changed, by):
    """What follows from changed fields: the event, the clocks, the reach of activities, an agent from the queue."""
    if not changed:
        return
    now, names = timezone.now(), [str(Case._meta.get_field(name).verbose_name) for name in changed]
    if {"queue", "priority"} & set(changed):
        words = {"priority": case.get_priority_display(), "queue": case.queue or "—"}
        text = _("Queue: %(queue)s") if "queue" in changed else _("Priority: %(priority)s")
        note_event(case, text % words, by=by, at=now)
    if set(PROMISED) & set(changed):
        clocks.promise_changed(case, now, _("Changed: %(what)s") % {"what": ", ".join(names)})
    if "team" in changed:
        follow(case)
    if "queue" in changed:
        assign_by_mode([case], by=by)


def take_own_ways(case, own, by):
    """Give a case another owner, parent and status by the operations for that."""
    if "owner" in own:
        case = assign_case(case, own["owner"], by=by)
    if "parent" in own:
        case = set_parent(case, own["parent"], by=by)
    return set_status(case, own["status"], by=by) if "status" in own else case


@operation
def mark_spam(case, *, by):
    """Close a case as spam and return it; its clocks end, nobody is asked or told."""
    current, changed = write(case, {"is_spam": True}, by=by)
    clocks.cancelled([current], timezone.now(), _("Spam"))
    return close_case(current, by=by, reason=_("Spam")) if changed else current


def open_activities_of(case, user, action="view"):
    """The open activities that belong to a case, as far as the user may do the action on them."""
    return reachable(Activity, user, action).filter(
        regarding_type__app_label="support", regarding_type__model="case", regarding_id=case.pk,
        status=Activity.OPEN, deleted_at__isnull=True,
    )  # fmt: skip


@operation
def delete_case(case, *, by, activities=KEEP, children=KEEP):
    """Put a case into the bin; its clocks end. The choices are for its open activities and for its parts."""
    current = lock(case, by, "delete")
    now, rows = timezone.now(), open_activities_of(current, by, "change")
    if activities == CLOSE:
        write_many(rows, {"status": Activity.CANCELLED}, by=by)
    elif activities == MINE and by:
        write_many(rows, {"owner": by, "team": by.team}, by=by)
    if children == CLOSE:
        for child in reachable(Case, by, "change").filter(parent=current, deleted_at__isnull=True):
            close_case(child, by=by, reason=_("%(number)s was deleted.") % {"number": current.number})
    clocks.cancelled([current], now, _("Deleted"))
    return write(current, {"deleted_at": now, "deleted_by": by}, by=by, action="delete")[0]


@operation
def restore_case(case, *, by):
    """Take a case out of the bin; the promises that hold for it are computed anew from their start."""
    current = restore_record(case, by=by)
    if current.category not in ENDED:
        clocks.promise_changed(current, timezone.now(), _("Restored"))
    return current
