"""Operations on the conversation of a case: what customers write, what agents answer and note."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.models import User
from crm_site.core.operations import lock, operation, refuse, require
from support import clocks
from support.contracts import holds
from support.models import Case, Mailbox, Message, OutgoingMail, Status
from support.operations.cases import create_cases
from support.operations.states import ENDED, put_back, set_status, state_of, status_of
from support.operations.story import keep_message, listeners, note_event, note_spoken, recount, said, tell
from support.operations.survivors import survivor_of
from support.operations.watching import copies_of

__all__ = ["add_note", "note_event", "post_reply", "receive_message", "reporter_address", "undo_reply"]


@operation
def post_reply(  # noqa: PLR0913 - a reply has as many parts
    case, body, *, by, to=None, cc=None, files=(), status=None, at=None, seen=None, delay=10, html=""
):
    """Answer the customer publicly and return the message; the mail to the reporter goes after `delay` seconds.

    `seen` is the id of the newest message that the writer knew; Refused (field "seen") when there is a newer one.
    `status` is what the case is then, without one a new case becomes an open one. `cc` is who gets a copy, None those
    who watch the case from outside. With delay=None nothing is mailed, for histories that are brought in.
    """
    current = lock(case, by)
    need_writable(current, body, files)
    need_seen(current, seen)
    at = at or timezone.now()
    copies = copies_of(current) if cc is None else list(cc)
    address = reporter_address(current) if to is None else to
    message = keep_message(
        current, files, kind=Message.PUBLIC, direction=Message.OUT, channel=current.channel, at=at, user=by,
        author_name=str(by) if by else "", body=body, html=html, to=[address] if address else [], cc=copies,
    )  # fmt: skip
    note_spoken(current, at, direction=Message.OUT)
    clocks.agent_replied(current, at)
    if address and delay is not None:
        send_reply(message, address, delay)
    status = status or (status_of(Status.OPEN) if current.category == Status.NEW else None)
    if status:
        before = state_of(current)
        message.case = current = set_status(current, status, by=by, at=at)
        message.outgoing.update(states=[before, state_of(current)])
    tell(current, listeners(current, by), said(current, _("%(name)s answered") % {"name": by}), f"message:{message.pk}")
    return message


def need_writable(case, body, files):
    """Refuse an empty message, and one on a case that went into another one."""
    if case.merged_into_id:
        refuse(_("A merged case is read-only. Write on the case that it went into."))
    if not (body or "").strip() and not files:
        refuse(_("Write something or choose a file."), "body")


def need_seen(case, seen):
    """Refuse when something was said after the message that the writer saw last."""
    if seen is None:
        return
    newer = case.messages.exclude(kind=Message.EVENT).filter(pk__gt=seen).order_by("-pk").first()
    if newer:
        name = newer.author_name or str(newer.contact or newer.user or _("Somebody"))
        refuse(_("%(name)s wrote meanwhile. Read it first, then send again.") % {"name": name}, "seen")


def reporter_address(case):
    """Where answers go: the reporter's e-mail address, else that of who wrote last and is known to take part."""
    if case.contact_id and case.contact.email:
        return case.contact.email
    rows = case.messages.filter(direction=Message.IN, is_automatic=False, is_verified=True).exclude(author_email="")
    return rows.order_by("-at", "-pk").values_list("author_email", flat=True).first() or ""


def mailbox_of(case):
    """The mailbox that a case is answered from: the one it came by, else one of its queue; None when there is none."""
    came = Mailbox.objects.filter(mails__case=case, is_active=True).order_by("-mails__pk").first()
    return came or Mailbox.objects.filter(queue=case.queue_id, is_active=True).order_by("pk").first()


def send_reply(message, address, delay):
    """Put a reply into the outbox, from where it goes after so many seconds."""
    case = message.case
    OutgoingMail.objects.create(
        kind=OutgoingMail.REPLY, case=case, message=message, mailbox=mailbox_of(case), to=address, cc=message.cc,
        subject=case.subject, body=message.body, key=f"reply:{message.pk}",
        due=timezone.now() + timedelta(seconds=delay),
    )  # fmt: skip


@operation
def undo_reply(message, *, by):
    """Take a reply back whose mail has not gone and return its text; the case is what it was before.

    Refused when the mail has gone, and when there was none to hold back.
    """
    case = lock(message.case, by)
    mails = list(OutgoingMail.objects.select_for_update().filter(message=message))
    if not mails or any(mail.mailed_at or mail.due is None for mail in mails):
        refuse(_("It has been sent already."))
    at, body, now = message.at, message.body, timezone.now()
    message.delete()
    unchanged = put_back(case, mails[0].states, by=by, at=now)
    recount([case])
    clocks.reply_taken_back(case, at, unchanged=unchanged)
    if unchanged:
        clocks.status_changed([case], now)
    return body


