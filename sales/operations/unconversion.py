"""Taking a conversion back within thirty days: what it made and nobody used goes, what was used since stays."""

from dataclasses import dataclass

import pghistory
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import Refused, lock, operation, write
from customers.models import Account, Contact, Customer
from customers.operations.activities import follow
from customers.operations.following import bin_record
from customers.operations.relating import links_of
from sales.models import Lead, Opportunity
from sales.operations.conversion import activities_of
from sales.operations.leads import UNDO_TIME

# In this order: what hangs on the others goes first.
MADE = {"opportunity": Opportunity, "customer": Customer, "account": Account, "contact": Contact}


@dataclass
class Remains:
    """What becomes of one record that the conversion made: `reason` says why it stays, empty when it goes."""

    name: str
    record: object
    reason: str


def is_undoable(lead):
    """Whether the conversion can still be taken back."""
    return bool(
        lead.status == Lead.CONVERTED and lead.conversion and lead.converted_at > timezone.now() - UNDO_TIME
    )  # fmt: skip


def remains_of(lead, user=None):
    """[Remains] of what the conversion made, what goes and what stays, as the user may decide it."""
    found, kept = [], {}
    for name, model in MADE.items():
        made = lead.conversion.get("made", {}).get(name)
        rows = model.objects.unscoped("what the conversion made").filter(deleted_at__isnull=True)
        record = rows.filter(pk=made["id"]).first() if made else None
        if record is None:
            continue
        reason = why_kept(lead, name, record, made["version"], kept, user)
        if reason:
            kept[name] = record
        found.append(Remains(name, record, reason))
    return found


def why_kept(lead, name, record, version, kept, user):
    """Why a record stays, or an empty text."""
    if kept:
        return _("%(name)s stays and hangs on it.") % {"name": next(iter(kept.values()))}
    if record.version != version:
        return _("It was changed since.")
    if USED[name](lead, record):
        return _("It is in use since.")
    if user and not type(record).objects.visible_to(user, "delete").filter(pk=record.pk).exists():
        return _("You may not delete it.")
    return ""


def deal_used(lead, deal):
    """Whether a deal has papers or things that were done, or something that was done is about it, too."""
    kind = activities_of(lead).model.objects.unscoped("a count").filter(
        regarding_type__app_label="sales", regarding_type__model="opportunity", regarding_id=deal.pk
    )  # fmt: skip
    return deal.quotes.exists() or deal.sales.exists() or kind.exists() or links_of(deal).exists()


def party_used(lead, party):
    """Whether other leads, deals, papers or activities about it hang on an account, a contact or a customer."""
    key, own = type(party)._meta.model_name, lead.converted_opportunity_id or 0
    others = Lead.objects.unscoped("a count").filter(**{key: party}).exclude(pk=lead.pk)
    papers = party.opportunities.exclude(pk=own).exists() or party.quotes.exists()
    return others.exists() or papers or links_of(party).exists()


def account_used(lead, account):
    """As party_used; also other people and accounts below it."""
    people = account.affiliations.exclude(contact=lead.contact_id)
    return people.exists() or account.children.exists() or party_used(lead, account)


USED = {"opportunity": deal_used, "customer": party_used, "account": account_used, "contact": party_used}


@operation
def unconvert_lead(lead, *, by):
    """Open a converted lead again and return it; what the conversion made and nobody used since goes into the bin.

    What was filled in records that were there before stays as it is. Needs the right to delete the lead. Raises
    Refused after thirty days, and for a lead that is not converted.
    """
    current = lock(lead, by, "delete")
    if current.status != Lead.CONVERTED:
        raise Refused(_("This lead is not converted."))
    if not is_undoable(current):
        raise Refused(_("A conversion can be taken back within thirty days."))
    before, now = current.conversion, timezone.now()
    for item in remains_of(current, by):
        if not item.reason:
            if item.name == "contact":
                activities_of(current).filter(contact=item.record).update(contact=before["contact_id"])
            bin_record(item.record, by, now)
    bring_back(current, by)
    values = {
        "status": before["status"] if before["status"] in Lead.OPEN else Lead.WORKING, "converted_at": None,
        "converted_account": None, "converted_customer": None, "converted_opportunity": None, "conversion": {},
        "contact_id": before["contact_id"], **links_back(before),
    }  # fmt: skip
    with pghistory.context(operation="unconvert_lead"):
        opened = write(current, values, by=by, action="delete")[0]
    follow(opened)
    return opened


def bring_back(lead, by):
    """Take the lead's own contact out of the bin again, into which the conversion put it."""
    if pk := lead.conversion.get("binned"):
        rows = Contact.objects.unscoped("the conversion put it there").filter(pk=pk, deleted_at__isnull=False)
        if own := rows.first():
            own.deleted_at = own.deleted_by = None
            own.version += 1
            own.changed_at, own.changed_by = timezone.now(), by
            own.save(update_fields=["deleted_at", "deleted_by", "version", "changed_at", "changed_by"])


def links_back(before):
    """The account and the customer that the lead had before."""
    return {name: before[name] for name in ("account_id", "customer_id")}
