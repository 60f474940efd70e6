"""What an agent does at the desk: drafts, presence, and one action that answers and sets the state."""

import re
from functools import reduce
from operator import or_

from django.core.files import File
from django.core.files.base import ContentFile
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from crm_site.core.attachments import check_size, clean_name, detach_file, drop_stored
from crm_site.core.models import User
from crm_site.core.operations import Refused, operation, refuse
from support.canned import unfilled
from support.models import Draft, DraftFile, Presence
from support.operations.cases import set_status
from support.operations.entitlements import use_entitlement
from support.operations.messages import add_note, post_reply, undo_reply

FILES_AT_MOST = 10
MENTION = re.compile(r"(?<!\S)@([\w.+-]*\w)")


@operation
def keep_draft(case, body, *, by, is_note=False, was=None):
    """Keep what the user has begun to write on a case; an empty text without files removes it.

    Returns whether it took the place of another text than `was`, what the writer knew: one from another window.
    """
    own, texts = Draft.objects.filter(case=case, user=by), [text.replace("\r", "") for text in (was or "", body)]
    before = was is not None and own.values_list("body", flat=True).first()
    elsewhere = bool(before) and before.replace("\r", "") not in texts
    if not body.strip() and not DraftFile.objects.filter(draft__in=own).exists():
        own.delete()
        return elsewhere
    Draft.objects.bulk_create(
        [Draft(case=case, user=by, body=body, is_note=is_note)], update_conflicts=True,
        unique_fields=["case", "user"], update_fields=["body", "is_note", "changed_at"],
    )  # fmt: skip
    return elsewhere


@operation
def keep_draft_files(case, uploads, *, by):
    """Keep files with what the user writes on a case and return them; Refused for too many, an empty or a large one."""
    draft = Draft.objects.get_or_create(case=case, user=by)[0]
    if draft.files.count() + len(uploads) > FILES_AT_MOST:
        refuse(_("At most %(n)s files at a time.") % {"n": FILES_AT_MOST}, "files")
    for upload in uploads:
        check_size(upload)
    return [
        DraftFile.objects.create(draft=draft, name=clean_name(upload.name), size=upload.size, file=renamed(upload))
        for upload in uploads
    ]


def renamed(upload):
    """The upload under a name that nobody guesses."""
    return ContentFile(upload.read(), name=get_random_string(32))


@operation
def drop_draft_files(rows, *, by):
    """Remove files of the user's drafts for good, what is stored of them when the rows are gone."""
    rows = [row for row in rows if row.draft.user_id == by.pk]
    stored = [row.file for row in rows]
    DraftFile.objects.filter(pk__in=[row.pk for row in rows]).delete()
    drop_stored(stored)


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
    The files of the draft go with it, before `files`.
    """
    begun = list(DraftFile.objects.filter(draft__case=case, draft__user=by).select_related("draft").order_by("pk"))
    files = [*(File(row.file, name=row.name) for row in begun), *files]
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
    drop_draft_files(begun, by=by)
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
    """Take back a reply that has not left, and keep its text and files as the draft. Refused when it was sent already.

    What was begun meanwhile stays below it.
    """
    files = [row.attachment for row in message.files.select_related("attachment").order_by("pk")]
    began = Draft.objects.filter(case=case, user=by).values_list("body", flat=True).first()
    text = "\n\n".join(filter(None, [undo_reply(message, by=by), began]))
    if files:
        keep_draft_files(case, [File(row.file, name=row.name) for row in files], by=by)
        for row in files:
            detach_file(row, by=by)
    keep_draft(case, text, by=by)


@operation
def forget_presence(before, *, by=None):
    """Remove what was noted of presence before a moment; returns how many rows."""
    return Presence.objects.filter(seen_at__lt=before).delete()[0]
