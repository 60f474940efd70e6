"""What became of leads that were converted elsewhere, told by the deals that name them."""

from django.db import connection
from django.utils import timezone

from crm_site.core.loading import update_many
from crm_site.core.operations import operation
from sales.models import Opportunity

# The first deal of a lead is what it became; a lead that is still open stays so.
NOTE = """
    UPDATE sales_lead l SET converted_opportunity_id = n.deal, converted_at = n.at,
        converted_account_id = coalesce(l.converted_account_id, n.account),
        converted_customer_id = coalesce(l.converted_customer_id, n.customer)
    FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[])
        n(lead, deal, at, account, customer)
    WHERE l.id = n.lead AND l.status = 'converted' AND l.converted_opportunity_id IS NULL
"""


def note_deals(deals):
    """Tell the converted leads of deals which deal they became and when; one statement. Part of an operation."""
    firsts = {}
    for deal in deals:
        if deal.lead_id:
            firsts.setdefault(deal.lead_id, deal)
    if firsts:
        columns = zip(*((lead, deal.pk, deal.created_at, deal.account_id, deal.customer_id)
                        for lead, deal in firsts.items()), strict=True)  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(NOTE, [list(column) for column in columns])


@operation
def lead_deals(pairs, *, by):
    """Let deals come from leads, {deal: lead}, as far as `by` may change the deals; three statements however many."""
    leads = {deal.pk: lead.pk for deal, lead in pairs.items()}
    rows = Opportunity.objects.visible_to(by, "change").filter(pk__any_of=list(leads)).order_by("pk")
    deals = [deal for deal in rows.select_for_update(of=("self",)) if deal.lead_id != leads[deal.pk]]
    for deal in deals:
        deal.lead_id = leads[deal.pk]
        deal.version, deal.changed_at, deal.changed_by = deal.version + 1, timezone.now(), by
    update_many(Opportunity, deals, ["lead", "version", "changed_at", "changed_by"])
    note_deals(deals)
