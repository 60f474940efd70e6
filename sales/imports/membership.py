"""Who is meant by a member's name in a file: people who came as leads, those first whose deal has the campaign."""

from django.db.models import Value

from crm_site.core.imports.plan import fold
from crm_site.core.models import Fold
from customers.imports.common import split_name
from sales.models import Lead, Opportunity


def people_of_leads(drafts, name_of, run):
    """{id of the draft: [ids of contacts]} for the hook of marketing.imports.members; two statements.

    Known for a campaign is whoever's lead or deal names it. Failing that, the only lead of that name which names no
    other campaign.
    """
    names = {id(draft): name_of(draft.values) for draft in drafts}
    keys = {text: " ".join(reversed(split_name(text))) for text in set(names.values())}
    rows = Lead.objects.visible_to(run.user).filter(name_sort__in=[Fold(Value(key)) for key in keys.values()])
    leads = list(rows.order_by("id").only("id", "contact_id", "campaign_id", "first_name", "last_name"))
    deals = Opportunity.objects.visible_to(run.user).filter(lead__in=[lead.pk for lead in leads])
    campaigns = {}
    for lead, campaign in deals.exclude(campaign=None).values_list("lead_id", "campaign_id"):
        campaigns.setdefault(lead, set()).add(campaign)
    people = {}
    for lead in leads:
        own = campaigns.get(lead.pk, set()) | ({lead.campaign_id} - {None})
        people.setdefault(fold(f"{lead.first_name} {lead.last_name}"), []).append((lead.contact_id, own))
    found = {}
    for draft in drafts:
        same = people.get(fold(names[id(draft)]), [])
        campaign = getattr(draft.values.get("campaign"), "pk", None)
        sure = [contact for contact, own in same if campaign in own]
        free = [contact for contact, own in same if not own]
        found[id(draft)] = [*sure, *(free if len(free) == 1 else [])]
    return found
