"""Operations: the only code that writes records. An app's own operations are built from the ones here.

Each is one transaction that checks the right, locks, writes and leaves the history's context: who, through which
operation. `by` is the acting user; None means the system itself, which is allowed everything.
"""

import functools

import pghistory
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.kept import Slot, kept
from crm_site.core.loading import fresh, insert_many, read_whole
from crm_site.core.models import Submission


class Stale(Exception):
    """The record was changed since the form was shown; `current` is the record as it is now."""

    def __init__(self, current):
        super().__init__(str(current))
        self.current = current


class Refused(Exception):
    """The operation makes no sense now; the text says why, for the user. `field` is the one it speaks of, if any."""

    def __init__(self, text, field=None):
        super().__init__(text)
        self.field = field


class Repeated(Exception):
    """A form's key was used before with other contents."""


def operation(function):
    """Run the function in one transaction with its name and the acting user as the history's context."""

    @functools.wraps(function)
    def run(*args, by, **kwargs):
        context = {"operation": function.__name__} | ({"user": by.pk} if by else {})
        with transaction.atomic(), pghistory.context(**context):
            return function(*args, by=by, **kwargs)

    return run


def refuse(text, field=None):
    """Raise Refused, as an expression."""
    raise Refused(text, field)


def require(by, model, action):
    """Raise PermissionDenied unless the user may do the action on at least some records of the kind."""
    if by is not None and by.reach(model, action) == "none":
        raise PermissionDenied


def lock(record, by, action="change", related=()):
    """The record as it is now, locked until the transaction ends; PermissionDenied when it is out of reach.

    `related` names the links that are read with it.
    """
    model = type(record)
    found = changeable(by, model, action, related, pk=record.pk) if by else unguarded(model, related, pk=record.pk)
    if not found:
        raise PermissionDenied
    return read_whole(model, related, found[0])


@kept
def changeable(user, model, action, related):
    """A row that the user may do something to, to be locked."""
    return to_lock(model.objects.visible_to(user, action), related)


@kept
def unguarded(model, related):
    """A row to be locked by the system."""
    return to_lock(model.objects.unscoped("the system acts for itself"), related)


def to_lock(rows, related):
    """The one of the rows whose id is a slot, locked and read with what it is linked to."""
    rows = rows.select_related(*related) if related else rows
    return rows.select_for_update(of=("self",)).filter(pk=Slot("pk"))


def new_rows(model, rows, *, by):
    """Insert many records from dicts of field values and return them; owner and team default to the acting user's.

    Raises PermissionDenied without the right to add, and when a row would belong to an owner whom the user may not
    assign records to.
    """
    require(by, model, "add")
    made, owners, elsewhere = [], {}, set()
    stamps = {"created_by": by, "changed_by": by}
    for values in rows:
        own = {"owner": by} if by and "owner" not in values and values.get("owner_id") is None else {}
        record = fresh(model, **values | own | stamps | names_of_partner(model, values, by))
        if record.owner_id and record.owner_id not in owners:
            owners[record.owner_id] = record.owner
        home = owners[record.owner_id].team_id if record.owner_id else None
        record.team_id = home if record.team_id is None else record.team_id
        if not record.owner_id or record.team_id != home:
            elsewhere.add(record.team_id)
        made.append(record)
    check_owners(model, set(owners.values()), by)
    check_teams(model, elsewhere, by)
    return insert_many(model, made)


def check_owners(model, owners, by):
    """Refuse to hand records to other people without the right to assign."""
    if by and owners - {by} and by.reach(model, "assign") == "none":
        raise PermissionDenied


def check_teams(model, teams, by):
    """Refuse to put records into a team that the user is not in without the right to assign; `teams` are ids."""
    if by is None or not teams - {by.team_id, None} or by.reach(model, "assign") != "none":
        return
    if teams - {None} - set(by.memberships.values_list("team_id", flat=True)):
        raise PermissionDenied


def names_of_partner(model, values, by):
    """What is set for somebody of a partner, whose records name that partner and no other; refuses another's name."""
    if by is None or by.partner_id is None or not model.PARTNER_FIELDS:
        return {}
    for name in model.PARTNER_FIELDS:
        if values.get(name) is not None and values[name].pk != by.partner_id:
            refuse(_("You can name your own company only."), name)
    return {} if any(values.get(name) for name in model.PARTNER_FIELDS) else {model.PARTNER_FIELDS[0]: by.partner}


