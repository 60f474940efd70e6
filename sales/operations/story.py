"""What happens to deals, quotes and sales, told on their timeline and on that of their customer."""

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from crm_site.core.loading import fresh, insert_many
from customers.models import Activity
from sales.models import Opportunity


def tell_story(record, text, *, by):
    """Put an event onto the timeline of a deal, a quote or a sale; one statement, two for what has a deal.

    What has a deal is told on the deal. The event is seen by whoever sees the record that it belongs to.
    """
    belongs, now = owned_by(record), timezone.now()
    event = fresh(
        Activity, kind=Activity.EVENT, status=Activity.DONE, subject=text[:300], at=now, done_at=now,
        regarding_type_id=ContentType.objects.get_for_model(type(belongs)).pk, regarding_id=belongs.pk,
        contact_id=record.contact_id, account_id=record.account_id, customer_id=record.customer_id,
        owner_id=by.pk if by else record.owner_id, team_id=by.team_id if by else record.team_id,
        followed_owner_id=belongs.owner_id, followed_team_id=belongs.team_id,
        created_by_id=by and by.pk, changed_by_id=by and by.pk,
    )  # fmt: skip
    insert_many(Activity, [event])


def owned_by(record):
    """The deal of a quote or a sale, locked, else the record: who hands it on meanwhile finds the event there."""
    deal = getattr(record, "opportunity_id", None)
    if deal is None:
        return record
    rows = Opportunity.objects.unscoped("its own quote or sale was within reach")
    return rows.select_for_update(of=("self",), no_key=True).only("owner", "team").get(pk=deal)
