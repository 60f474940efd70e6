"""The addresses of marketing/."""

from crm_site.core.routes import record_urls
from marketing.kinds import CAMPAIGNS, CONTACT_LISTS

app_name = "marketing"
urlpatterns = [*record_urls(CAMPAIGNS), *record_urls(CONTACT_LISTS)]
