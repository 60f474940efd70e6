"""Deals into the bin, and what becomes of deals whose account, contact or customer goes there."""

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from crm_site.core.operations import operation, write, write_many
from customers.models import Activity
from customers.operations.following import CLOSE, KEEP, MINE, reachable
from sales.models import Opportunity
from sales.operations.closing import refuse_sold


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
