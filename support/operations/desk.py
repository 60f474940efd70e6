"""What an agent does at the desk: drafts, presence, and one action that answers and sets the state."""

import re
from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.models import User
from crm_site.core.operations import Refused, operation, refuse
from support.canned import unfilled
from support.models import Draft, Presence
from support.operations.cases import set_status
from support.operations.entitlements import use_entitlement
from support.operations.messages import add_note, post_reply, undo_reply

MENTION = re.compile(r"(?<!\S)@([\w.+-]*\w)")


@operation
def keep_draft(case, body, *, by, is_note=False):
    """Keep what the user has begun to write on a case; an empty text removes it."""
    if not body.strip():
        Draft.objects.filter(case=case, user=by).delete()
        return
    Draft.objects.bulk_create(
        [Draft(case=case, user=by, body=body, is_note=is_note)], update_conflicts=True,
        unique_fields=["case", "user"], update_fields=["body", "is_note", "changed_at"],
    )  # fmt: skip


@operation
def note_presence(case, *, by, typing=False):
    """Note that the user has the case open now, and whether they are writing; one statement."""
    now = timezone.now()
    fields = ["seen_at", "typing_at"] if typing else ["seen_at"]
    Presence.objects.bulk_create(
        [Presence(case=case, user=by, seen_at=now, typing_at=now if typing else None)], update_conflicts=True,
        unique_fields=["case", "user"], update_fields=fields,
    )  # fmt: skip


@operation
def end_presence(case, *, by):
    """The user has closed the case."""
    Presence.objects.filter(case=case, user=by).delete()


def mentioned(text):
    """The colleagues whom a note names as @anna, by what stands before the @ of their address."""
    wanted = [Q(email__istartswith=f"{name}@") for name in dict.fromkeys(MENTION.findall(text))][:10]
    return list(User.objects.filter(reduce(or_, wanted), is_active=True, door=User.STAFF)) if wanted else []


@operation
def answer_case(case, values, *, by, files=(), status=None, seen=None):
    """Post a reply or an internal note, set the status where one is given, and drop the draft; returns the message.

    `values` are kind ("public" or "note"), body, to (empty: the reporter), cc, and minutes of work, which count
    against the contract that covers the case. Refused with field "seen" when a
    newer message than `seen` is there, and with field "body" while a reply holds a placeholder that nobody filled.
    """
    if values["kind"] == "note":
        message = add_note(case, values["body"], by=by, files=files, mentions=mentioned(values["body"]))
        if status:
            set_status(case, status, by=by)
    else:
        if left := unfilled(values["body"]):
            refuse(_("Fill in first: %(names)s") % {"names": ", ".join(f"{{{name}}}" for name in left)}, "body")
        to, *more = values.get("to") or [None]
        copies = [*more, *(values.get("cc") or ())]
        message = post_reply(case, values["body"], by=by, to=to, cc=copies, files=files, status=status, seen=seen)
    if values.get("minutes"):
        count_minutes(case, values["minutes"], by=by)
    Draft.objects.filter(case=case, user=by).delete()
    return message


def count_minutes(case, minutes, *, by):
    """Take minutes of the contract; Refused with field "minutes" where none covers the case."""
    try:
        use_entitlement(case, by=by, minutes=minutes)
    except Refused as refusal:
        refuse(str(refusal), "minutes")


@operation
def take_back(case, message, *, by):
    """Take back a reply that has not left, and keep its text as the draft. Refused when it was sent already."""
    keep_draft(case, undo_reply(message, by=by), by=by)


@operation
def forget_presence(before, *, by=None):
    """Remove what was noted of presence before a moment; returns how many rows."""
    return Presence.objects.filter(seen_at__lt=before).delete()[0]
