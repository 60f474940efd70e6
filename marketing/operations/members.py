"""Operations on the members of campaigns."""

from django.utils import timezone

from crm_site.core.operations import operation
from marketing.models import CampaignMember

ANSWERED = ("responded", "converted")


@operation
def add_members(rows, *, by):
    """Make people members of campaigns and return the memberships in order; who is one already gets the new status.

    A row holds campaign, contact and perhaps status, added_at and responded_at. Who calls has checked that `by` may
    change the campaigns. Two statements, however many rows.
    """
    now, made = timezone.now(), []
    for row in rows:
        member = CampaignMember(**row)
        member.added_at = member.added_at or now
        if member.status in ANSWERED and member.responded_at is None:
            member.responded_at = member.added_at
        made.append(member)
    CampaignMember.objects.bulk_create(
        made, batch_size=2000, update_conflicts=True, unique_fields=["campaign", "contact"], update_fields=["status"]
    )
    rows = CampaignMember.objects.filter(campaign__in={m.campaign_id for m in made},
                                         contact__in=[m.contact_id for m in made])  # fmt: skip
    found = {(member.campaign_id, member.contact_id): member for member in rows}
    return [found[member.campaign_id, member.contact_id] for member in made]


@operation
def update_member(member, values, *, by):
    """Change the status of a membership and return it; that somebody responded is never taken back."""
    status = values.get("status", member.status)
    if status != member.status:
        member.status = status
        if status in ANSWERED and member.responded_at is None:
            member.responded_at = timezone.now()
        member.save(update_fields=["status", "responded_at"])
    return member


@operation
def remove_members(ids, *, by):
    """Take memberships away; returns how many. Who calls has checked that `by` may change the campaigns."""
    return CampaignMember.objects.filter(pk__in=ids).delete()[0]
