"""Files on records: kept under random names, given out only to those who may see the record."""

import re
import unicodedata
from functools import partial

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from crm_site.core.kinds import KINDS
from crm_site.core.loading import insert_many
from crm_site.core.models import Attachment, User
from crm_site.core.operations import Refused, lock, operation

LARGEST = 25 * 1024 * 1024
NAME_LENGTH = 200
# Controls, and marks that turn the direction of text, so that "exe.pdf" is read as it is.
HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def clean_name(name):
    """A file's name without folders, control characters and outer dots, at most 200 characters with its ending."""
    name = HIDDEN.sub("", unicodedata.normalize("NFC", str(name))).replace("\\", "/").rpartition("/")[2]
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > NAME_LENGTH:
        name = f"{stem[: NAME_LENGTH - len(ending) - 1]}.{ending}" if dot and len(ending) <= 10 else name[:NAME_LENGTH]
    return name or _("file")


def attachments_of(record):
    """The files on a record, newest first."""
    content_type = ContentType.objects.get_for_model(type(record))
    rows = Attachment.objects.filter(content_type=content_type, object_id=record.pk)
    by = (f"created_by__{name}" for name in User.LABEL_FIELDS)
    return rows.select_related("created_by").only("name", "size", "created_at", *by).order_by("-pk")


def find_attachment(pk, user, action="view"):
    """The file, if the user may do the action on its record; otherwise None."""
    found = Attachment.objects.select_related("content_type").filter(pk=pk).first()
    kind = found and KINDS.get(f"{found.content_type.app_label}.{found.content_type.model}")
    if not kind or not kind.model.objects.visible_to(user, action).filter(pk=found.object_id).exists():
        return None
    return found


@operation
def attach_file(record, upload, *, by):
    """Keep an uploaded file on the record and return it; Refused when it is empty or larger than 25 MB."""
    lock(record, by)
    return keep_uploads([(record, upload, by)])[0]


def check_size(upload):
    """Refused when a file is empty or larger than 25 MB."""
    if upload.size > LARGEST:
        raise Refused(_("A file may have 25 MB at most."))
    if not upload.size:
        raise Refused(_("The file is empty."))


def keep_uploads(rows):
    """Keep uploads on records that the caller has locked, given as (record, upload, user), and return them in order.

    Refused when one is empty or larger than 25 MB. The number of statements does not grow with the files.
    """
    made = []
    for record, upload, by in rows:
        check_size(upload)
        made.append(Attachment(
            content_type=ContentType.objects.get_for_model(type(record)), object_id=record.pk, size=upload.size,
            name=clean_name(upload.name), created_by=by,
        ))  # fmt: skip
        made[-1].file.save(f"{timezone.now():%H%M%S}-{get_random_string(32)}", upload, save=False)
    return insert_many(Attachment, made)


@operation
def detach_file(attachment, *, by):
    """Remove a file for good; PermissionDenied unless the user may change its record."""
    record = attachment.content_type.model_class()(pk=attachment.object_id)
    lock(record, by)
    attachment.delete()
    drop_stored([attachment.file])


def drop_stored(files):
    """Remove what is stored of files whose rows go: after the rows, for a file without a row is only lost space."""
    for file in files:
        transaction.on_commit(partial(file.storage.delete, file.name))
