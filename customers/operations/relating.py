"""The further records that an activity is about, beside the one that it belongs to; each is named as (kind, id)."""

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils.translation import gettext as _

from crm_site.core.kinds import KINDS, links_to
from crm_site.core.models import User
from crm_site.core.operations import operation, write_many
from customers.models import Activity, ActivityLink, Participant
from customers.operations.linking import LINKS


def relatable():
    """The kinds of record that an activity may be about: those with a timeline."""
    return [kind for kind in KINDS.values() if kind.has_timeline]


def type_of(key):
    """The content type of the kind with this label."""
    return ContentType.objects.get_for_model(KINDS[key].model)


def key_of(type_id):
    """The label of the kind with this content type."""
    return ContentType.objects.get_for_id(type_id).model_class()._meta.label_lower


def by_kind(pairs):
    """{kind: ids} of records named as (kind, id)."""
    found = {}
    for key, pk in pairs:
        found.setdefault(key, set()).add(pk)
    return found


def related_of(activities):
    """{activity id: [(kind, id)]} of what activities are about besides; one statement."""
    found = {activity.pk: [] for activity in activities}
    for pk, kind, other in (
        ActivityLink.objects.filter(activity__in=found)
        .order_by("pk")
        .values_list("activity_id", "content_type_id", "object_id")
    ):
        found[pk].append((key_of(kind), other))
    return found


def check_seen(pairs, by):
    """Raise PermissionDenied unless `by` sees all of these records and they have timelines; a statement a kind."""
    kinds = {kind.key: kind for kind in relatable()}
    for key, ids in by_kind(pairs).items():
        if key not in kinds:
            raise PermissionDenied
        rows = kinds[key].model.objects
        rows = rows.visible_to(by) if by else rows.unscoped("the system links for itself")
        if rows.filter(pk__in=ids).count() < len(ids):
            raise PermissionDenied


def link_many(pairs, by):
    """Let activities be about records, as [(activity, kind and id)]; what is so already stays as it is.

    Those that an activity belongs to or counts for are left out: it stands on their timelines as it is.
    """
    check_seen({pair for _activity, pair in pairs}, by)
    made = [
        ActivityLink(activity=activity, content_type=type_of(key), object_id=pk, kind=activity.kind, at=activity.at,
                     on_top=activity.is_pinned or activity.status == Activity.OPEN)
        for activity, (key, pk) in pairs if not belongs_to(activity, key, pk)
    ]  # fmt: skip
    ActivityLink.objects.bulk_create(made, ignore_conflicts=True, batch_size=1000)


def belongs_to(activity, key, pk):
    """Whether an activity hangs on this record without any link."""
    counts = any(
        model._meta.label_lower == key and getattr(activity, f"{name}_id") == pk for name, model in LINKS.items()
    )
    return counts or (activity.regarding_id == pk and activity.regarding_type_id == type_of(key).pk)


def set_related(activity, pairs, by):
    """Let a locked activity be about exactly these records; whether anything changed. Only new ones pass the gate."""
    had, pairs = related_of([activity])[activity.pk], [tuple(pair) for pair in pairs]
    gone = models.Q()
    for key, pk in set(had) - set(pairs):
        gone |= models.Q(content_type=type_of(key), object_id=pk)
    if gone:
        activity.links.filter(gone).delete()
    fresh = [pair for pair in dict.fromkeys(pairs) if pair not in had and not belongs_to(activity, *pair)]
    link_many([(activity, pair) for pair in fresh], by)
    return bool(gone or fresh)


def carry_over(activity, made):
    """Let another activity be about what one is about."""
    for row in activity.links.all():
        row.pk, row.activity, row.kind, row.at, row.on_top = None, made, made.kind, made.at, True
        row.save(force_insert=True)


@operation
def relate_activities(pairs, *, by):
    """Let activities be about one record more each, {activity: (kind, id)}; returns how many activities there are.

    The caller has checked that `by` may change them. Raises PermissionDenied where `by` does not see a record.
    """
    rows = Activity.objects.unscoped("checked by who calls").filter(pk__in=[activity.pk for activity in pairs])
    count, current = write_many(rows, {}, by=by), {activity.pk: activity for activity in rows}
    link_many([(current[activity.pk], pair) for activity, pair in pairs.items()], by)
    return count


def links_of(record):
    """The links of living activities that are about a record besides."""
    kind = ContentType.objects.get_for_model(type(record))
    return ActivityLink.objects.filter(content_type=kind, object_id=record.pk, activity__deleted_at__isnull=True)


def move_links(model, source, target):
    """Let activities about one record be about another of its model, where they are not yet; returns the links' ids."""
    rows = ActivityLink.objects.filter(content_type=ContentType.objects.get_for_model(model))
    there = rows.filter(object_id=target).values("activity")
    ids = sorted(rows.filter(object_id=source).exclude(activity__in=there).values_list("pk", flat=True))
    ActivityLink.objects.filter(pk__in=ids).update(object_id=target)
    return ids


def tell_links(events, user):
    """A sentence for each event of a link, for the activity's history."""
    pairs = [(key_of(event.content_type_id), event.object_id) for event in events]
    names = links_to(user, by_kind(pairs))
    hidden = _("something not visible to you")
    return [
        (_("No longer regarding “%(name)s”.") if event.pgh_label == "delete" else _("Also regarding “%(name)s”."))
        % {"name": names.get(pair, (hidden,))[0]}
        for event, pair in zip(events, pairs, strict=True)
    ]


def tell_guests(events, user):
    """A sentence for each event of somebody who takes part, for the activity's history."""
    contacts = links_to(user, by_kind([("customers.contact", e.contact_id) for e in events if e.contact_id]))
    users = User.objects.in_bulk({e.user_id for e in events if e.user_id})
    hidden = (_("Somebody not visible to you"),)
    told = []
    for event in events:
        name = contacts.get(("customers.contact", event.contact_id), hidden)[0]
        words = {"name": users.get(event.user_id, name), "answer": Participant.ANSWERS.get(event.answer, "")}
        sentence = {"insert": _("%(name)s takes part."), "delete": _("%(name)s takes part no more.")}
        told.append(sentence.get(event.pgh_label, _("%(name)s answered: %(answer)s.")) % words)
    return told
