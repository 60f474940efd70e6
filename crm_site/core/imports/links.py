"""What the rows of an import point at: owners, records by the id of the other system, records by name."""

from collections import defaultdict
from itertools import islice

from django.contrib.contenttypes.models import ContentType
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from crm_site.core.models import ExternalId, PendingLink, User

from .plan import fold
from .registry import importer_of

CHUNK = 1000
# So many names are remembered from one piece of a file to the next.
NAMES_KEPT = 5000
# What a link that waits for a record by its name has in the place of an id.
NAMED = "name:"


def waiting_name(text):
    """What a link that waits for a record of this name has in the place of an id."""
    return NAMED + fold(text)[:180]


def content_type(model):
    """The content type of a model."""
    return ContentType.objects.get_for_model(model)


class People:
    """The staff by the ids of one system, by e-mail address and by name, read once an import."""

    def __init__(self, system):
        users = {user.pk: user for user in User.objects.filter(is_active=True, door=User.STAFF).select_related("team")}
        rows = ExternalId.objects.filter(system=system, content_type=content_type(User))
        self.by_id = {row.external_id: users[row.object_id] for row in rows if row.object_id in users}
        self.by_name = defaultdict(list)
        for user in users.values():
            for name in {fold(user.email), fold(user.get_full_name()), fold(f"{user.last_name}, {user.first_name}")}:
                self.by_name[name].append(user)

    def find(self, found):
        """The user that a row's {by: (target, text)} means, or None."""
        if "id" in found and (user := self.by_id.get(found["id"][1])):
            return user
        named = self.by_name.get(fold(found["name"][1]), []) if "name" in found else []
        return named[0] if len(named) == 1 else None


def resolve(run, drafts):
    """Replace the links of the drafts by records: one query a kind for ids, one for names.

    What is not found becomes a warning and, for ids, a pending link; the row comes in without it.
    """
    owners(run, drafts)
    of_any_kind(run, drafts)
    wanted = defaultdict(list)
    for draft in drafts:
        for name, found in draft.links.items():
            target = next(iter(found.values()))[0]
            wanted[target.wanted].append((draft, name, found))
    for key, uses in wanted.items():
        importer = importer_of(key)
        ids = by_ids(run, importer, {found["id"][1] for _d, _n, found in uses if "id" in found}) if importer else {}
        open_uses = [(d, n, found) for d, n, found in uses if not linked(run, d, n, found, ids)]
        names = {found["name"][1] for _d, _n, found in open_uses if "name" in found}
        named = by_names(run, importer, names) if names and importer and importer.find else {}
        for draft, name, found in open_uses:
            settle(run, draft, name, found, named)


def owners(run, drafts):
    """Set the owner of each draft to whom the file names, as far as the user may hand it to them and still see it."""
    for draft in drafts:
        found = draft.links.pop("owner", None)
        if not found:
            continue
        user = run.people.find(found)
        if user and run.may_hand_to(user):
            draft.values["owner"] = user
            continue
        by = "name" if "name" in found else "id"
        header = run.plan.header_of.get(found[by][0].name, "")
        name, text = found[by][1], _("There is no user “%(name)s”; the row is yours.")
        if user:
            name, text = user, _("Rows of “%(name)s” would be out of your sight; the row is yours.")
        draft.warn(header, text % {"name": name}, text % {"name": "…"})


def of_any_kind(run, drafts):
    """Link what rows name without saying of what kind it is, where only one record is meant; two queries a kind.

    None is made for a name. An id that is not here yet waits as one of each kind.
    """
    uses = [(draft, name, draft.links.pop(name)) for draft in drafts for name in list(draft.links)
            if not next(iter(draft.links[name].values()))[0].wanted]  # fmt: skip
    if not uses:
        return
    kinds = {target.wanted: target.field for target in run.plan.targets.values()
             if target.by == "id" and target.type == "link" and importer_of(target.wanted)}  # fmt: skip
    found = {id(use): [] for *_rest, use in uses}
    ids = {use["id"][1] for *_rest, use in uses if "id" in use}
    names = {use["name"][1] for *_rest, use in uses if "id" not in use}
    for key, field in kinds.items():
        importer = importer_of(key)
        there = by_ids(run, importer, ids)
        named = by_names(run, importer, names) if names and importer.find else {}
        for *_rest, use in uses:
            same = [there.get(use["id"][1])] if "id" in use else named.get(fold(use["name"][1]), [])
            found[id(use)] += [(field, record) for record in same if record]
    for draft, _name, use in uses:
        settle_any(run, draft, use, found[id(use)], kinds)


