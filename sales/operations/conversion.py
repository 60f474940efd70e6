"""Converting a lead: one transaction makes or reuses the account, the contact, the customer and the opportunity."""

from dataclasses import dataclass, field
from datetime import timedelta

import pghistory
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import Refused, Stale, lock, operation, refuse, write, write_many
from customers.models import Account, Activity, Affiliation, Contact, Customer
from customers.operations.activities import follow
from customers.operations.consents import carry_consents
from customers.operations.contacts import need_visible, new_contacts
from customers.operations.customers import bind, create_customer
from marketing.models import CampaignMember, ContactListMember
from sales.models import Lead, Opportunity
from sales.operations.opportunities import create_opportunity, proposed_name
from sales.operations.products import price_of
from sales.operations.taking_over import take_over
from sales.operations.teamwork import set_lines

NEW = "new"
# A contact made by the operation that made the lead is this much older at most.
SAME_MOMENT = timedelta(minutes=1)
FORWARD = ("targeted", "sent", "opened", "clicked", "responded")
PARTIES = (("account", Account), ("contact", Contact))
PERSON = ("first_name", "last_name", "job_title", "email", "phone", "country", "source")


@dataclass
class Conversion:
    """What a lead became, and which of these were made; `repeated`: it had been converted before, nothing was done."""

    lead: object
    contact: object
    account: object = None
    customer: object = None
    opportunity: object = None
    repeated: bool = False
    made: set = field(default_factory=set)


@operation
def convert_lead(lead, choices, *, by, version=None):
    """Convert a lead and return the Conversion; one that is converted already answers with its first result.

    `choices` are: account ("new", an Account, or None for a private person), contact ("new" or a Contact; the lead's
    own by default), opportunity ("new", an open Opportunity, or None), deal (values of a new opportunity, with
    pipeline), take ({"account", "contact" or "opportunity": names of fields to overwrite}), overwrite_source, owner
    (needed where the lead waits in a queue). Of a record that is reused only empty fields are filled. Raises Stale,
    Refused beside the field, and PermissionDenied for records out of the user's reach.
    """
    current = lock(lead, by)
    if current.status == Lead.CONVERTED:
        return result_of(current)
    if version is not None and version != current.version:
        raise Stale(current)
    if current.status == Lead.DISQUALIFIED:
        raise Refused(_("This lead is disqualified. Reopen it first."))
    owner = choices.get("owner") or current.owner
    if owner is None:
        refuse(_("The lead waits in a queue: choose who gets it."), "owner")
    before, private = standing(current), is_private(current, choices)
    known = {name: chosen(current, choices, name, model, by) for name, model in PARTIES}
    became = parties(current, known, owner, by, private=private)
    became.opportunity = deal_of(current, became, choices, owner, by)
    reused = {name: record for name, record in known.items() if record}
    if choices.get("opportunity") not in (None, NEW):
        reused["opportunity"] = became.opportunity
    take_over(current, became, reused, choices, by=by)
    return finish(current, became, before, owner, by)


def is_private(lead, choices):
    """Whether the lead becomes a private person; Refused when an account is to be made and nobody knows its name."""
    answer = choices.get("account", NEW if lead.company else None)
    if answer == NEW and not lead.company.strip():
        refuse(_("Give the lead a company first, or convert it as a private person."), "account")
    return answer is None


def standing(lead):
    """How the lead stood, for taking the conversion back."""
    names = ("status", "owner_id", "team_id", "contact_id", "account_id", "customer_id")
    return {name: getattr(lead, name) for name in names}


def chosen(lead, choices, name, model, by):
    """The record to use for the account or the contact, locked and within the user's sight; None for a new one."""
    answer = choices.get(name, lead.contact if name == "contact" else None)
    if answer in (None, NEW):
        return None
    need_visible(model, {answer.pk}, by)
    rows = model.objects.unscoped("its use was checked").select_for_update(of=("self",))
    found = rows.filter(pk=answer.pk, deleted_at__isnull=True).first()
    return found or refuse(_("This record is in the bin."), name)


