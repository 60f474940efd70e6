"""Converting many leads by a job: each by itself, so that one that cannot be converted undoes none of the others."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from crm_site.core.bulk import CHANGES, Change, note, problem
from crm_site.core.models import User
from crm_site.core.operations import Refused, Stale
from crm_site.core.pages import broken_rule
from sales.matching import STRENGTH, matches_of, told_hidden
from sales.models import Lead
from sales.operations.conversion import NEW, convert_lead

# What to do with a lead whose company is likely to be a known account: nothing is matched unless the user says so.
LEAVE, USE, MAKE = "leave", "use", "new"
PIECE = 20


def convert_rows(job, _kind, rows):
    """Convert the leads one by one, and note of each what it became or why it was left; one failure undoes no other.

    The job's values are {"likely": "leave", "use" or "new", "deals": whether to make opportunities, "owner": an id or
    None}.
    """
    changed = 0
    for lead in rows.select_related("contact", "owner", "product").order_by("pk"):
        try:
            with transaction.atomic():
                note(job, lead, became(convert_one(lead, job)))
            changed += 1
        except (Refused, Stale, PermissionDenied, IntegrityError) as error:
            problem(job, lead, reason_of(error))
    return changed


def convert_one(lead, job):
    """Convert one lead as the job says."""
    values, user = job.options["values"], job.user
    if lead.status == Lead.CONVERTED:
        raise Refused(_("It was converted already."))
    owner = values.get("owner") and User.objects.filter(pk=values["owner"], is_active=True).first()
    choices = {"account": account_for(lead, values["likely"], user), "opportunity": NEW if values["deals"] else None}
    return convert_lead(lead, choices | ({"owner": owner} if owner else {}), by=user)


def became(done):
    """What a lead became, for the report."""
    made = [done.account, done.contact, done.opportunity]
    return _("Converted into: %(names)s") % {"names": ", ".join(str(record) for record in made if record)}


def account_for(lead, likely, user):
    """The account of a lead that nobody looked at; Refused where a person has to look."""
    found = matches_of(lead, user)
    best = found.accounts[0] if found.best("accounts") else None
    if best and best.strength >= STRENGTH["works"]:
        return best.record
    if likely == LEAVE and best:
        told = {"name": best.record, "why": ", ".join(best.reasons)}
        raise Refused(_("It may be %(name)s (%(why)s). Convert it by itself.") % told)
    if likely == LEAVE and (hidden := told_hidden(found.hidden["accounts"])):
        raise Refused(hidden)
    if likely == USE and best:
        return best.record
    return NEW if lead.company.strip() else None


def reason_of(error):
    """Why a lead was left, for the report."""
    if isinstance(error, IntegrityError):
        return broken_rule(error)
    if isinstance(error, PermissionDenied):
        return _("You may not do that.")
    return _("Somebody changed it at the same moment.") if isinstance(error, Stale) else str(error)


CHANGES["convert"] = Change("change", convert_rows, piece=PIECE, undoable=False)
