"""The timeline of a record: what stands above it, and a page of what happened, newest first.

The record passed the gate, and whoever sees a record sees its activities, other people's private ones apart. So the
rows are found by the record's own key along one index, whether it has seven of them or seventy thousand.
"""

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from crm_site.core import lists
from crm_site.core.scope import open_to
from customers.days import day_start
from customers.models import Account, Activity, Contact, Customer
from customers.models.activity import on_top

# So many of those still to be done are open on the page, the others folded.
UNFOLDED = 5
FIRST_PAGE = 15
ORDER = ("-at", "-id")
TOP = 20
KEYS = {Account: "account", Contact: "contact", Customer: "customer"}
ICONS = {
    Activity.CALL: "phone", Activity.EMAIL: "mail", Activity.MEETING: "calendar", Activity.NOTE: "note",
    Activity.TASK: "checklist", Activity.EVENT: "bolt",
}  # fmt: skip


def rows_of(record, user):
    """The activities of a record that the user, who sees the record, may see."""
    rows = Activity.objects.unscoped("who sees a record sees its activities").filter(
        open_to(Activity, user), deleted_at__isnull=True
    )
    if type(record) in KEYS:
        return rows.filter(**{KEYS[type(record)]: record.pk})
    return rows.filter(regarding_type=ContentType.objects.get_for_model(type(record)), regarding_id=record.pk)


def top_of(record, user, kind=""):
    """Pinned activities, then those still to be done, the first due first; TOP at most."""
    rows = of_kind(rows_of(record, user), kind).filter(on_top())
    return list(rows.select_related("owner").order_by("-is_pinned", "at", "id")[:TOP])


def page_of(record, user, kind="", before=""):
    """(activities, cursor of the next page or ""): what happened, newest first, from the cursor on; one statement.

    The first page is short, as it comes with the record's own page.
    """
    rows = of_kind(rows_of(record, user), kind).exclude(on_top())
    at = lists.place(before, ORDER, Activity) if before else None
    if at:
        rows = rows.filter(lists.beyond(ORDER, at))
    size = settings.PAGE_SIZE if at else FIRST_PAGE
    found = list(rows.select_related("owner").order_by(*ORDER)[: size + 1])
    return found[:size], lists.cursor(found[size - 1], ORDER) if len(found) > size else ""


def of_kind(rows, kind):
    """Only the rows of a kind, when one is named."""
    return rows.filter(kind=kind) if kind in Activity.KINDS else rows


def items(activities, user, columns, *, beside=None, links=None):
    """What the templates show of each activity: is it late, may it be changed, whom it concerns.

    `columns` are the link columns of activities, `beside` the record on whose page they stand, which needs no link;
    `links` are the names behind the columns, when they are known already.
    """
    ids = [activity.pk for activity in activities]
    changeable = (
        set(Activity.objects.changeable_by(user).filter(pk__in=ids).values_list("pk", flat=True)) if ids else ids
    )
    links = lists.linked(columns, activities, user) if links is None else links
    today = timezone.localdate()
    return [
        {
            "activity": activity, "icon": ICONS[activity.kind], "open": activity.status == Activity.OPEN,
            "overdue": is_overdue(activity, today), "may_change": activity.pk in changeable,
            "url": f"/activities/{activity.pk}/", "links": concerned(activity, columns, links, beside),
        }
        for activity in activities
    ]  # fmt: skip


def is_overdue(activity, today):
    """Whether something open was due before today, in the reader's zone."""
    return activity.status == Activity.OPEN and timezone.localdate(activity.at) < today


def concerned(activity, columns, links, beside):
    """(text, address) of the records that an activity concerns, the one on whose page it stands left out.

    A customer bears the name of its account or contact; the same name is shown once.
    """
    found = {}
    for column in columns:
        key = (column.kind, column.value(activity))
        if key in links and links[key][0] != str(beside):
            found.setdefault(*links[key])
    return list(found.items())


def todo_of(user, limit=50):
    """The user's open tasks and calls that are overdue or due today, the first due first; one statement."""
    rows = Activity.objects.visible_to(user).filter(owner=user, status=Activity.OPEN, at__lt=day_start(1))
    return list(rows.exclude(kind=Activity.MEETING).select_related("owner").order_by("at", "id")[:limit])


def meetings_of(user, start, end, limit=200):
    """The meetings not cancelled that the user holds or takes part in and that begin in the span; one statement."""
    rows = Activity.objects.unscoped("who takes part in a meeting sees it").filter(
        kind=Activity.MEETING, deleted_at__isnull=True, at__gte=start, at__lt=end
    )
    rows = rows.exclude(status=Activity.CANCELLED)
    ids = rows.filter(owner=user).values("pk").union(rows.filter(participants__user=user).values("pk"))
    found = Activity.objects.unscoped("as above").filter(pk__in=ids).select_related("owner")
    return list(found.order_by("at", "id")[:limit])


def guests(participants, user):
    """(name, address or "", answer) of participants; a contact whom the user cannot see has no name here."""
    ids = [row.contact_id for row in participants if row.contact_id]
    seen = {c.pk: c for c in Contact.objects.visible_to(user).filter(pk__in=ids)}
    made = []
    for row in participants:
        party = seen.get(row.contact_id) if row.contact_id else row.user
        url = f"/contacts/{row.contact_id}/" if row.contact_id in seen else ""
        made.append(
            {
                "name": str(party) if party else "",
                "url": url,
                "answer": row.answer,
                "answer_text": row.get_answer_display(),
                "invited_at": row.invited_at,
            }
        )
    return made
