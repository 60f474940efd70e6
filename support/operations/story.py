"""The story of a case: messages with their files, the counters that follow from them, and who is told."""

from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.attachments import keep_uploads
from crm_site.core.loading import fresh, insert_many
from crm_site.core.models import User
from crm_site.core.notifications import notify
from support.models import Case, Message, MessageFile

LISTED = ("to", "cc")


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


def counted(case):
    """What the messages of a case say about it: their number, the last ones, since when the customer waits."""
    spoken = Message.objects.filter(case=case).exclude(kind=Message.EVENT)
    public = Q(kind=Message.PUBLIC, is_automatic=False)
    found = spoken.aggregate(
        message_count=Count("pk"), last_message_at=Max("at"),
        last_customer_at=Max("at", filter=public & Q(direction=Message.IN)),
        last_agent_at=Max("at", filter=public & Q(direction=Message.OUT)),
        first_replied_at=Min("at", filter=public & Q(direction=Message.OUT)),
    )  # fmt: skip
    waiting = spoken.filter(public, direction=Message.IN)
    if found["last_agent_at"]:
        waiting = waiting.filter(at__gt=found["last_agent_at"])
    found["last_message_at"] = found["last_message_at"] or case.created_at
    ended = case.category in (case.status.RESOLVED, case.status.CLOSED)
    found["waiting_since"] = None if ended else waiting.aggregate(first=Min("at"))["first"]
    return found


def recount(case):
    """Write what the messages of a case say about it, after some came, went or moved; and return the case."""
    found = counted(case)
    Case.objects.unscoped("derived columns").filter(pk=case.pk).update(**found)
    for name, value in found.items():
        setattr(case, name, value)
    return case


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
