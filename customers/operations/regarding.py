"""What activities belong to, set for many at once."""

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from crm_site.core.operations import operation
from customers.models import Activity
from customers.operations.linking import LINKS, owner_of

FIELDS = (
    "regarding_type", "regarding_id", "followed_owner", "followed_team", "contact", "account", "customer",
    "changed_at", "changed_by", "version",
)  # fmt: skip


@operation
def regard_activities(pairs, *, by, over=tuple(LINKS)):
    """Let activities belong to records, {activity: record}; returns how many were changed.

    The caller has checked that `by` may change the activities and see the records. Those that belong to something
    else already stay there unless its kind is among `over`. Links that an activity lacks are the record's.
    """
    changed, now = [], timezone.now()
    for activity, record in pairs.items():
        held = activity.regarding_type_id
        if held and ContentType.objects.get_for_id(held).model not in over:
            continue
        values = owner_of(record) | {
            "regarding_type_id": ContentType.objects.get_for_model(type(record)).pk, "regarding_id": record.pk,
        }  # fmt: skip
        for name in LINKS:
            if getattr(activity, f"{name}_id") is None:
                values[f"{name}_id"] = getattr(record, f"{name}_id", None)
        values |= {"changed_at": now, "changed_by_id": by and by.pk, "version": activity.version + 1}
        for name, value in values.items():
            setattr(activity, name, value)
        changed.append(activity)
    Activity.objects.unscoped("checked by who calls").bulk_update(changed, FIELDS, batch_size=500)
    return len(changed)
