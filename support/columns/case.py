"""The columns of cases."""

from dataclasses import dataclass, replace

from django.utils import formats, timezone
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Cell, Column
from customers.columns.common import record_columns
from support.asked import line_of
from support.models import METRIC_NAMES, NEVER, Case, Status

STATE_TONES = {"new": "azure", "open": "blue", "waiting": "yellow", "resolved": "green", "closed": "grey"}
PRIORITY_TONES = {1: "red", 2: "orange", 3: "grey", 4: "grey"}
DAY = 24 * 3600


@dataclass(frozen=True)
class NamedColumn(Column):
    """Something that has a name and no page of its own, such as a queue; it is edited by a drop-down."""

    @property
    def fields(self):
        """The name of what it points at."""
        return (f"{self.name}__name",)

    def value(self, record):
        """The name, or None."""
        found = getattr(record, self.name)
        return found and str(found)


@dataclass(frozen=True)
class StatusColumn(NamedColumn):
    """The status in the tone of its category."""

    @property
    def fields(self):
        """The name and the category."""
        return ("status__name", "category")

    def show(self, record, value):
        """The cell."""
        return Cell("choice", self.name, value, tone=STATE_TONES[record.category])


@dataclass(frozen=True)
class DetailsColumn(Column):
    """What was asked of the kind of request, as one line."""

    def value(self, record):
        """The line; None where nothing was answered."""
        return line_of(record.details) or None


@dataclass(frozen=True)
class DueColumn(Column):
    """What falls due next: the time left in words, its tone, and which promise it is with the moment as the title."""

    @property
    def fields(self):
        """What the words are made of."""
        return ("due_at", "due_metric", "warn_at", "breached", "category")

    def value(self, record):
        """The moment; None where no clock runs or stands still."""
        if record.due_at < NEVER:
            return record.due_at
        paused = due_of(record)
        return paused and paused[0]

    def show(self, record, value):
        """The cell."""
        text, tone, title = due_of(record)
        return Cell("choice", self.name, text, tone=f"due {tone}", title=title)


def due_of(case, now=None):
    """(words, tone, title) about what falls due next on a case; None when nothing does."""
    if case.due_at >= NEVER:
        paused = case.category == Status.WAITING and case.due_metric
        return (_t("Paused"), "yellow", str(METRIC_NAMES.get(case.due_metric, ""))) if paused else None
    now = now or timezone.now()
    moment = formats.date_format(timezone.localtime(case.due_at), "SHORT_DATETIME_FORMAT")
    title = f"{METRIC_NAMES.get(case.due_metric, '')}: {moment}"
    if case.due_at <= now:
        return _t("%(time)s late") % {"time": timesince(case.due_at, now, depth=1)}, "red", title
    depth = 1 if (case.due_at - now).total_seconds() > DAY else 2
    tone = "orange" if case.warn_at and case.warn_at <= now else "green"
    return _t("%(time)s left") % {"time": timeuntil(case.due_at, now, depth=depth)}, tone, title


CASE_COLUMNS = (
    Column("subject", _("Subject"), "self", aliases=("case subject", "title", "ticket subject")),
    Column("number", _("Number"), source="number", needs=("id",), sort="new", imports=False),
    StatusColumn("status", _("Status"), "choice", edit=True, aliases=("case status", "ticket status", "state")),
    DueColumn("due_at", _("Due"), "datetime", sort="due", imports=False),
    Column("priority", _("Priority"), "choice", choices=Case.PRIORITIES, tones=PRIORITY_TONES, edit=True,
           aliases=("case priority", "ticket priority", "severity")),
    Column("contact", _("Reporter"), "link", kind="customers.contact", edit=True,
           aliases=("contact name", "contact", "requester", "caller")),
    Column("customer", _("Customer"), "link", kind="customers.customer", edit=True, aliases=("customer name",)),
    NamedColumn("queue", _("Queue"), edit=True, aliases=("assignment group", "group")),
    Column("account", _("Account"), "link", kind="customers.account", shown=False, edit=True,
           aliases=("account name", "company", "organisation")),
    Column("category", _("State"), "choice", choices=Status.CATEGORIES, tones=STATE_TONES, shown=False,
           imports=False),
    Column("type", _("Type"), "choice", choices=Case.TYPES, shown=False, edit=True,
           aliases=("case type", "ticket type")),
    Column("channel", _("Channel"), "choice", choices=Case.CHANNELS, shown=False, edit=True,
           aliases=("case origin", "ticket channel", "contact type")),
    Column("product", _("Product"), "link", kind="sales.product", shown=False, edit=True,
           aliases=("product name", "product purchased")),
    Column("sale", _("Sale"), "link", kind="sales.sale", shown=False, edit=True),
    Column("partner", _("Partner"), "link", kind="customers.account", shown=False, edit=True),
    Column("installed", _("Installed product"), "link", kind="support.installedproduct", shown=False, imports=False),
    Column("entitlement", _("Entitlement"), "link", kind="support.entitlement", shown=False, imports=False),
    Column("issue", _("Known issue"), "link", kind="support.knownissue", shown=False, imports=False),
    Column("parent", _("Part of"), "link", kind="support.case", shown=False, imports=False),
    Column("follows", _("Follows"), "link", kind="support.case", shown=False, imports=False),
    Column("merged_into", _("Merged into"), "link", kind="support.case", shown=False, imports=False),
    NamedColumn("policy", _("Service level"), shown=False, imports=False),
    Column("policy_why", _("Why this service level"), shown=False, imports=False),
    Column("breached", _("Promise broken"), "bool", shown=False, imports=False),
    Column("waiting_since", _("Customer waits since"), "datetime", shown=False, imports=False),
    Column("message_count", _("Messages"), "number", shown=False, imports=False),
    Column("last_message_at", _("Last message"), "datetime", sort="spoken", shown=False, imports=False),
    Column("last_customer_at", _("Customer wrote"), "datetime", shown=False, imports=False),
    Column("first_replied_at", _("First answered"), "datetime", shown=False, aliases=("first response time",)),
    Column("resolved_at", _("Resolved"), "datetime", shown=False, aliases=("resolution date", "resolved date")),
    Column("closed_at", _("Closed"), "datetime", shown=False, aliases=("closed time", "date closed")),
    Column("closes_at", _("Closes by itself"), "datetime", shown=False, imports=False),
    Column("reopened", _("Times reopened"), "number", shown=False, imports=False),
    Column("is_spam", _("Spam"), "bool", shown=False, imports=False),
    Column("is_hidden", _("Not shown in the portal"), "bool", shown=False, imports=False),
    Column("is_private", _("Only for its agent"), "bool", shown=False, imports=False),
    Column("close_reason", _("Why closed"), shown=False, imports=False),
    Column("description", _("Description"), "longtext", shown=False, edit=True,
           aliases=("ticket description", "details", "notes")),
    DetailsColumn("details", _("Asked for"), "longtext", shown=False, aliases=("custom fields",)),
    Column("resolution", _("Resolution"), "longtext", shown=False, edit=True, aliases=("solution",)),
    *(replace(column, label=_("Agent")) if column.name == "owner" else column for column in record_columns()),
)  # fmt: skip
