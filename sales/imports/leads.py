"""How the rows of a file become leads, with their people; what became of them comes with the deals."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Importer, Target, external_id, register
from crm_site.core.imports.targets import link_targets
from crm_site.core.models import Fold
from customers.imports import objections
from customers.imports.common import find_by, reach_targets, save_extra, settle_reach, split_name
from customers.models import ContactMechanism
from customers.operations.mechanisms import unchanged, wanted_ways
from customers.operations.reach import take
from sales.imports.common import currency_target, keep_word, kept, record_targets, settle_sums, word
from sales.imports.opportunities import link_opportunity
from sales.models import Lead
from sales.operations.leads import create_leads, disqualify_lead, reopen_lead, update_lead
from sales.operations.people import FOR_PERSON

STATUS_WORDS = {
    "not contacted": "new", "open": "new", "open - not contacted": "new", "fresh": "new", "unread": "new",
    "assigned": "new", "attempted to contact": "working", "contacted": "working", "contact in future": "working",
    "nurturing": "working", "in process": "working", "nurture": "working", "in progress": "working",
    "working - contacted": "working",
    "connected": "working", "open deal": "qualified", "bad timing": "working", "pre qualified": "qualified",
    "pre-qualified": "qualified", "prequalified": "qualified", "marketing qualified": "qualified",
    "sales qualified": "qualified", "closed - converted": "converted", "closed converted": "converted",
    "junk lead": "disqualified", "junk": "disqualified", "spam": "disqualified", "lost lead": "disqualified",
    "lost": "disqualified", "not qualified": "disqualified", "unqualified": "disqualified", "dead": "disqualified",
    "closed - not converted": "disqualified", "recycled": "disqualified", "duplicate": "disqualified",
    "not interested": "disqualified", "no budget": "disqualified", "unreachable": "disqualified",
}  # fmt: skip
REASON_WORDS = {
    "junk lead": "spam", "junk": "spam", "spam": "spam", "lost lead": "not_interested", "lost": "not_interested",
    "not qualified": "wrong_fit", "unqualified": "wrong_fit", "duplicate": "duplicate",
    "not interested": "not_interested", "no budget": "no_budget", "unreachable": "not_reachable",
}  # fmt: skip
ADDRESS = ("email_secondary", "address.street", "address.city", "address.region", "address.postal_code")
# What a file says of the company of a lead, of which no record is made until it is converted: it stands in the message.
COMPANY = {
    "revenue": (gettext_lazy("Annual revenue"), ("annual revenue", "turnover", "umsatz")),
    "employees": (gettext_lazy("Employees"), ("no of employees", "number of employees", "company size")),
}  # fmt: skip
SOURCES = ("lead source", "original source", "origin", "channel")


def lead_targets():
    """Where a column of a file of leads may go."""
    return [
        external_id("lead id", "leadid"),
        Target("first_name", gettext_lazy("First name"), limit=100),
        Target("last_name", gettext_lazy("Last name"), required=True, limit=100),
        Target("full_name", gettext_lazy("Whole name"), aliases=("lead name", "name"), limit=200),
        Target("company", gettext_lazy("Company"), aliases=("organization", "company name", "account name"), limit=200),
        Target("job_title", gettext_lazy("Job title"), aliases=("title", "position", "designation"), limit=150),
        Target("email", gettext_lazy("E-mail"), "email"),
        Target("phone", gettext_lazy("Phone"), "phone"),
        Target("mobile", gettext_lazy("Mobile"), "phone"),
        *objections.targets(),
        Target("website", gettext_lazy("Website"), "url", limit=300),
        Target("industry", gettext_lazy("Industry"), limit=100),
        Target("country", gettext_lazy("Country"), limit=100),
        *(target for target in reach_targets() if target.name in ADDRESS),
        Target("status", gettext_lazy("Status"), "choice", ("lead status", "lead stage"), choices=Lead.STATUSES,
               value_map=STATUS_WORDS),
        Target("converted", gettext_lazy("Converted"), "boolean", ("is converted", "lead converted")),
        Target("rating", gettext_lazy("Rating"), "choice", ("lead rating", "temperature"), choices=Lead.RATINGS),
        Target("source", gettext_lazy("Source"), aliases=SOURCES, limit=100),
        Target("subject", gettext_lazy("Subject"), aliases=("topic", "interest"), limit=200),
        Target("description", gettext_lazy("Message"), "longtext", ("description", "notes", "comments", "message")),
        *(Target(name, label, aliases=aliases, limit=100) for name, (label, aliases) in COMPANY.items()),
        Target("amount", gettext_lazy("Estimated amount"), "money", ("estimated value", "expected value", "value")),
        currency_target(),
        *link_targets("contact", gettext_lazy("Contact"), "customers.contact", ("converted contact",))[1:],
        *link_targets("account", gettext_lazy("Account"), "customers.account", ("converted account",))[1:],
        *link_targets("deal", gettext_lazy("Opportunity"), "sales.opportunity", ("converted opportunity",
                      "converted deal"))[1:],
        Target("referrer", gettext_lazy("Referred by"), aliases=("referral", "referrer"), limit=200),
        Target("next_step", gettext_lazy("Next step"), aliases=("next steps",), limit=200),
        Target("next_step_date", gettext_lazy("Next step on"), "date", ("next step date",)),
        *link_targets("contact_list", gettext_lazy("Contact list"), "marketing.contactlist", ("list", "list name")),
        *link_targets("campaign", gettext_lazy("Campaign"), "marketing.campaign", ("campaign name", "campaign source")),
        *link_targets("product", gettext_lazy("Product"), "sales.product", ("product name", "product interest")),
        *record_targets(),
    ]  # fmt: skip


def prepare_lead(draft, run):
    """Names, the ways to the person, an amount with its currency, and the status with what belongs to it."""
    values = draft.values
    if deal := values.pop("deal", None):
        kept(run, "deals", dict)[draft.line] = deal
    name_person(values)
    settle_reach(draft)
    values["email"] = values.get("email") or ""
    values["phone"] = values.get("phone") or values.pop("mobile", "")
    tell_company(values)
    if values.get("amount") is not None:
        settle_sums(draft, run, ("amount",), counts=False)
    objections.settle(draft)
    kept(run, "began", timezone.now)
    settle_status(draft, run)


def tell_company(values):
    """Put what is said of the company into the message."""
    told = [f"{label}: {values.pop(name)}" for name, (label, _names) in COMPANY.items() if values.get(name)]
    if told:
        values["description"] = "\n\n".join(filter(None, [values.get("description"), "\n".join(told)]))


def name_person(values):
    """First and last name from whatever names there are."""
    whole = values.pop("full_name", "") or ""
    if whole and not values.get("last_name"):
        values["first_name"], values["last_name"] = (part[:100] for part in split_name(whole))
    if values.get("first_name") and not values.get("last_name"):
        values["first_name"], values["last_name"] = "", values["first_name"]
    if not values.get("last_name") and values.get("company"):
        values["last_name"] = values["company"][:100]


def settle_status(draft, run):
    """The status with its moment; the other system's word for it stays as a tag."""
    values, said = draft.values, fold(word(draft, run, "status"))
    keep_word(draft, run, "status", Lead.STATUSES)
    at = values.get("changed_at") or values.get("created_at")
    if values.pop("converted", False):
        values["status"] = Lead.CONVERTED
    if values.get("status") == Lead.CONVERTED:
        values["converted_at"] = at or timezone.now()
    elif values.get("status") == Lead.DISQUALIFIED:
        values["disqualify_reason"] = REASON_WORDS.get(said, "other")
        values["disqualified_at"] = at or timezone.now()