def parties(lead, known, owner, by, *, private):
    """The Conversion with contact, account and customer, each reused or made."""
    account, contact = known["account"], known["contact"]
    customer = customer_of(account, contact, private=private)
    became = Conversion(lead, contact, account, customer)
    if customer is None:
        became.customer = create_customer(customer_row(lead, account, contact, owner, private=private), by=by)
        became.account, became.contact = became.customer.account, became.customer.contact
    elif contact is None:
        at = {"account": account} if account else {}
        became.contact = new_contacts([person_of(lead, owner) | at], by=by)[0]
    elif account:
        tie(contact, account, by)
    became.made = {name for name, old in (("customer", customer), ("account", account), ("contact", contact))
                   if old is None and getattr(became, name)}  # fmt: skip
    return became


def customer_of(account, contact, *, private):
    """The customer that the account or, for a private person, the contact is already; None where there is none."""
    rows = Customer.objects.unscoped("a party is one customer, whoever sees it").filter(deleted_at__isnull=True)
    if private:
        return rows.filter(contact=contact, kind=Customer.INDIVIDUAL).first() if contact else None
    return rows.filter(account=account, kind=Customer.BUSINESS).first() if account else None


def person_of(lead, owner):
    """The values of a contact made from the lead."""
    return {name: getattr(lead, name) for name in PERSON} | {"owner": owner, "team": owner.team}


def customer_row(lead, account, contact, owner, *, private):
    """What create_customers takes to make the customer and the parties that it lacks."""
    row = {"kind": Customer.INDIVIDUAL if private else Customer.BUSINESS, "owner": owner, "team": owner.team}
    if account:
        row["account"] = account
    elif not private:
        row |= {"company": lead.company, "website": lead.website, "industry": lead.industry}
    if contact:
        return row | {"contact": contact}
    ways = ("first_name", "last_name", "job_title", "email", "phone")
    return row | {name: getattr(lead, name) for name in ways}


def tie(contact, account, by):
    """Put a contact at the account where it is not there yet and the user may change it."""
    if not Affiliation.objects.filter(contact=contact, account=account, valid_to__isnull=True).exists():
        bind([{"contact": contact, "account": account}], by)


def deal_of(lead, became, choices, owner, by):
    """The opportunity: a new one, the open one chosen (locked), or None."""
    choice = choices.get("opportunity")
    if choice is None:
        return None
    if choice != NEW:
        found = lock(choice, by)
        if found.state != "open":
            refuse(_("This opportunity is closed."), "opportunity")
        return found
    values = proposal(lead, became.account or became.contact) | {
        key: value for key, value in (choices.get("deal") or {}).items() if value not in (None, "")
    }
    values |= {"lead": lead, "owner": owner, "team": owner.team, "partner": lead.partner}
    became.made.add("opportunity")
    links = {name: getattr(became, name) for name in ("account", "contact", "customer") if getattr(became, name)}
    seen = {name: record for name, record in links.items() if by is None or in_sight(record, by)}
    deal = create_opportunity(values | seen, by=by)
    if len(seen) < len(links):
        rows = Opportunity.objects.unscoped("a conversion links what it made").filter(pk=deal.pk)
        rows.update(**{name: record for name, record in links.items() if name not in seen})
        deal.refresh_from_db()
    return with_line(deal, lead, by)


def with_line(deal, lead, by):
    """The deal with a line of the product that the lead asked for, at the deal's amount or else the product's price."""
    product = lead.product
    price = deal.amount if deal.amount is not None or product is None else price_of(product, deal.currency)
    if product is None or price is None or not (by is None or in_sight(deal, by)):
        return deal
    return set_lines(deal, [{
        "product": product, "description": str(product)[:300], "unit_price": price, "tax_rate": product.tax_rate,
    }], by=by)  # fmt: skip


def in_sight(record, by):
    """Whether the user sees a record."""
    return type(record).objects.visible_to(by).filter(pk=record.pk).exists()


def proposal(lead, party):
    """What a new opportunity of the lead begins with; `party` is who it is named after."""
    found = {
        "name": proposed_name(party, lead.subject or (lead.product.name if lead.product_id else "")),
        "source": lead.source, "campaign": campaign_of(lead), "amount": lead.amount, "currency": lead.currency,
        "next_step": lead.next_step, "next_step_date": lead.next_step_date, "description": lead.description,
    }  # fmt: skip
    return {key: value for key, value in found.items() if value not in (None, "")}


