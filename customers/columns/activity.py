"""The columns of activities."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns
from customers.models import Activity
from customers.operations.relating import related_of

TONES = {"open": "azure", "done": "green", "cancelled": "grey"}


def put_related(activities):
    """Put on activities, as `also`, what they are about besides; one statement."""
    found = related_of(activities)
    for activity in activities:
        activity.also = found[activity.pk]


LINK_COLUMNS = (
    Column(
        "contact",
        _("Contact"),
        "link",
        kind="customers.contact",
        edit=True,
        aliases=("who", "who id", "contactid", "contact id", "contact name", "name"),
    ),
    Column(
        "account",
        _("Account"),
        "link",
        kind="customers.account",
        edit=True,
        aliases=("accountid", "account id", "account name", "related to", "company"),
    ),
    Column(
        "customer", _("Customer"), "link", kind="customers.customer", shown=False, aliases=("customerid", "customer id")
    ),
)
ACTIVITY_COLUMNS = (
    Column(
        "subject", _("Subject"), "self", edit=False, aliases=("title", "task", "call subject", "event title", "topic")
    ),
    Column("number", _("Number"), source="number", needs=("id",), shown=False, imports=False),
    Column("kind", _("Kind"), "choice", choices=Activity.KINDS, aliases=("type", "activity type", "interaction type")),
    Column(
        "at",
        _("When"),
        "datetime",
        sort="at",
        edit=True,
        aliases=(
            "due date",
            "due",
            "due at",
            "date",
            "call start time",
            "start datetime",
            "start date",
            "start",
            "activity date",
            "interaction date",
            "sent at",
        ),
    ),
    Column(
        "status",
        _("Status"),
        "choice",
        edit=True,
        choices=Activity.STATUSES,
        tones=TONES,
        aliases=("state", "call status"),
    ),
    *LINK_COLUMNS,
    Column(
        "regarding", _("Belongs to"), "links", needs=("regarding_type_id", "regarding_id"), shown=False, imports=False
    ),
    Column(
        "also", _("Also regarding"), "links", needs=("id",), shown=False, edit=True, imports=False, load=put_related
    ),
    Column("direction", _("Direction"), "choice", choices=Activity.DIRECTIONS, shown=False, aliases=("call type",)),
    Column(
        "outcome",
        _("Outcome"),
        shown=False,
        edit=True,
        aliases=("call result", "result", "call purpose", "disposition"),
    ),
    Column(
        "duration", _("Minutes"), "number", shown=False, edit=True, aliases=("call duration (in minutes)", "duration")
    ),
    Column(
        "seconds",
        _("Seconds"),
        "number",
        needs=("duration",),
        shown=False,
        aliases=("call duration (in seconds)", "duration in seconds", "call duration"),
    ),
    Column("ends_at", _("Until"), "datetime", shown=False, edit=True, aliases=("end datetime", "end date", "end")),
    Column("done_at", _("Done at"), "datetime", shown=False, aliases=("completed at", "closed time", "completed time")),
    Column("place", _("Place"), shown=False, edit=True, aliases=("location", "venue")),
    Column("priority", _("Priority"), "choice", shown=False, edit=True, choices=Activity.PRIORITIES, tones={1: "red"}),
    Column("repeats", _("Repeats"), "choice", shown=False, choices=Activity.REPEATS),
    Column("repeats_by_date", _("Comes again on its day"), "bool", shown=False, edit=True),
    Column("remind_at", _("Reminder"), "datetime", shown=False, aliases=("reminder", "remind at")),
    Column("is_private", _("Private"), "bool", shown=False, edit=True),
    Column(
        "body", _("Notes"), "longtext", shown=False, edit=True, aliases=("description", "notes", "comments", "body")
    ),
    *(replace(column, sort="", shown=column.name == "owner") for column in record_columns()),
)