def make_leads(rows, *, by):
    """As create_leads; what the rows object to follows."""
    return create_leads([objections.without(row) for row in rows], by=by)


def after_leads(drafts, run):
    """The people who were made for new leads belong to the import, and go back with it; who wants no offers.

    A deal that a row names is known to come from its lead.
    """
    named = kept(run, "deals", dict)
    link_opportunity("lead", {named[d.line]: d.record for d in drafts if d.line in named}, by=run.user)
    keep_people(drafts, run)
    objections.enter([(draft, draft.record.contact) for draft in drafts], run)
    return {}


def keep_people(drafts, run):
    """Note whom the import made, with their further numbers and addresses; of others those stay as they are."""
    seen, extra = kept(run, "people", set), []
    for draft in drafts:
        contact = draft.record.contact
        new = contact.created_at >= run.kept["began"] and contact.created_by_id == run.user.pk
        if new and contact.pk not in seen:
            seen.add(contact.pk)
            run.made.append(contact)
            extra.append((draft.extra, contact))
        elif draft.extra or any(draft.values.get(name) for name in FOR_PERSON):
            text = _("The person is here already; their address and further numbers stay as they are.")
            draft.warn("", text, kept=True)
    save_extra("contact", extra)


def change_lead(lead, values, by):
    """What a file says of a lead that is here; closing and reopening it are operations of their own."""
    objections.enter_again(lead.contact, values, by)
    values = objections.without(values)
    take(values, FOR_PERSON)
    reason, at = values.pop("disqualify_reason", ""), values.pop("disqualified_at", None)
    values.pop("converted_at", None)
    values = {name: value for name, value in values.items() if getattr(lead, name, None) != value}
    status = values.pop("status", lead.status)
    if status == Lead.CONVERTED and lead.status != Lead.CONVERTED:
        values.pop("status", None)
        status = lead.status
    lead = update_lead(lead, values, by=by) if values else lead
    if status == Lead.DISQUALIFIED and (lead.status != status or (at and lead.disqualify_reason != reason)):
        return disqualify_lead(lead, reason or "other", by=by)
    if status in Lead.OPEN and status != lead.status:
        lead = reopen_lead(lead, by=by) if lead.status == Lead.DISQUALIFIED else lead
        return update_lead(lead, {"status": status}, by=by)
    return lead


