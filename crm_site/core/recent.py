"""The records that a user looked at last, kept with the user's preferences."""

import json

from django.db.models import F, Func, JSONField, Value

from crm_site.core.models import User

KEPT = 10


def remember(user, record):
    """Put a record first among the user's recent ones; one statement, none when it is first already."""
    entry = [record._meta.label_lower, record.pk]
    recent = recent_of(user)
    if recent[:1] == [entry]:
        return
    kept = [entry, *(old for old in recent if old != entry)][:KEPT]
    user.preferences["recent"] = kept
    # Only this key is set: another tab may be storing columns at the same moment.
    changed = Func(
        F("preferences"), Value("{recent}"), Value(json.dumps(kept)), function="jsonb_set",
        template="%(function)s(%(expressions)s)", arg_joiner=", ", output_field=JSONField(),
    )  # fmt: skip
    User.objects.filter(pk=user.pk).update(preferences=changed)


def recent_of(user):
    """[[kind label, id]], the last seen first."""
    return user.preferences.get("recent", [])