def campaign_of(lead):
    """The campaign that gets the credit: of the latest membership that responded, else the latest, else the lead's."""
    rows = CampaignMember.objects.filter(contact=lead.contact_id, campaign__deleted_at__isnull=True)
    best = rows.order_by(F("responded_at").desc(nulls_last=True), "-added_at", "-id").select_related("campaign")
    found = best.first()
    return found.campaign if found else lead.campaign


def finish(lead, became, before, owner, by):
    """Write the converted lead, and let what hangs on it be reachable from what it became."""
    before |= {"by": by.pk if by else None, "binned": merge_person(lead, became.contact, by), "made": {}}
    hand_over(lead, became, owner, by)
    for name in became.made:
        record = getattr(became, name)
        before["made"][name] = {"id": record.pk, "version": version_of(record)}
    values = {
        "status": Lead.CONVERTED, "converted_at": timezone.now(), "escalate_at": None, "contact": became.contact,
        "account": became.account, "customer": became.customer, "converted_account": became.account,
        "converted_customer": became.customer, "converted_opportunity": became.opportunity, "conversion": before,
        "owner": owner,
    }  # fmt: skip
    if owner != lead.owner:
        values["team"] = owner.team
    # The operations called above left their own names in the context.
    with pghistory.context(operation="convert_lead"):
        became.lead = write(lead, values, by=by)[0]
    follow(became.lead)
    return became


def activities_of(lead):
    """All activities that belong to a lead."""
    kind = ContentType.objects.get_for_model(Lead)
    return Activity.objects.unscoped("they belong to the lead").filter(regarding_type=kind, regarding_id=lead.pk)


def hand_over(lead, became, owner, by):
    """Let the lead's activities count for what it became, and give the open ones to the new owner."""
    rows = activities_of(lead)
    rows.filter(Q(contact__isnull=True) | Q(contact=lead.contact_id)).exclude(contact=became.contact).update(
        contact=became.contact
    )
    for name in ("account", "customer"):
        if record := getattr(became, name):
            rows.filter(**{f"{name}__isnull": True}).update(**{name: record})
    waiting = rows.filter(status=Activity.OPEN, is_private=False, deleted_at__isnull=True).exclude(owner=owner)
    if owner != lead.owner:
        write_many(waiting, {"owner": owner, "team": owner.team}, by=by)
    members = CampaignMember.objects.filter(contact=became.contact, campaign=lead.campaign_id, status__in=FORWARD)
    members.update(status="converted")


def merge_person(lead, contact, by):
    """Move memberships to another contact than the lead's own; the id of the own one where it went into the bin.

    A contact that was there only for this lead goes with all its memberships into the bin, another one gives the
    membership of the lead's campaign. Dates of responses stay as they are.
    """
    if contact.pk == lead.contact_id:
        return None
    own, alone = lead.contact, stands_alone(lead)
    for model, key in ((CampaignMember, "campaign"), (ContactListMember, "list")):
        rows = model.objects.filter(contact=own)
        if not alone:
            rows = rows.filter(**{key: lead.campaign_id if key == "campaign" else lead.contact_list_id})
        there = model.objects.filter(contact=contact).values(key)
        rows.exclude(**{f"{key}__in": there}).update(contact=contact)
    carry_consents(own, contact, by, None if alone else lead.created_at)
    if alone:
        Activity.objects.unscoped("they are of the same person").filter(contact=own).update(contact=contact)
    if not alone or (by and not Contact.objects.visible_to(by, "delete").filter(pk=own.pk).exists()):
        return None
    write(own, {"deleted_at": timezone.now(), "deleted_by": by}, by=by, action="delete")
    return own.pk


def stands_alone(lead):
    """Whether the lead's contact is there for this lead only."""
    own = lead.contact
    return not (
        own.leads.exclude(pk=lead.pk).exists() or own.opportunities.exists() or own.customers.exists()
        or own.affiliations.exists() or own.created_at < lead.created_at - SAME_MOMENT
    )  # fmt: skip


def version_of(record):
    """The version of a record as the database has it now."""
    return type(record).objects.unscoped("for taking back").filter(pk=record.pk).values_list("version", flat=True).get()


def result_of(lead):
    """The Conversion of a lead that was converted before."""
    return Conversion(
        lead, lead.contact, lead.converted_account, lead.converted_customer, lead.converted_opportunity, repeated=True
    )