def settle_any(run, draft, use, found, kinds):
    """Set the one link that is meant, else say why there is none."""
    if len(found) == 1:
        draft.values.setdefault(*found[0])
        return
    target, text = use["id" if "id" in use else "name"]
    sentence = _("%(count)d records are called “%(name)s”; the link was left empty.")
    if not found:
        sentence = _("Nothing that you may see is called “%(name)s”; the link was left empty.")
    if not found and "id" in use:
        sentence = _("There is no record with the id “%(name)s” yet; the link is made when it comes.")
        draft.pending += [(key, text, field) for key, field in kinds.items()]
    words = {"name": text, "count": len(found)}
    draft.warn(run.plan.header_of.get(target.name, ""), sentence % words, sentence % (words | {"name": "…"}))


def by_ids(run, importer, ids):
    """{id there: record that the user sees}."""
    if not ids:
        return {}
    rows = ExternalId.objects.filter(
        system=run.plan.system, content_type=content_type(importer.model), external_id__any_of=ids
    )
    known = dict(rows.values_list("external_id", "object_id"))
    records = importer.visible(run.user).in_bulk(set(known.values()))
    return {text: records[pk] for text, pk in known.items() if pk in records}


def by_names(run, importer, names):
    """{folded name: records that the user sees}; one of another kind than the file's is asked for once in a while.

    Only what was found is remembered: what was not may be made along the way.
    """
    if importer is run.importer:
        return importer.find(names, run.user)
    known = run.named.setdefault(importer.name, {})
    if len(known) > NAMES_KEPT:
        known.clear()
    known |= importer.find({name for name in names if fold(name) not in known}, run.user)
    return known


def linked(run, draft, name, found, ids):
    """Link a draft by the id, if that is known."""
    record = ids.get(found["id"][1]) if "id" in found else None
    if record is not None:
        draft.values[name] = record
    return record is not None


def settle(run, draft, name, found, named):
    """Link by name, else warn and remember the id for a later import."""
    if "name" in found:
        target, text = found["name"]
        records = named.get(fold(text), [])
        if len(records) > 1:  # the same but for the case or an accent
            records = [record for record in records if str(record) == text] or records
        if len(records) == 1:
            draft.values[name] = records[0]
            return
        header, words = run.plan.header_of.get(target.name, ""), {"name": text}
        sentence = _("%(count)d records are called “%(name)s”; the link was left empty.")
        if not records and run.importer.link and waits(run, target, found):
            draft.pending.append((target.wanted, waiting_name(text), name))
            if target.wanted != run.importer.key:  # a row of the same file comes in a moment
                sentence = _("Nothing is called “%(name)s” yet; the link is made when it comes.")
                draft.warn(header, sentence % words, sentence % {"name": "…"}, kept=True)
            return
        if not records and run.may_make(target.wanted) and not text.isdigit():
            draft.links[name] = {"make": (target, text)}
            return
        if not records:
            sentence = _("Nothing that you may see is called “%(name)s”; the link was left empty.")
        words["count"] = len(records)
        draft.warn(header, sentence % words, sentence % (words | {"name": "…", "count": max(2, len(records))}))
    if "id" in found:
        target, text = found["id"]
        sentence = _("There is no record with the id “%(name)s” yet; the link is made when it comes.")
        draft.warn(
            run.plan.header_of.get(target.name, ""), sentence % {"name": text}, sentence % {"name": "…"}, kept=True
        )
        draft.pending.append((target.wanted, text, name))


def waits(run, target, found):
    """Whether a link by name waits for its record: one of the same file, or one that only a file of its own brings."""
    importer = importer_of(target.wanted)
    return importer is run.importer or bool(importer and importer.find and not importer.makes and "id" not in found)


