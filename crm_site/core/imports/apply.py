"""Decide and write: which record each draft means, what the user may do with it, and the rows that follow."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from crm_site.core.loading import fresh, insert_many
from crm_site.core.models import ExternalId, ImportChange, JobProblem
from crm_site.core.operations import Refused
from crm_site.core.pages import broken_rule

from . import links
from .plan import CREATE, CREATED, FAILED, SKIP, UPDATE, UPDATED, fold

KEPT_WARNINGS = 100


def match(run, drafts):
    """Find the record that each draft means and settle whether it is created, updated, skipped or refused."""
    live = [draft for draft in drafts if draft.outcome == CREATED]
    kind = links.content_type(run.importer.model)
    rows = ExternalId.objects.filter(
        system=run.plan.system, content_type=kind, external_id__any_of=[draft.key for draft in live]
    )
    known = {row.external_id: row for row in rows}
    new = [draft for draft in live if draft.key not in known]
    keyed = by_key(run, new)
    meant = run.importer.stands(new, run) if run.importer.stands else {}
    ids = {row.object_id for row in known.values()} | {r.pk for found in keyed.values() for r in found}
    ids |= {record.pk for record in meant.values()}
    seen = run.importer.visible(run.user).in_bulk(ids)
    changeable = set(run.importer.visible(run.user, "change").filter(pk__any_of=ids).values_list("pk", flat=True))
    for draft in live:
        if draft.key in known:
            meet(run, draft, known[draft.key], seen, changeable)
        elif id(draft) in meant and run.plan.mode != CREATE:
            claim(draft, seen[meant[id(draft)].pk], changeable)
        elif id(draft) in meant:
            draft.skip("", _("It is here already."))
        else:
            found = keyed.get(id(draft), [])
            resemble(run, draft, [seen[r.pk] for r in found if r.pk in seen], changeable)


def by_key(run, drafts):
    """{id(draft): records with the same e-mail address or name}, by the key that was chosen; one query."""
    if not run.plan.key or run.plan.key not in run.importer.keys:
        return {}
    _label, texts_of, find = run.importer.keys[run.plan.key]
    texts = {id(draft): texts_of(draft.values) for draft in drafts}
    found = find({text for text in texts.values() if text}, run.user)
    return {key: found.get(fold(text), []) for key, text in texts.items() if text}


def meet(run, draft, row, seen, changeable):
    """A row whose id was imported before."""
    if row.object_id not in seen:
        draft.skip("", _("Its record is in the bin, or out of your reach."))
    elif row.digest == draft.digest:
        draft.skip("", _("Nothing has changed since the last import."))
    elif run.plan.mode == CREATE:
        draft.skip("", _("It was imported before."))
    else:
        claim(draft, seen[row.object_id], changeable)


def resemble(run, draft, found, changeable):
    """A row that is new by its id: perhaps the user chose to know its record by e-mail address or name."""
    if not found:
        if run.plan.mode == UPDATE:
            draft.skip("", _("There is no such record to update."))
        return
    first = found[0]
    if run.plan.duplicates == UPDATE or run.plan.mode == UPDATE:
        claim(draft, first, changeable)
    elif run.plan.duplicates == SKIP:
        draft.skip("", _("A record like it is here already: %(record)s.") % {"record": first})
    else:
        draft.warn("", _("A record like it is here already: %(record)s.") % {"record": first},
                   _("A record like it is here already."))  # fmt: skip


def claim(draft, record, changeable):
    """The draft updates the record, if the user may change it."""
    draft.record = record
    if record.pk in changeable:
        draft.outcome = UPDATED
    else:
        draft.fail("", _("It is here already, and you may not change it."))


def check(run, drafts):
    """Settle what would be done, without doing it; returns the number of records made for links.

    Updates are tried and taken back, as only the operation knows what a value means that is written in another way.
    """
    noted = len(run.changes)
    with transaction.atomic():
        for draft in drafts:
            if draft.outcome == UPDATED and not any("make" in found for found in draft.links.values()):
                update(run, draft)
        transaction.set_rollback(True)
    del run.changes[noted:]
    made = {
        (found["make"][0].wanted, fold(found["make"][1]))
        for draft in drafts if draft.outcome in (CREATED, UPDATED) for found in draft.links.values() if "make" in found
    }  # fmt: skip
    fresh = made - run.foreseen
    run.foreseen |= fresh
    return len(fresh)


def write(run, drafts):
    """Create and update what was settled, with ids, pending links and the way back; the number of records for links."""
    made = links.make_missing(run, drafts)
    create(run, [draft for draft in drafts if draft.outcome == CREATED])
    for draft in drafts:
        if draft.outcome == UPDATED:
            update(run, draft)
    done = [draft for draft in drafts if draft.record is not None and draft.outcome != FAILED]
    note_ids(run, done)
    links.remember(run, [draft for draft in done if draft.pending])
    return made


def create(run, drafts):
    """Make the new records at once; when the database refuses one, one by one to find it."""
    if not drafts:
        return
    try:
        with transaction.atomic():
            make(run, drafts)
    except (IntegrityError, Refused, PermissionDenied):
        for draft in drafts:
            attempt(draft, make, run, [draft])


def make(run, drafts):
    """Call the importer's operation, and what follows on new records."""
    records = run.importer.create([dict(draft.values) for draft in drafts], by=run.user)
    for draft, record in zip(drafts, records, strict=True):
        draft.record = record
    if run.importer.after:
        run.tally.update(run.importer.after(drafts, run) or {})


