"""The timeline of a record: what stands above it, and a page of what happened, newest first.

The record passed the gate, and whoever sees a record sees its activities, other people's private ones apart. So the
rows are found by the record's own key along one index, whether it has seven of them or seventy thousand; and those that
are about it besides along another one, which is empty for most.
"""

from functools import reduce
from operator import or_

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import DateTimeField, Q
from django.utils import timezone
from django.utils.translation import ngettext

from crm_site.core import lists
from crm_site.core.columns import moment_text
from crm_site.core.kept import Slot, kept_objects
from crm_site.core.loading import read_many
from crm_site.core.scope import open_to, owned
from customers.days import day_start
from customers.models import Account, Activity, ActivityLink, Contact, Customer
from customers.models.activity import on_top

# So many of those still to be done stand on the page, the others behind a link.
UNFOLDED = 5
FIRST_PAGE = 10
ORDER = ("-at", "-id")
TOP = 20
# Characters of the notes; the activity's own page has them all.
SAID = 500
READ = (
    "kind", "direction", "status", "subject", "body", "at", "duration", "outcome", "place", "is_private", "is_pinned",
    "contact_id", "account_id", "customer_id", "owner__first_name", "owner__last_name", "owner__email",
)  # fmt: skip
KEYS = {Account: "account", Contact: "contact", Customer: "customer"}
# {model: function(record)} of records of other apps which show, beside their own activities, those of records that
# they came from: the function answers [(model, id)].
CAME_FROM = {}
ICONS = {
    Activity.CALL: "phone", Activity.EMAIL: "mail", Activity.SMS: "message", Activity.MEETING: "calendar",
    Activity.NOTE: "note", Activity.TASK: "checklist", Activity.EVENT: "bolt",
}  # fmt: skip


def about(record):
    """[(model, id)] of the record and of those that it came from, whose activities stand on its timeline."""
    return [(type(record), record.pk), *CAME_FROM.get(type(record), lambda _record: ())(record)]


def hung_on(records):
    """The condition that an activity hangs on one of records as [(model, id)]."""
    if records[0][0] in KEYS:
        return Q(**{KEYS[records[0][0]]: records[0][1]})
    types = ContentType.objects.get_for_model
    return reduce(or_, (Q(regarding_type=types(model), regarding_id=pk) for model, pk in records))


def readable(user):
    """Which activities of a record its readers see: all but others' private ones; people of partners their own."""
    return open_to(Activity, user) & owned(Activity, user) if user.partner_id is not None else open_to(Activity, user)


def walks(records, user, kind=""):
    """[(ids of what happened, ids of what stands above)], each in its order, of records that the user sees.

    First of the activities, of a kind when one is named, that hang on them, then for each of those that are about it
    besides.
    """
    rows = Activity.objects.unscoped("who sees a record sees its activities").filter(
        readable(user), deleted_at__isnull=True
    )
    of_kind = {"kind": kind} if kind in Activity.KINDS else {}
    own = rows.filter(hung_on(records), **of_kind).values("pk")
    found = [(own.exclude(on_top()).order_by(*ORDER), own.filter(on_top()).order_by("-is_pinned", "at", "id"))]
    for model, pk in records:
        it = {"content_type": ContentType.objects.get_for_model(model), "object_id": pk}
        also = ActivityLink.objects.filter(**it, **of_kind, activity__in=rows.values("pk")).values("activity_id")
        past, top = also.filter(on_top=False), also.filter(on_top=True)
        found.append((past.order_by("-at", "-activity_id"), top.order_by("at", "activity_id")))
    return found


def chosen(user, ids):
    """The rows with these ids and whether the user may change them."""
    rows = Activity.objects.unscoped("ids of rows that the user sees").filter(pk__in=ids)
    return rows.with_rights(user, "change").order_by("at", "id")


@kept_objects(*READ)
def first_page(user, models, kind, limit):
    """What stands above, and the newest of what happened, of records of these models, whose ids are `id0`, `id1`."""
    past, top = zip(*walks([(model, Slot(f"id{n}")) for n, model in enumerate(models)], user, kind), strict=True)
    ids = [rows[: FIRST_PAGE + 1] for rows in past] + [rows[:limit] for rows in top]
    return chosen(user, ids[0].union(*ids[1:], all=True))