def remember(run, drafts):
    """Write down the links that wait for their records."""
    kind = content_type(run.importer.model)
    PendingLink.objects.bulk_create(
        [
            PendingLink(system=run.plan.system, wanted=wanted, external_id=text, content_type=kind,
                        object_id=draft.record.pk, field=field)
            for draft in drafts for wanted, text, field in draft.pending
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def make_missing(run, drafts):
    """Make the records that rows name and nobody has, such as the company of a person; returns how many."""
    wanted = defaultdict(list)
    for draft in drafts:
        for name, found in draft.links.items():
            if "make" in found and draft.outcome in ("created", "updated"):
                target, text = found["make"]
                wanted[target.wanted].append((fold(text), text, draft, name))
    made = 0
    for key, uses in wanted.items():
        texts = {folded: (text, draft.values.get("owner")) for folded, text, draft, _name in reversed(uses)}
        rows = [{"name": text} | ({"owner": owner} if owner else {}) for text, owner in texts.values()]
        records = dict(zip(texts, importer_of(key).create(rows, by=run.user), strict=True))
        run.made += records.values()
        for folded, _text, draft, name in uses:
            draft.values[name] = records[folded]
        made += len(records)
    return made


def catch_up(system, user, key, limit=CHUNK):
    """Make up to `limit` links whose records have come meanwhile; returns how many (0: nothing is left to do).

    Those by name are looked for among the records of the kind with this key, of which some came just now.
    """
    made = 0
    waiting = PendingLink.objects.filter(system=system)
    for wanted in waiting.order_by("wanted").values_list("wanted", flat=True).distinct():
        if importer := importer_of(wanted):
            rows = come(waiting.filter(wanted=wanted), content_type(importer.model), limit)
            ids = {row.external_id: row.came for row in rows}
            made += catch(rows, importer.visible(user).in_bulk(set(ids.values())), ids, user)
    return made or catch_names(system, user, importer_of(key), limit)


def come(waiting, kind, limit):
    """The first links that wait for a record of a kind which has come; its id is the row's `came`.

    The subquery looks for each by the unique index; as a join it costs every link times every id before the tables
    are analysed, as in a new database.
    """
    known = ExternalId.objects.filter(
        system=OuterRef("system"), content_type=kind, external_id=OuterRef("external_id")
    ).values("object_id")[:1]
    return list(waiting.annotate(came=Subquery(known)).filter(came__isnull=False).order_by("id")[:limit])


def catch_names(system, user, importer, limit):
    """Make up to `limit` links to records that rows named before these had come; returns how many.

    Rows of the same file wait no longer, others until a record of that name comes.
    """
    waiting = PendingLink.objects.filter(system=system, wanted=importer.key, external_id__startswith=NAMED)
    own = content_type(importer.model).pk
    rows = iter(waiting.order_by("id").iterator())
    while part := list(islice(rows, limit)):
        found = importer.find({row.external_id.removeprefix(NAMED) for row in part}, user) if importer.find else {}
        same = {NAMED + text: records for text, records in found.items() if records}
        alone = {text: records[0] for text, records in same.items() if len(records) == 1}
        settled = [row for row in part if row.content_type_id == own or row.external_id in same]
        if settled:
            return catch(settled, {record.pk: record for record in alone.values()},
                         {text: record.pk for text, record in alone.items()}, user)  # fmt: skip
    return 0


def catch(rows, records, ids, user):
    """Make the pending links of one kind and forget them; those out of the user's reach are forgotten too."""
    grouped = defaultdict(list)
    for row in rows:
        grouped[row.content_type_id, row.field].append(row)
    for (type_id, field), group in grouped.items():
        model = ContentType.objects.get_for_id(type_id).model_class()
        importer = importer_of(model._meta.label_lower)
        if not importer or not importer.link:
            continue
        sources = importer.visible(user, "change").in_bulk({row.object_id for row in group})
        pairs = {
            sources[row.object_id]: records[ids[row.external_id]]
            for row in group
            if row.object_id in sources and ids.get(row.external_id) in records
        }
        importer.link(field, pairs, by=user)
    PendingLink.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)