def left_of_person(lead, values):
    """What is said of an address or a number that is not the one the lead's person has; empty where nothing is."""
    given = {name: values[name] for name in FOR_PERSON if values.get(name)}
    rows = ContactMechanism.objects.filter(contact=lead.contact_id, is_primary=True) if given else ()
    primary = {way.type: way for way in rows}
    for kind, value in wanted_ways(given, primary).items():
        if kind not in primary or not unchanged(primary[kind], value):
            return _("The person has another address or number here; theirs stays as it is.")
    return ""


def find_leads(texts, user):
    """{folded e-mail address or name: leads that the user sees}."""
    rows = Lead.objects.visible_to(user)
    with_mail = rows.exclude(email="").alias(mail=Fold("email"))
    found = find_by(with_mail, [text for text in texts if text and "@" in text], "mail", lambda lead: lead.email)
    names = [" ".join(reversed(split_name(text))) for text in texts if text and "@" not in text]
    return found | find_by(rows, names, "name_sort", lambda lead: f"{lead.first_name} {lead.last_name}")


def link_lead(field, pairs, *, by):
    """Set the campaign, contact, account or product of leads that came before it, or tell deals their lead."""
    if field == "deal":
        link_opportunity("lead", {deal: lead for lead, deal in pairs.items()}, by=by)
        return
    for lead, record in pairs.items():
        if lead.status != Lead.CONVERTED:
            update_lead(lead, {field: record}, by=by)


LEAD_IMPORT = register(
    Importer(
        name="leads", label=gettext_lazy("Leads"), model=Lead, targets=lead_targets, order=32, icon="target",
        create=make_leads, update=change_lead, prepare=prepare_lead, after=after_leads, find=find_leads,
        link=link_lead, makes=False, constants=("currency",), left=left_of_person,
        parts=lambda lead: objections.of(lead.contact),
        keys={"email": (gettext_lazy("E-mail"), lambda values: values.get("email"), find_leads)},
    )
)  # fmt: skip
