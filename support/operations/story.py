"""The story of a case: messages with their files, the counters that follow from them, and who is told."""

from django.db.models import Count, F, Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.attachments import keep_uploads
from crm_site.core.loading import fresh, insert_many, update_many
from crm_site.core.models import User
from crm_site.core.notifications import notify
from support.models import Case, Message, MessageFile, Status

LISTED = ("to", "cc")
# What a case without messages says of them.
SILENT = {"message_count": 0, "last_message_at": None, "last_customer_at": None, "last_agent_at": None,
          "first_replied_at": None}  # fmt: skip


def fitted(values):
    """The values of a message as long as its columns hold them."""
    values = dict(values)
    for field in Message._meta.concrete_fields:
        text = values.get(field.name)
        if isinstance(text, str):
            text = text.replace("\x00", "")
            values[field.name] = text[: field.max_length] if field.max_length else text
    for name in LISTED:
        values[name] = [address[:320] for address in values.get(name) or ()]
    return values


def keep_message(case, files=(), **values):
    """Add one message to a case with its files and return it; the counters are the caller's."""
    message = Message.objects.create(case=case, **fitted(values))
    keep_files(message, files, by=values.get("user"))
    return message


def keep_files(message, files, *, by):
    """Keep uploads as attachments of the case, found from the message; raises Refused for an empty or too large one."""
    keep_all_files([(message, files, by)])


def keep_all_files(rows):
    """Keep the uploads of many messages, given as (message, uploads, user); the statements do not grow with them.

    The caller has locked the cases.
    """
    pairs = [(message, upload, by) for message, files, by in rows for upload in files]
    made = keep_uploads([(message.case, upload, by if by and by.door == User.STAFF else None)
                         for message, upload, by in pairs])  # fmt: skip
    found = []
    for (message, upload, _by), attachment in zip(pairs, made, strict=True):
        cid = (getattr(upload, "cid", "") or "")[:255]
        found.append(MessageFile(message=message, attachment=attachment, cid=cid, is_inline=bool(cid)))
    MessageFile.objects.bulk_create(found)


def note_event(case, text, *, by, at=None):
    """Add an event to the story of a case and return it."""
    return note_events([case], text, by=by, at=at)[0]


def note_events(cases, text, *, by, at=None):
    """Add the same event to the story of many cases; a fixed number of statements."""
    at = at or timezone.now()
    return note_each([(case, text, at) for case in cases], by=by)


def note_each(rows, *, by):
    """Add events to the stories of cases, given as (case, text, moment or None for now)."""
    now = timezone.now()
    return insert_many(
        Message, [fresh(Message, case_id=case.pk, kind=Message.EVENT, user=by, body=text, at=at or now)
                  for case, text, at in rows],
    )  # fmt: skip


def recount(cases):
    """Write what their messages say about cases, after some came, went or moved; four statements however many.

    That is the number of messages, the last ones, and since when the customer waits. The given objects are kept up.
    """
    named = {case.pk: case for case in cases}
    spoken = Message.objects.filter(case__pk__any_of=list(named)).exclude(kind=Message.EVENT).order_by()
    ours, theirs = (Q(kind=Message.PUBLIC, is_automatic=False, direction=way) for way in (Message.OUT, Message.IN))
    found = spoken.values("case").annotate(
        message_count=Count("pk"), last_message_at=Max("at"), last_customer_at=Max("at", filter=theirs),
        last_agent_at=Max("at", filter=ours), first_replied_at=Min("at", filter=ours),
    )  # fmt: skip
    found = {row.pop("case"): row for row in found} if named else {}
    for pk, case in named.items():
        told = found.get(pk) or SILENT | {"last_message_at": case.created_at}
        for name, value in told.items():
            setattr(case, name, value)
    update_many(Case, list(named.values()), SILENT)
    answered = Q(at__lte=F("case__last_agent_at"), case__last_agent_at__isnull=False)
    waiting = spoken.filter(theirs).exclude(answered).values_list("case").annotate(Min("at"))
    waiting = dict(waiting) if named else {}
    for pk, case in named.items():
        case.waiting_since = waiting.get(pk) if case.category in Status.UNRESOLVED else None
    update_many(Case, list(named.values()), ["waiting_since"])


def note_spoken(case, at, *, direction, automatic=False):
    """Write the counters after one message of a moment; `direction` is empty for a note."""
    values = {"message_count": case.message_count + 1, "last_message_at": max(case.last_message_at, at)}
    if direction == Message.IN and not automatic:
        values["last_customer_at"] = max(case.last_customer_at or at, at)
        if not case.last_agent_at or case.last_agent_at < at:
            values["waiting_since"] = min(case.waiting_since or at, at)
    elif direction == Message.OUT and not automatic:
        values["last_agent_at"] = max(case.last_agent_at or at, at)
        values["first_replied_at"] = min(case.first_replied_at or at, at)
        if case.waiting_since and case.waiting_since <= at:
            values["waiting_since"] = None
    Case.objects.unscoped("derived columns").filter(pk=case.pk).update(**values)
    for name, value in values.items():
        setattr(case, name, value)


def tell(case, users, text, key):
    """Notify users about a case, those of them who may see it; `key` makes each of them hear of it once."""
    rows = []
    for user in {user.pk: user for user in users if user}.values():
        if user.is_active and Case.objects.visible_to(user).filter(pk=case.pk).exists():
            rows.append({"user_id": user.pk, "text": text, "url": address_of(case), "key": key})
    notify(rows)


def address_of(case):
    """The page of a case for staff."""
    return f"/cases/{case.pk}/"


def listeners(case, but=None):
    """The agent of a case and the colleagues who watch it, except one."""
    users = [watcher.user for watcher in case.watchers.filter(user__isnull=False).select_related("user")]
    return [user for user in (case.owner, *users) if user and user != but]


def said(case, text):
    """A sentence about a case for a notification."""
    return _("%(number)s %(subject)s: %(text)s") % {"number": case.number, "subject": case.subject, "text": text}
