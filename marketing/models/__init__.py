from marketing.models.campaign import Campaign, CampaignMember
from marketing.models.contact_list import ContactList, ContactListMember

__all__ = ["Campaign", "CampaignMember", "ContactList", "ContactListMember"]
