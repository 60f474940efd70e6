"""History: every change of a record, kept by database triggers, read back as sentences."""

from django.apps import apps
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.kinds import KINDS
from crm_site.core.models import User

# Columns that change with every write and say nothing to a reader.
SILENT = {"changed_at", "changed_by", "version", "created_at", "created_by", "id", "deleted_by"}
DOORS = {
    "web": gettext_lazy("in the browser"), "import": gettext_lazy("by an import"),
    "admin": gettext_lazy("in the administration"), "worker": gettext_lazy("by a background job"),
    "demo": gettext_lazy("with the demo data"),
}  # fmt: skip


def events_of(record):
    """The record's events, newest first."""
    model = type(record)._meta.get_field("events").related_model
    return model.objects.filter(pgh_obj_id=record.pk).select_related("pgh_context").order_by("-pgh_id")


# {model: [(model of its parts, the field that names it, function(events, user) giving a sentence for each)]}.
PARTS = {}
# So many events of the parts are told between two pages.
PARTS_TOLD = 200


def entries(record, user, limit=20, before=None):
    """(entries, id to go on from or None): who changed what, when and how, newest first.

    An entry is a dict of at, by, operation, door and sentences; four statements, however many entries, and those that
    it takes to tell of the record's parts.
    """
    rows = events_of(record)
    if before:
        rows = rows.filter(pgh_id__lte=before)
    found = list(rows[: limit + 1])
    made, more = told(found, user)[:limit], found[limit] if len(found) > limit else None
    until, since = found[0].pgh_created_at if before and found else None, more and more.pgh_created_at
    for part, link, tell in PARTS.get(type(record), ()):
        rows = part._meta.get_field("events").related_model.objects.filter(**{link: record.pk})
        rows = rows.filter(**({"pgh_created_at__lte": until} if until else {}))
        rows = rows.filter(**({"pgh_created_at__gt": since} if since else {}))
        rows = list(rows.select_related("pgh_context").order_by("-pgh_id")[:PARTS_TOLD])
        made += tell_parts(rows, tell(rows, user), found, made, user)
    return sorted(made, key=lambda one: one["at"], reverse=True), more and more.pgh_id


def tell_parts(rows, said, events, made, user):
    """Add what operations did to parts to the entries of what they did to the record; entries of the others."""
    by_context = {e.pgh_context_id: one for e, one in zip(events, made, strict=False) if e.pgh_context_id}
    others = []
    for row, one, sentence in reversed(list(zip(rows, told(rows, user), said, strict=True))):
        if same := by_context.get(row.pgh_context_id):
            same["sentences"] = [*(text for text in same["sentences"] if text != again()), sentence]
        else:
            others.append(one | {"sentences": [sentence]})
    return others[::-1]


def again():
    """What is said of a change that shows in no field."""
    return _("Saved again.")


def told(events, user, about=None):
    """The entries of events, newest first, perhaps of several rows of a model; `about(event, names)` names the row."""
    pairs, before = [], {}
    for event in reversed(events):
        pairs.append((event, before.get(event.pgh_obj_id)))
        before[event.pgh_obj_id] = event
    names = names_of(events, user)
    people = {u.pk: u for u in User.objects.filter(pk__in={actor(event) for event in events} - {None})}
    made = [entry(event, earlier, names, people) for event, earlier in reversed(pairs)]
    for one, event in zip(made, events, strict=True):
        if about:
            one["sentences"] = [f"{about(event, names)}: {text}" for text in one["sentences"]]
    return made


def whole_entries(record, user, part, link, about, limit=20):
    """The newest entries of a record and of the rows of `part` whose field `link` names it, together."""
    rows = part._meta.get_field("events").related_model.objects.filter(**{link: record.pk})
    rows = list(rows.select_related("pgh_context").order_by("-pgh_id")[:limit])
    both = [*told(list(events_of(record)[:limit]), user), *told(rows, user, about)]
    return sorted(both, key=lambda one: one["at"], reverse=True)[:limit]


def actor(event):
    """The id of the user who acted, or None for the system."""
    return event.pgh_context.metadata.get("user") if event.pgh_context else None


def entry(event, earlier, names, people):
    """One event in words."""
    context = event.pgh_context.metadata if event.pgh_context else {}
    return {
        "at": event.pgh_created_at,
        "by": people.get(context.get("user")),
        "operation": str(context.get("operation", "")).replace("_", " "),
        "door": DOORS.get(context.get("door"), DOORS["worker"] if context else ""),
        "sentences": sentences(event, earlier, names),
    }


def sentences(event, earlier, names):
    """What an event changed, each field as a sentence."""
    if event.pgh_label == "insert" or earlier is None:
        return [_("Created.")] if event.pgh_label == "insert" else [_("Changed; nothing earlier is kept.")]
    if event.pgh_label == "delete":
        return [_("Removed for good.")]
    found = []
    for field in type(event)._meta.get_field("pgh_obj").related_model._meta.fields:
        if field.name in SILENT or field.generated or not hasattr(event, field.attname):
            continue
        old, new = getattr(earlier, field.attname), getattr(event, field.attname)
        if old != new:
            found.append(sentence(field, shown(field, old, names), shown(field, new, names), new))
    return found or [again()]


def sentence(field, old, new, value):
    """One field's change in words."""
    if field.name == "deleted_at":
        return _("Put into the bin.") if value else _("Taken out of the bin.")
    words = {"field": str(field.verbose_name).capitalize(), "old": old, "new": new}
    if not old:
        return _("%(field)s set to “%(new)s”.") % words
    if not new:
        return _("%(field)s “%(old)s” removed.") % words
    return _("%(field)s changed from “%(old)s” to “%(new)s”.") % words


def shown(field, value, names):
    """A stored value as a reader knows it."""
    if value is None or value == "" or value == []:
        return ""
    if field.is_relation:
        return names.get((field.related_model, value), _("something not visible to you"))
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, item.values())) if isinstance(item, dict) else str(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key} {flat(part)}" for key, part in value.items())
    if field.get_internal_type() == "DateTimeField":
        return formats.date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if field.get_internal_type() == "DateField":
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    return str(value)


def flat(value):
    """A value of a list of lists, or what is in it separated by commas."""
    return ", ".join(map(flat, value)) if isinstance(value, list) else str(value)


def names_of(events, user):
    """{(model, id): text} of what the events point at, through the gate; one statement a model."""
    wanted = {}
    for event in events:
        for field in type(event)._meta.fields:
            if field.is_relation and not field.name.startswith("pgh_") and getattr(event, field.attname):
                wanted.setdefault(field.related_model, set()).add(getattr(event, field.attname))
    found = {}
    for model, ids in wanted.items():
        kind = KINDS.get(model._meta.label_lower)
        rows = model.objects.visible_to(user) if kind else model._base_manager.all()
        found |= {(model, row.pk): str(row) for row in rows.filter(pk__in=ids)}
    return found


def as_of(record, moment):
    """The record's fields as they were at a moment, as {field: value}; None when it did not exist yet or any more."""
    event = events_of(record).filter(pgh_created_at__lte=moment).first()
    if event is None or event.pgh_label == "delete":
        return None
    fields = type(record)._meta.fields
    return {field: getattr(event, field.attname) for field in fields if hasattr(event, field.attname)}


def event_models():
    """All models that hold history, for the guards and the demo data's removal."""
    return [model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")]