def read(record, user, kind="", before="", limit=TOP):
    """(what stands above, what happened, cursor of the next page or ""), one statement however long the timeline is.

    Above stand at most `limit` pinned activities and those still to be done, the first due first; beyond a cursor
    nothing does. What happened is newest first; the first page is short, as it comes with the record's own page.
    """
    records, kind = about(record), kind if kind in Activity.KINDS else ""
    at = lists.place(before, ORDER, Activity) if before else None
    size = settings.PAGE_SIZE if at else FIRST_PAGE
    if before:
        past = [ids for ids, _top in walks(records, user, kind)]
        ids = [(rows.filter(lists.beyond(rows.query.order_by, at)) if at else rows)[: size + 1] for rows in past]
        found = read_many(chosen(user, ids[0].union(*ids[1:], all=True)), only=READ)
    else:
        ids = {f"id{n}": pk for n, (_model, pk) in enumerate(records)}
        found = first_page(user, tuple(model for model, _pk in records), kind, limit, **ids)
    top = sorted((a for a in found if stands_above(a)), key=lambda a: not a.is_pinned)
    found = [a for a in reversed(found) if not stands_above(a)]
    return top, found[:size], lists.cursor(found[size - 1], ORDER) if len(found) > size else ""


def stands_above(activity):
    """As `on_top`, of a row that was read."""
    return activity.is_pinned or activity.status == Activity.OPEN


def items(activities, user, columns, *, beside=None, links=None):
    """What the templates show of each activity: is it late, may it be changed, whom it concerns.

    The activities were read with the right to change, see `with_rights`, where a template asks for it.
    `columns` are the link columns of activities, `beside` the record on whose page they stand, which needs no link;
    `links` are the names behind the columns, when they are known already.
    """
    links = lists.linked(columns, activities, user) if links is None else links
    today = timezone.localdate()
    return [
        facts(activity, timezone.localtime(activity.at), today) | {"links": concerned(activity, columns, links, beside)}
        for activity in activities
    ]


def facts(activity, at, today):
    """What an activity says by itself; `at` is when, in the reader's zone."""
    is_open, body = activity.status == Activity.OPEN, activity.body
    minutes = activity.duration and ngettext("%(n)s minute", "%(n)s minutes", activity.duration) % {
        "n": activity.duration
    }
    # By hand: Django's get_..._display goes through all choices each time.
    said = (
        str(Activity.KINDS[activity.kind]),
        activity.direction and str(Activity.DIRECTIONS.get(activity.direction, "")),
    )
    return {
        "activity": activity, "icon": ICONS[activity.kind], "url": f"/activities/{activity.pk}/", "open": is_open,
        "overdue": is_overdue(activity, today), "may_change": getattr(activity, "may_change", None),
        "said": " · ".join(filter(None, said)), "iso": at.isoformat(timespec="seconds"),
        "when": moment_text(at),
        "more": " · ".join(filter(None, (minutes, activity.outcome, activity.place))),
        "body": body if len(body) <= SAID else f"{body[: SAID - 1]}…",
    }  # fmt: skip


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


def todo_of(user):
    """(the user's open tasks and calls that are overdue or due today, the first due first; whether there are more)."""
    found = due_of(user, end=day_start(1))
    return found[:TOP], len(found) > TOP


@kept_objects(*READ)
def due_of(user):
    """The first open tasks and calls of a user that are due before a moment, one more than are shown."""
    rows = Activity.objects.own_of(user).filter(status=Activity.OPEN, at__lt=Slot("end", DateTimeField()))
    return rows.exclude(kind=Activity.MEETING).with_rights(user, "change").order_by("at", "id")[: TOP + 1]


def todo(shown, more):
    """What _todo.html shows of the items of `todo_of`."""
    late = [item for item in shown if item["overdue"]]
    return {"overdue": late, "today": shown[len(late) :], "more": more}


def meetings_of(user, start, end, limit=200):
    """The meetings not cancelled that the user holds or takes part in and that begin in the span; one statement."""
    return meetings(limit, of=user.pk, start=start, end=end)


@kept_objects(*READ)
def meetings(limit):
    """The first meetings of a user in a span."""
    user, start, end = Slot("of"), Slot("start", DateTimeField()), Slot("end", DateTimeField())
    rows = Activity.objects.unscoped("who takes part in a meeting sees it").filter(
        kind=Activity.MEETING, deleted_at__isnull=True, at__gte=start, at__lt=end
    )
    rows = rows.exclude(status=Activity.CANCELLED)
    ids = rows.filter(owner=user).values("pk").union(rows.filter(participants__user=user).values("pk"))
    return Activity.objects.unscoped("as above").filter(pk__in=ids).order_by("at", "id")[:limit]


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
