"""The members of campaigns and lists on their pages: counted and shown as far as the user sees the people."""

from django.utils import timezone

from marketing.models import Campaign, CampaignMember, ContactList, ContactListMember
from tests.factories import ContactFactory


def test_a_campaign_shows_the_members_that_the_user_sees(cast, client_of):
    """A person out of the user's reach is neither named nor counted."""
    campaign = Campaign.objects.create(name="Spring", team=cast.north, owner=cast.alice)
    mine, foreign = ContactFactory(owner=cast.alice), ContactFactory(last_name="Hidden", team=cast.far_south)
    for contact, status in ((mine, "responded"), (foreign, "targeted")):
        CampaignMember.objects.create(campaign=campaign, contact=contact, status=status, added_at=timezone.now())
    page = client_of(cast.alice).get(f"/campaigns/{campaign.pk}/members/").content.decode()
    assert str(mine) in page
    assert "Responded 1" in page
    assert "Hidden" not in page
    assert "Targeted" not in page


def test_a_list_shows_its_members(cast, client_of):
    """The count is of those the user sees, too."""
    group = ContactList.objects.create(name="Newsletter", team=cast.north, owner=cast.alice)
    mine, foreign = ContactFactory(owner=cast.alice), ContactFactory(last_name="Hidden", team=cast.far_south)
    for contact in (mine, foreign):
        ContactListMember.objects.create(list=group, contact=contact, added_at=timezone.now())
    page = client_of(cast.alice).get(f"/lists/{group.pk}/members/").content.decode()
    assert str(mine) in page
    assert "On the list 1" in page
    assert "Hidden" not in page
