"""The administration of marketing/."""

from django.contrib import admin

from customers.admin.parties import KindAdmin
from marketing.forms.campaign import CampaignForm
from marketing.forms.contact_list import ContactListForm
from marketing.kinds import CAMPAIGNS, CONTACT_LISTS
from marketing.models import Campaign, ContactList


@admin.register(Campaign)
class CampaignAdmin(KindAdmin):
    """Campaigns."""

    kind = CAMPAIGNS
    list_display = ("number", "name", "type", "status", "starts_on", "ends_on", "owner")
    list_filter = ("status", "type")
    search_fields = ("name",)
    autocomplete_fields = ("parent", "owner", "team")
    fields = [*CampaignForm.Meta.fields, *KindAdmin.readonly_fields]


@admin.register(ContactList)
class ContactListAdmin(KindAdmin):
    """Contact lists."""

    kind = CONTACT_LISTS
    list_display = ("number", "name", "purpose", "is_active", "owner")
    search_fields = ("name",)
    autocomplete_fields = ("owner", "team")
    fields = [*ContactListForm.Meta.fields, *KindAdmin.readonly_fields]
