"""How the rows of a file become cases: one row a case, as it stands."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets, moment_targets, owner_targets
from crm_site.core.operations import operation
from customers.models import Contact
from customers.operations.contacts import create_contacts
from support.asked import read_line
from support.imports.common import CHANNEL_WORDS, PRIORITY_WORDS, desk_of
from support.models import Case, Message, Status
from support.operations.cases import create_cases, update_case

TYPE_WORDS = {
    "technical issue": Case.PROBLEM, "bug": Case.PROBLEM, "defect": Case.PROBLEM, "billing inquiry": Case.QUESTION,
    "product inquiry": Case.QUESTION, "inquiry": Case.QUESTION, "refund request": Case.REQUEST,
    "cancellation request": Case.REQUEST, "service request": Case.REQUEST, "feature request": Case.REQUEST,
}  # fmt: skip
# What only a new case takes: later its status and its agent have ways of their own, and its past is past.
ONCE = ("at", "first", "resolved_at", "closed_at", "reporter")


def case_targets():
    """Where a column of a file of cases may go."""
    return [
        external_id("ticket id", "case id", "case number", "ticket number", "ticketid", "caseid", "case no",
                    "incident number", "issue key"),
        Target("subject", gettext_lazy("Subject"), aliases=("ticket subject", "case subject", "summary", "ticket name",
               "case title", "short description", "title"), limit=255),
        Target("description", gettext_lazy("Description"), "longtext", ("ticket description", "details", "problem")),
        _choice("type", gettext_lazy("Type"), Case.TYPES, TYPE_WORDS, ("ticket type", "case type", "issue type")),
        _choice("priority", gettext_lazy("Priority"), Case.PRIORITIES, PRIORITY_WORDS, ("ticket priority",)),
        _choice("channel", gettext_lazy("Channel"), Case.CHANNELS, CHANNEL_WORDS,
                ("ticket channel", "case origin", "origin", "contact type", "source",
                 "via")),
        Target("state", gettext_lazy("Status"), aliases=("status", "ticket status", "case status", "status reason"),
               limit=60),
        Target("queue", gettext_lazy("Queue"), aliases=("group", "assignment group", "department"), limit=100),
        Target("reporter", gettext_lazy("Reporter"), aliases=("customer name", "requester", "reported by",
               "supplied name", "requester name", "full name"), limit=200),
        Target("email", gettext_lazy("Reporter: e-mail"), "email", ("customer email", "requester email",
               "supplied email", "reporter email")),
        *link_targets("contact", gettext_lazy("Contact"), "customers.contact", ("contact name", "associated contact")),
        *link_targets("account", gettext_lazy("Account"), "customers.account", ("account name", "company", "customer",
                      "company name", "organization", "associated company")),
        *link_targets("product", gettext_lazy("Product"), "sales.product", ("product purchased", "product name")),
        Target("details", gettext_lazy("Asked for"), "longtext", ("custom fields",)),
        Target("resolution", gettext_lazy("Resolution"), "longtext", ("solution", "resolution notes")),
        Target("resolved_at", gettext_lazy("Resolved"), "datetime", ("resolved time", "resolution time", "solved at")),
        Target("closed_at", gettext_lazy("Closed"), "datetime", ("closed time", "closed date", "close date")),
        Target("tags", gettext_lazy("Tags"), "tags", ("category", "age tier")),
        *_owned(), *moment_targets(),
    ]  # fmt: skip


def _choice(name, label, choices, words, aliases):
    return Target(name, label, "choice", aliases, choices=choices, value_map=words)


def _owned():
    """The owner, whom files of cases also call by that name."""
    by_name, by_id = owner_targets()
    aliases = (*by_name.aliases, "case owner", "ticket owner")
    return [Target("owner", by_name.label, "user", aliases, wanted="core.user", field="owner", by="name"), by_id]


def prepare_case(draft, run):
    """The status, the queue and the dates of the end; a row without a subject gets one from what else it says."""
    values = draft.values
    desk = desk_of(run)
    if word := values.pop("state", ""):
        values["status"] = desk.status(word)
        if values["status"] is None:
            del values["status"]
            draft.warn(run.plan.header_of["state"], _("There is no status “%(name)s”.") % {"name": word})
    if name := values.pop("queue", ""):
        values["queue"] = desk.queue(name)
        if values["queue"] is None:
            del values["queue"]
            draft.warn(run.plan.header_of["queue"], _("There is no queue “%(name)s”.") % {"name": name})
    if line := values.pop("details", ""):
        values["details"], wrong = read_line(line)
        for part in wrong:
            draft.warn(run.plan.header_of["details"], _("No field of cases understands “%(text)s”.") % {"text": part})
    values["subject"] = values.get("subject") or subject_of(values)
    settle_end(values)
    settle_reporter(values)


def subject_of(values):
    """A subject for a case that has none: the first line of what it says, else where it came from."""
    first = (values.get("description") or "").strip().split("\n")[0]
    channel = Case.CHANNELS[values.get("channel", Case.PHONE)]
    return first[:255] or str(_("Case without a subject (%(channel)s)") % {"channel": channel})


def settle_end(values):
    """The dates of an end belong to cases that have ended: what the file says, else the last change."""
    status, changed = values.get("status"), values.get("changed_at")
    ended = status is not None and status.category in (Status.RESOLVED, Status.CLOSED)
    for name in ("resolved_at", "closed_at"):
        if not ended or not values.get(name):
            values.pop(name, None)
    if ended and (end := values.get("resolved_at") or values.get("closed_at") or changed):
        values["resolved_at"] = end
        if status.category == Status.CLOSED:
            values.setdefault("closed_at", end)
        else:
            values.pop("closed_at", None)
    began = values.get("created_at")
    for name in ("resolved_at", "closed_at"):
        if began and values.get(name) and values[name] < began:
            values[name] = began


def settle_reporter(values):
    """Who reported it as one pair of name and address, unless the row names a contact that is known."""
    name, email = values.pop("reporter", ""), (values.pop("email", None) or [""])[0]
    if (name or email) and not values.get("contact"):
        values["reporter"] = (name, email)


@operation
def bring_cases(rows, *, by):
    """Make cases from the rows of a file, in order; reporters who are not known become contacts."""
    people = reporters({row.get("reporter") for row in rows} - {None}, by)
    made = []
    for row in rows:
        values = dict(row)
        reporter = values.pop("reporter", None)
        if reporter in people:
            values["contact"] = people[reporter]
        if values.get("description"):
            values["first"] = {"body": values["description"], "kind": Message.PUBLIC, "direction": Message.IN}
        made.append(values)
    return create_cases(made, by=by)


def reporters(pairs, by):
    """{(name, address): contact}: by address as far as the user sees them, the others made where that is allowed."""
    emails = {email for _name, email in pairs if email}
    known = {contact.email: contact for contact in Contact.objects.visible_to(by).filter(email__in=emails)}
    found = {pair: known[pair[1]] for pair in pairs if pair[1] in known}
    if by.reach(Contact, "add") == "none":
        return found
    lacking = {email or name: (name, email) for name, email in sorted(pairs - set(found))}
    rows = []
    for name, email in lacking.values():
        first, _space, last = (name or email.partition("@")[0]).rpartition(" ")
        rows.append({"first_name": first[:100], "last_name": last[:100], "source": "support"}
                    | ({"email": email} if email else {}))  # fmt: skip
    made = dict(zip(lacking, create_contacts(rows, by=by), strict=True)) if rows else {}
    return found | {pair: made[pair[1] or pair[0]] for pair in pairs - set(found)}


def renew_case(case, values, *, by):
    """Change a case as a row says; what only a new one takes is left alone."""
    kept = {name: value for name, value in values.items() if name not in (*ONCE, "created_at", "changed_at")}
    return update_case(case, kept, by=by)


CASE_IMPORT = register(
    Importer(
        name="cases", label=gettext_lazy("Cases"), model=Case, targets=case_targets, order=60, icon="lifebuoy",
        create=bring_cases, update=lambda record, values, by: renew_case(record, values, by=by), prepare=prepare_case,
        makes=False,
    )
)  # fmt: skip
