"""Activities as a kind of record."""

from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.bins import BESIDE
from crm_site.core.history import PARTS
from crm_site.core.kinds import Kind, Sort, register
from crm_site.core.operations import delete_record, restore_record
from crm_site.core.pages import RULES
from customers.columns.activity import ACTIVITY_COLUMNS
from customers.filters.activity import ActivityFilters
from customers.forms.activity import ActivityForm, initial
from customers.models import Activity, ActivityLink, Participant
from customers.operations.activities import log_activity, update_activity
from customers.operations.relating import tell_guests, tell_links

RULES.update({
    "activity_subject_given": _("An activity needs a subject."),
    "participant_once": _("Somebody is named twice."),
})  # fmt: skip
BESIDE.append(ActivityLink)
PARTS[Activity] = [(ActivityLink, "activity", tell_links), (Participant, "activity", tell_guests)]


ABOUT = ("number", "kind", "status", "at", "ends_at", "done_at", "direction", "duration", "outcome", "place", "body")


def subtitle(activity):
    """What it is and when."""
    return f"{activity.get_kind_display()} · {formats.date_format(timezone.localtime(activity.at), 'DATETIME_FORMAT')}"


def actions(activity, user):
    """What can be done with an activity in one click."""
    if not Activity.objects.changeable_by(user).filter(pk=activity.pk).exists():
        return []
    url, found = f"/activities/{activity.pk}/", []
    if activity.status == Activity.OPEN:
        found.append({"label": _("Done"), "url": f"{url}complete/", "icon": "check", "primary": True, "method": "post"})
        if activity.kind == Activity.MEETING:
            found.append({"label": _("Send invitations"), "url": f"{url}invite/", "icon": "send", "method": "post"})
            found.append({"label": _("Cancel meeting"), "url": f"{url}cancel/", "icon": "x", "method": "post"})
        else:
            found.append({"label": _("Tomorrow"), "url": f"{url}snooze/", "icon": "clock", "method": "post"})
    else:
        found.append({"label": _("Reopen"), "url": f"{url}reopen/", "icon": "undo", "method": "post"})
    if activity.kind == Activity.MEETING:
        found.append({"label": _(".ics file"), "url": f"{url}invitation.ics", "icon": "download", "method": "get"})
    return found


ACTIVITIES = register(
    Kind(
        model=Activity, slug="activities", menu=40, icon="checklist", label=_("Activity"), label_plural=_("Activities"),
        purpose=_("Calls, e-mails, meetings, notes and tasks: what was done with people, and what is still to do."),
        columns=ACTIVITY_COLUMNS, sorts={"at": Sort(_("When"), ("-at", "-id"))}, default_sort="at",
        form=ActivityForm, filters=ActivityFilters, create=log_activity, update=update_activity,
        delete=delete_record, restore=restore_record, quick=("kind", "subject", "at", "contact", "account", "body"),
        highlights=("status", "at", "contact", "account", "customer", "owner"), initial=initial, subtitle=subtitle,
        groups=(
            (_("About"), ABOUT),
            (_("Concerns"), ("regarding", "contact", "account", "customer", "also")),
            (_("Reminding"), ("priority", "remind_at", "repeats", "repeats_by_date", "is_private")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        bulk_fields=("status", "priority"), actions=actions,
    )
)  # fmt: skip