def attempt(draft, do, *args):
    """Do it in a savepoint; the refusal becomes the row's failure."""
    try:
        with transaction.atomic():
            do(*args)
    except IntegrityError as error:
        draft.fail("", str(broken_rule(error)))
    except Refused as refusal:
        draft.fail(refusal.field or "", str(refusal))
    except PermissionDenied:
        draft.fail("", _("You may not do that."))
    if draft.outcome == FAILED:
        draft.record = None


def changes(draft):
    """{field: value} of what the draft would change on its record; made-up names such as street always count."""
    found = {}
    for name, value in draft.values.items():
        if name in ("created_at", "changed_at"):
            continue
        if not hasattr(draft.record, name) or getattr(draft.record, name) != value:
            found[name] = value
    return found


def update(run, draft):
    """Change one record and note how it was; nothing changed counts as skipped."""
    values = changes(draft)
    if not values:
        draft.skip("", _("It is here already with the same values."))
        return
    before = state(draft.record, run.importer)
    left = run.importer.left(draft.record, values) if run.importer.left else ""
    attempt(draft, run.importer.update, draft.record, values, run.user)
    if draft.outcome == FAILED:
        return
    after = state(run.importer.visible(run.user).get(pk=draft.record.pk), run.importer)
    names = [name for name in before if before[name] != after[name]]
    if not names:
        draft.skip("", left or _("It is here already with the same values."))
        return
    if left:
        draft.warn("", left)
    run.changes.append(
        ImportChange(
            job_id=run.job.pk, object_id=draft.record.pk,
            before={name: before[name] for name in names}, after={name: after[name] for name in names},
        )
    )  # fmt: skip


def state(record, importer):
    """The stored fields of a record, and what else belongs to it, as JSON can hold them."""
    found = importer.parts(record) if importer.parts else {}
    for field in record._meta.concrete_fields:
        if field.generated or field.name in ("version", "changed_at", "changed_by", "search_text"):
            continue
        value = getattr(record, field.attname)
        plain = value is None or isinstance(value, str | int | bool | list | dict)
        found[field.attname] = value if plain else field.value_to_string(record)
    return found


def note_ids(run, drafts):
    """Remember under which id each record came, and what the row said; one statement for new ids, one for known."""
    kind, known, new = links.content_type(run.importer.model), [], []
    for draft in drafts:
        created = draft.outcome == CREATED
        (new if created else known).append(
            fresh(ExternalId, system=run.plan.system, content_type_id=kind.pk, external_id=draft.key,
                  object_id=draft.record.pk, digest=draft.digest, job_id=run.job.pk if created else None)
        )  # fmt: skip
    new += [
        fresh(ExternalId, system=run.plan.system, content_type_id=links.content_type(type(record)).pk,
              external_id=f"made:{run.job.pk}:{record.pk}", object_id=record.pk, job_id=run.job.pk)
        for record in run.made
    ]  # fmt: skip
    insert_many(ExternalId, new)
    ExternalId.objects.bulk_create(
        known, update_conflicts=True, unique_fields=["system", "content_type", "external_id"], update_fields=["digest"]
    )
    run.made.clear()
    insert_many(ImportChange, run.changes)
    run.changes.clear()


def report(run, drafts):
    """Count the outcomes and keep the problems: every failed row and every value that was left out."""
    problems, counts = [], run.job.counts
    groups = counts.setdefault("warnings", {})
    for draft in drafts:
        counts[draft.outcome] = counts.get(draft.outcome, 0) + 1
        if draft.reason:
            column, text, group = draft.reason
            part = counts.setdefault("reasons", {}).setdefault(draft.outcome, {})
            part[f"{column}\t{group}"] = part.get(f"{column}\t{group}", 0) + 1
            if draft.outcome == FAILED or part[f"{column}\t{group}"] <= KEPT_WARNINGS:
                problems.append(problem(run, draft, draft.outcome, column, text))
        if draft.outcome in (CREATED, UPDATED):
            for column, text, group, kept in draft.warnings:
                groups[f"{column}\t{group}"] = groups.get(f"{column}\t{group}", 0) + 1
                if not kept or groups[f"{column}\t{group}"] <= KEPT_WARNINGS:
                    problems.append(problem(run, draft, "warning", column, text))
    insert_many(JobProblem, problems)


def problem(run, draft, outcome, column, text):
    """One line of the report; only a failed row is kept whole, to be corrected and imported again."""
    row = [cell if isinstance(cell, str | int | float) else str(cell) for cell in draft.cells]
    return fresh(
        JobProblem, job_id=run.job.pk, line=draft.line, column=column[:200], text=text[:500], outcome=outcome,
        row=row if outcome == FAILED else [],
    )  # fmt: skip
