"""Sharing: a record opened to one more user or team."""

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _

from crm_site.core.models import Share
from crm_site.core.operations import Refused, lock, operation


@operation
def share_record(record, *, by, reason, user=None, team=None, can_change=False, until=None):
    """Open a record to a user or a team and return the share; a second one for the same party replaces the first."""
    if (user is None) == (team is None):
        raise Refused(_("Choose a user or a team."))
    lock(record, by)
    share, _made = Share.objects.update_or_create(
        content_type=ContentType.objects.get_for_model(type(record)), object_id=record.pk, user=user, team=team,
        defaults={"can_change": can_change, "until": until, "reason": reason, "created_by": by},
    )  # fmt: skip
    return share


@operation
def unshare_record(record, share, *, by):
    """Close a record again to whom the share opened it."""
    lock(record, by)
    share.delete()
    return record
