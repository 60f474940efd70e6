"""What a record that a lead is merged into takes over: empty fields are filled, others only where it was chosen."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.operations import refuse
from customers.models import Contact
from customers.operations.accounts import update_account
from customers.operations.contacts import update_contact
from customers.operations.reach import PHONE, normalise
from sales.operations.opportunities import update_opportunity

# (field of the record, field of the lead); the name of an account and that of a person are never empty.
TAKES = {
    "account": (("name", "company"), ("website", "website"), ("industry", "industry")),
    "contact": (
        ("first_name", "first_name"), ("last_name", "last_name"), ("job_title", "job_title"), ("email", "email"),
        ("phone", "phone"),
    ),
    "opportunity": (("amount", "amount"), ("next_step", "next_step"), ("next_step_date", "next_step_date")),
}  # fmt: skip
LABELS = {
    "name": _("Name"), "website": _("Website"), "industry": _("Industry"), "first_name": _("First name"),
    "last_name": _("Last name"), "job_title": _("Title"), "email": _("E-mail"), "phone": _("Phone"),
    "amount": _("Amount"), "next_step": _("Next step"), "next_step_date": _("Next step on"),
}  # fmt: skip
UPDATES = {"account": update_account, "contact": update_contact, "opportunity": update_opportunity}


def same(field, theirs, ours, country=""):
    """Whether both say the same, as people would see it."""
    if field == "phone":
        return normalise(PHONE, theirs, country)[0] == normalise(PHONE, ours, country)[0]
    return str(theirs).strip().lower() == str(ours).strip().lower()


def differences(lead, name, record):
    """[{field, label, theirs, ours}] of the fields that both have and that differ: what may be overwritten."""
    found = []
    for field, source in TAKES[name]:
        theirs, ours = getattr(record, field), getattr(lead, source)
        if theirs not in (None, "") and ours not in (None, "") and not same(field, theirs, ours, lead.country):
            found.append({"field": field, "label": LABELS[field], "theirs": theirs, "ours": ours})
    return found


def take_over(lead, became, reused, choices, *, by):
    """Fill and overwrite the reused records ({name: record}); Refused where something chosen may not be changed."""
    take, source = choices.get("take") or {}, bool(choices.get("overwrite_source"))
    for name, record in reused.items():
        values = taken(lead, name, record, set(take.get(name) or ()))
        if hasattr(record, "source") and lead.source and (source or not record.source) and record.source != lead.source:
            values["source"] = lead.source
        if name == "opportunity":
            values |= joined(lead, became, record, by)
        if not values:
            continue
        if by and not type(record).objects.changeable_by(by).filter(pk=record.pk).exists():
            if take.get(name):
                refuse(_("You may not change %(name)s, so nothing of it can be overwritten.") % {"name": record}, name)
            continue
        changed = UPDATES[name](record, values, by=by)
        setattr(became, name, changed)


def taken(lead, name, record, wanted):
    """The values that a record takes: those it lacks, and the wanted ones."""
    values = {}
    for field, source in TAKES[name]:
        ours = getattr(lead, source)
        if ours in (None, ""):
            continue
        if getattr(record, field) in (None, "") or field in wanted:
            values[field] = ours
    if isinstance(record, Contact) and not record.country and lead.country:
        values["country"] = lead.country
    if "amount" in values:
        if record.amount_from_lines:
            values.pop("amount")
        else:
            values["currency"] = lead.currency
    return values


def joined(lead, became, deal, by):
    """The links that an open deal lacks."""
    links = {"lead": lead, "campaign": lead.campaign, "partner": lead.partner}
    links |= {name: getattr(became, name) for name in ("account", "contact", "customer")}
    values = {}
    for name, record in links.items():
        if record is None or getattr(deal, f"{name}_id"):
            continue
        if by is None or type(record).objects.visible_to(by).filter(pk=record.pk).exists():
            values[name] = record
    return values