@operation
def add_note(case, body, *, by, mentions=(), files=(), at=None):
    """Add an internal note and return it; those mentioned (users or their ids) are told, as far as they may see it.

    Whoever sees the case and may make cases may add one, such as the customer's salesperson; files need more.
    """
    require(by, Case, "add")
    current = lock(case, by, "change" if files else "view")
    need_writable(current, body, files)
    at = at or timezone.now()
    ids = {getattr(user, "pk", user) for user in mentions}
    people = list(User.objects.filter(pk__in=ids, is_active=True, door=User.STAFF)) if ids else []
    note = keep_message(
        current, files, kind=Message.NOTE, at=at, user=by, author_name=str(by) if by else "", body=body,
        mentions=sorted(user.pk for user in people),
    )  # fmt: skip
    note_spoken(current, at, direction="")
    text = _("%(name)s mentioned you") % {"name": by}
    tell(current, [user for user in people if user != by], said(current, text), f"message:{note.pk}")
    text = _("%(name)s wrote a note") % {"name": by}
    tell(current, listeners(current, by), said(current, text), f"message:{note.pk}")
    return note


def receive_message(  # noqa: PLR0913 - a mail has as many parts
    case, *, by=None, at=None, contact=None, user=None, name="", email="", subject="", body="", quoted="", html="",
    channel, message_id="", to=(), cc=(), files=(), automatic=False, verified=True,
):  # fmt: skip
    """Keep what a customer wrote and return the message, which stands on a follow-up case where the case is over.

    A resolved case and one that waits are open again; a closed one by the rule of its queue. What a machine wrote by
    itself (`automatic`) is kept, but opens nothing and moves no clock. `verified` says whether the sender is proved.
    """
    said_what = {
        "at": at or timezone.now(), "contact": contact, "user": user, "author_name": name or str(contact or user or ""),
        "author_email": email, "subject": subject, "body": body, "quoted": quoted, "html": html, "channel": channel,
        "message_id": message_id, "to": to, "cc": cc, "is_automatic": automatic, "is_verified": verified,
    }  # fmt: skip
    return receive(case, said_what, files, by=by)


@operation
def receive(case, values, files, *, by):
    """Keep one message of a customer, given as fields; see receive_message."""
    if by and not Case.objects.changeable_by(by).filter(pk=case.pk).exists():
        raise PermissionDenied
    current, at, automatic = survivor_of(case), values["at"], values["is_automatic"]
    if not automatic and is_over(current, at):
        return follow_up(current, values | {"files": files}, by=by)
    origin = case.pk if case.pk != current.pk else None
    message = keep_message(current, files, kind=Message.PUBLIC, direction=Message.IN, **values | {"origin_id": origin})
    note_spoken(current, at, direction=Message.IN, automatic=automatic)
    if automatic:
        return message
    if current.category in (Status.WAITING, *ENDED):
        message.case = current = set_status(current, status_of(Status.OPEN), by=by, at=at)
    clocks.customer_wrote(current, at)
    text = _("%(name)s wrote") % {"name": message.author_name or message.author_email or _("The customer")}
    tell(current, listeners(current, by), said(current, text), f"message:{message.pk}")
    return message


def is_over(case, at):
    """Whether a customer's message of a moment begins a new case instead of opening this one, by the queue's rule."""
    if case.category != Status.CLOSED and not case.deleted_at:
        return False
    days = case.queue.reopen_days if case.queue_id else None
    if case.is_spam or case.deleted_at:
        return True
    return days is not None and at >= case.closed_at + timedelta(days=days)


def follow_up(case, first, *, by):
    """Make the case that follows one which is over, with the customer's message; returns the message.

    The contract of the old one covers it as long as that holds, then the one that does at the moment of the message.
    """
    kept = ("customer_id", "account_id", "contact_id", "type", "priority", "queue_id", "product_id", "installed_id",
            "sale_id", "partner_id", "tags", "is_private")  # fmt: skip
    row = {name: getattr(case, name) for name in kept} | {
        "owner": case.owner if case.is_private else None,
        "subject": first["subject"] or case.subject, "channel": first["channel"], "follows": case, "at": first["at"],
        "first": first | {"kind": Message.PUBLIC, "direction": Message.IN},
    }  # fmt: skip
    if case.entitlement_id and holds(case.entitlement, timezone.localdate(first["at"])):
        row["entitlement"] = case.entitlement
    made = create_cases([row], by=None)[0]
    note_event(case, _("Followed by %(number)s") % {"number": made.number}, by=by, at=first["at"])
    return made.opening
