"""Changes of many records at once: assign, edit, tag, delete, each taken back as long as nobody changed the row since.

The rows are either those ticked or all that a list's address matches. Every piece of a thousand passes the gate anew,
for "bulk" and for the action itself; what lies outside is counted and left alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, connection
from django.db.models import F, Func, Q, Value
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import sql

from crm_site.core import jobs, lists
from crm_site.core.kinds import KINDS
from crm_site.core.models import BulkChange, Job, JobProblem
from crm_site.core.models.record import TAGS_SPACE, tags_size
from crm_site.core.operations import Refused, delete_record, operation, write_many
from crm_site.core.pages import broken_rule

PIECE = 1000
# Records whose deletion is more than a mark are deleted one by one.
SLOW_PIECE = 100
AT_ONCE = 500
# What became of a row that was not left, where a report tells of each.
CHANGED = "changed"
UNDO_TIME = timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """A change of many: `do(job, kind, rows)` makes it for a piece of rows and returns how many it changed.

    `needs` is the action that must be open on each row; `piece`, how many rows a step takes, where that is few. What
    `do` does not `remember` cannot be taken back, which `undoable` says. `back(job, changes)` takes it back where more
    follows from the remembered columns than that they are written again; it gives each row its next version.
    """

    needs: str
    do: Callable
    piece: int = 0
    undoable: bool = True
    back: Callable | None = None


class AddTags(Func):
    """A row's tags and then the new ones, each once: AddTags(F("tags"), Value([...]))."""

    template = "ARRAY(SELECT t FROM unnest(%(expressions)s) WITH ORDINALITY u(t, n) GROUP BY t ORDER BY min(n))"
    arg_joiner = " || "


class WithoutTags(Func):
    """A row's tags but for some: WithoutTags(F("tags"), Value([...]))."""

    template = (
        "ARRAY(SELECT u.t FROM (SELECT %(expressions)s) p(old, gone), unnest(p.old) WITH ORDINALITY u(t, n)"
        " WHERE u.t <> ALL(p.gone) ORDER BY u.n)"
    )
    arg_joiner = ", "


def chosen_rows(kind, user, options):
    """The rows that were ticked, or that the list's address matches; not scoped yet. Refused: a filter is wrong."""
    params = QueryDict(options.get("query", ""))
    if options.get("ids") is not None:
        return kind.model.objects.filter(pk__any_of={int(pk) for pk in options["ids"]})
    filterset, rows = lists.filtered(kind, params, user)
    if filterset is not None and not filterset.is_valid():
        raise Refused(_("A filter of the list is not understood; correct it first."))
    return rows.filter(pk__lte=options["last"]) if options.get("last") else rows


def reachable(rows, user, action):
    """Those of the rows that the user may change together by the action."""
    return rows.visible_to(user, "bulk").visible_to(user, CHANGES[action].needs)


def count_chosen(kind, user, options):
    """(rows within reach, rows seen but out of reach) of a choice."""
    rows = chosen_rows(kind, user, options)
    within = reachable(rows, user, options["action"]).count()
    return within, rows.visible_to(user).count() - within


@operation
def start_bulk_change(kind, options, *, by):
    """Write the job that changes the chosen rows and return it; Refused when none is within reach."""
    newest = kind.model.objects.unscoped("rows made later are not meant").order_by("-pk").values_list("pk", flat=True)
    options = options | {"last": newest.first() or 0, "operation": f"{options['action']}_records"}
    within, outside = count_chosen(kind, by, options)
    if not within:
        raise Refused(_("None of these may be changed by you in this way."))
    job = jobs.start_job("bulk", kind.key, by, options)
    job.total, job.counts = within, {"seen": 0, "changed": 0, "outside": outside}
    job.save(update_fields=["total", "counts"])
    return job


@jobs.step("bulk")
def change_piece(job):
    """Change the next rows of the choice."""
    kind, action = KINDS[job.record_kind], job.options["action"]
    size = SLOW_PIECE if action == "delete" and kind.delete is not delete_record else CHANGES[action].piece or PIECE
    rows = reachable(chosen_rows(kind, job.user, job.options), job.user, action).filter(pk__gt=job.position)
    ids = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True)[:size])
    if ids:
        try:
            changed = CHANGES[action].do(job, kind, kind.model.objects.filter(pk__any_of=set(ids)))
        except IntegrityError as error:
            raise Refused(broken_rule(error)) from error
        count(job, seen=len(ids), changed=changed)
        job.position = ids[-1]
    return len(ids) < size


def count(job, **more):
    """Add to the job's counts."""
    job.counts = job.counts | {name: job.counts.get(name, 0) + number for name, number in more.items()}


def set_values(job, kind, rows):
    """Give the rows the job's values; those that have them already are left as they are."""
    values = job.options["values"]
    same = Q(**{name: value for name, value in values.items() if value is not None})
    same &= Q(**{f"{name}__isnull": True for name, value in values.items() if value is None})
    changed = change(job, kind, rows.exclude(same), tuple(values), values)
    if job.options["action"] == "assign" and kind.after_assign:
        kind.after_assign(changed)
    return len(changed)


def change(job, kind, rows, columns, values):
    """Remember the columns of the rows, set them, and return the rows' ids."""
    ids = list(rows.values_list("pk", flat=True))
    if ids:
        remember(job, kind.model, ids, columns)
        write_many(kind.model.objects.filter(pk__any_of=ids), values, by=job.user)
    return ids


def remember(job, model, ids, columns):
    """Store the columns of these rows as the database has them, exactly."""
    pairs = [part for name in columns for part in (sql.Literal(name), sql.Identifier(name))]
    statement = sql.SQL(
        "INSERT INTO core_bulkchange (job_id, object_id, version, before)"
        " SELECT %s, id, version + 1, jsonb_build_object({pairs}) FROM {table} WHERE id = ANY(%s)"
    ).format(pairs=sql.SQL(", ").join(pairs), table=sql.Identifier(model._meta.db_table))
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.connection), [job.pk, ids])