def write(record, values, *, by, version=None, action="change"):
    """Set fields of one record; returns the record and the names of the fields that changed.

    Raises Stale when `version` is given and is no longer the record's, Refused when the user would lose sight of it.
    Nothing is written when nothing changes.
    """
    current = lock(record, by, action)
    if version is not None and version != current.version:
        raise Stale(current)
    return write_locked(current, values, by=by)


def write_locked(current, values, *, by):
    """What `write` does, for a record that the caller has just locked by `lock`."""
    changed, kind = [name for name, value in values.items() if getattr(current, name) != value], type(current)
    if not changed:
        return current, changed
    if "owner" in changed:
        check_owners(kind, {values["owner"]} - {None}, by)
    if "team" in changed:
        check_teams(kind, {getattr(values["team"], "pk", None)}, by)
    if by and by.partner_id is not None and not {*kind.PARTNER_FIELDS}.isdisjoint(changed):
        raise PermissionDenied
    for name in changed:
        setattr(current, name, values[name])
    current.version += 1
    current.changed_at, current.changed_by = timezone.now(), by
    current.save(update_fields=[*changed, "version", "changed_at", "changed_by"])
    keep_in_sight(current, changed, by)
    return current, changed


def keep_in_sight(record, changed, by):
    """Refuse that a user loses a record out of sight, unless they hand it to somebody and may do so."""
    lost = next((name for name in ("owner", "team") if name in changed), None)
    if by is None or lost is None:
        return
    handed = record.owner_id or record.team_id
    if handed and by.reach(type(record), "assign") != "none":
        return
    if not type(record).objects.visible_to(by).filter(pk=record.pk).exists():
        refuse(_("You would no longer see it. Keep yourself or your team, or hand it to somebody."), lost)


@operation
def update_record(record, values, *, by, version=None):
    """Set fields of one record and return it. Raises Stale when `version` is no longer the record's."""
    return write(record, values, by=by, version=version)[0]


@operation
def delete_record(record, *, by):
    """Put the record into the bin; a record that is there already stays."""
    return write(record, {"deleted_at": timezone.now(), "deleted_by": by}, by=by, action="delete")[0]


@operation
def restore_record(record, *, by):
    """Take the record out of the bin; PermissionDenied when it is out of the user's reach."""
    rows = type(record).objects
    rows = rows.deleted_for(by) if by else rows.unscoped("the system acts for itself")
    current = rows.select_for_update(of=("self",)).filter(pk=record.pk).first()
    if current is None:
        raise PermissionDenied
    current.deleted_at = current.deleted_by = None
    current.version += 1
    current.changed_at, current.changed_by = timezone.now(), by
    current.save(update_fields=["deleted_at", "deleted_by", "version", "changed_at", "changed_by"])
    return current


def write_many(rows, values, *, by):
    """Set the same fields on many rows by one statement; `rows` passed the gate. Returns how many were changed."""
    stamp = {"changed_at": timezone.now(), "changed_by": by}
    return rows.update(**values, **stamp, version=F("version") + 1)


def move_row(row, step):
    """Put a row one place up (-1) or down (1) among all of its model's by `order`; at the end nothing happens."""
    rows = list(type(row)._default_manager.select_for_update().order_by("order", "id"))
    place = rows.index(row)
    other = place + step
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
    for number, one in enumerate(rows, 1):
        if one.order != number:
            type(row)._default_manager.filter(pk=one.pk).update(order=number)


def last_place(model):
    """The `order` of a row that comes after all others of its model."""
    return 1 + (model._default_manager.aggregate(last=Max("order"))["last"] or 0)


def submit_once(user, key, digest, do):
    """Do a form's work once per key: `do` returns the address of the result, which a repeat gets back unchanged.

    Simultaneous copies wait for the first one. Raises Repeated when the key comes back with another digest.
    """
    with transaction.atomic():
        submission, made = Submission.objects.get_or_create(user=user, key=key, defaults={"digest": digest})
        if not made:
            if submission.digest != digest:
                raise Repeated(_("This form was already sent with other contents."))
            return submission.result
        submission.result = do()
        submission.save(update_fields=["result"])
        return submission.result
