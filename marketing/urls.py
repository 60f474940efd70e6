"""The addresses of marketing/."""

from django.urls import path

from crm_site.core.routes import by_word, record_urls
from marketing.kinds import CAMPAIGNS, CONTACT_LISTS
from marketing.views import members

app_name = "marketing"
urlpatterns = by_word(
    [
        *record_urls(CAMPAIGNS),
        *record_urls(CONTACT_LISTS),
        path("campaigns/<big:pk>/members/", members.campaign_members, name="campaign_members"),
        path("lists/<big:pk>/members/", members.contactlist_members, name="contactlist_members"),
    ]
)
