"""Deals into the bin, and what becomes of deals whose account, contact or customer goes there."""

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import operation, write, write_many
from customers.models import Activity
from customers.operations.following import CLOSE, KEEP, MINE, follow_many, reachable
from sales.models import LossReason, Opportunity
from sales.operations.closing import lose_opportunity, refuse_sold


@operation
def delete_opportunity(deal, *, by, activities=KEEP):
    """Put a deal into the bin; the choice says what becomes of its open activities. Refused while its sale stands."""
    refuse_sold(deal)
    rows = reachable(Activity, by, "change").filter(
        regarding_type=ContentType.objects.get_for_model(Opportunity), regarding_id=deal.pk, status=Activity.OPEN
    )
    if activities == CLOSE:
        write_many(rows, {"status": Activity.CANCELLED}, by=by)
    elif activities == MINE and by:
        write_many(rows, {"owner": by, "team": by.team}, by=by)
    return write(deal, {"deleted_at": timezone.now(), "deleted_by": by}, by=by, action="delete")[0]


def open_deals(record, user):
    """The open deals with an account, a contact or a customer, as far as the user sees them."""
    return reachable(Opportunity, user, "view").filter(**{type(record)._meta.model_name: record}, state="open")


def settle_deals(record, choice, *, by):
    """What becomes of the open deals of a record that is deleted: kept, handed to the acting user, or lost.

    Only deals that the user may change are touched. Losing them takes the last reason that needs no note.
    """
    rows = reachable(Opportunity, by, "change").filter(**{type(record)._meta.model_name: record}, state="open")
    if choice == MINE and by:
        ids = list(rows.values_list("pk", flat=True))
        write_many(rows.filter(pk__in=ids), {"owner": by, "team": by.team}, by=by)
        follow_many(Opportunity, ids)
    elif choice == CLOSE:
        reason = LossReason.objects.filter(needs_note=False, is_active=True).order_by("-order", "name").first()
        for deal in rows.order_by("pk"):
            lose_opportunity(deal, reason, by=by, note=_("%(name)s was deleted.") % {"name": record})