def set_tags(job, kind, rows):
    """Add tags to the rows or take them away."""
    tags, field = job.options["values"]["tags"], kind.model._meta.get_field("tags")
    remove = job.options["values"]["remove"]
    found = rows.filter(tags__overlap=tags) if remove else rows.exclude(tags__contains=tags)
    made = (WithoutTags if remove else AddTags)(F("tags"), Value(tags, output_field=field), output_field=field)
    found = found if remove else with_room(job, found.annotate(size=tags_size(made)))
    return len(change(job, kind, found, ("tags",), {"tags": made}))


def with_room(job, rows):
    """The rows that have room for their tags, of which each says the `size`; the others are told."""
    for record in rows.filter(size__gt=TAGS_SPACE):
        problem(job, record, _("These are too many tags for one record."))
    return rows.filter(size__lte=TAGS_SPACE)


def delete_rows(job, kind, rows):
    """Put the rows into the bin: by one statement where that is all, else by the kind's own operation."""
    columns = ("deleted_at", "deleted_by_id")
    if kind.delete is delete_record:
        return len(change(job, kind, rows, columns, {"deleted_at": timezone.now(), "deleted_by": job.user}))
    changed = 0
    for record in rows.order_by("pk"):
        if any(d.choices and d.count(record, job.user) for d in kind.dependents):
            problem(job, record, _("Something hangs on it that needs a decision; delete it by itself."))
            continue
        try:
            remember(job, kind.model, [record.pk], columns)
            kind.delete(record, by=job.user)
            changed += 1
        except Refused as refusal:
            BulkChange.objects.filter(job=job, object_id=record.pk).delete()
            problem(job, record, str(refusal))
    return changed


def problem(job, record, sentence):
    """Note why one row was left as it is."""
    count(job, refused=1)
    note(job, record, sentence, "left")


def note(job, record, sentence, outcome=CHANGED):
    """Note what became of one row, for the report."""
    JobProblem.objects.create(
        job=job, line=record.pk, text=sentence[:500], outcome=outcome, row=[record.number, str(record)[:200]]
    )


CHANGES = {
    "assign": Change("assign", set_values), "edit": Change("change", set_values), "tag": Change("change", set_tags),
    "delete": Change("delete", delete_rows),
}  # fmt: skip


def undoable(job):
    """Whether a change of many rows can still be taken back: it ended within a day and was not taken back yet."""
    ended = job.state in (Job.DONE, Job.CANCELLED, Job.FAILED) and job.finished_at
    fresh = ended and job.finished_at > timezone.now() - UNDO_TIME
    if not fresh or job.kind != "bulk" or not job.counts.get("changed"):
        return False
    return CHANGES[job.options["action"]].undoable and "undone_by" not in job.options


@operation
def undo_bulk_change(job, *, by):
    """Write the job that takes a change back, row by row where nobody changed it since, and return it.

    Also rows that the change itself took out of the user's reach come back. Refused the second time.
    """
    current = Job.objects.select_for_update().get(pk=job.pk, user=by)
    kind = KINDS[current.record_kind]
    if not undoable(current) or by.reach(kind.model, "bulk") == "none":
        raise Refused(_("This can no longer be taken back."))
    back = jobs.start_job("undo", kind.key, by, {"job": current.pk, "action": current.options["action"]})
    back.total, back.counts = current.bulk_changes.count(), {"seen": 0, "changed": 0}
    back.save(update_fields=["total", "counts"])
    current.options["undone_by"] = back.pk
    current.save(update_fields=["options"])
    return back


@jobs.step("undo")
def undo_piece(job):
    """Give the next rows back what the job changed."""
    kind = KINDS[job.record_kind]
    changes = BulkChange.objects.filter(job=job.options["job"], object_id__gt=job.position).order_by("object_id")
    found = {c.object_id: c for c in changes[:PIECE]}
    rows = kind.model.objects.unscoped("the user's own change goes back").filter(pk__in=found).order_by("pk")
    now = rows.select_for_update().values_list("pk", "version")
    same = [found[pk] for pk, version in now if found[pk].version == version]
    if same:
        (CHANGES[job.options["action"]].back or put_back)(job, same)
    count(job, seen=len(found), changed=len(same), outside=len(found) - len(same))
    job.position = max(found, default=job.position)
    return len(found) < PIECE


def put_back(job, changes):
    """Set the remembered columns of rows again; the database turns its own text back into each type."""
    kind, ids, columns = KINDS[job.record_kind], [change.object_id for change in changes], changes[0].before
    if job.options["action"] == "delete" and kind.delete is not delete_record:
        for record in kind.model.objects.unscoped("the user's own change goes back").filter(pk__any_of=ids):
            kind.restore(record, by=job.user)
        return
    table = sql.Identifier(kind.model._meta.db_table)
    pairs = [sql.SQL("{0} = r.{0}").format(sql.Identifier(name)) for name in columns]
    statement = sql.SQL(
        "UPDATE {table} t SET {pairs}, version = t.version + 1, changed_at = %s, changed_by_id = %s"
        " FROM core_bulkchange c, jsonb_populate_record(NULL::{table}, c.before) r"
        " WHERE c.job_id = %s AND c.object_id = ANY(%s) AND t.id = c.object_id"
    ).format(table=table, pairs=sql.SQL(", ").join(pairs))
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.connection), [timezone.now(), job.user_id, job.options["job"], ids])
    if job.options["action"] == "assign" and kind.after_assign:
        kind.after_assign(ids)
