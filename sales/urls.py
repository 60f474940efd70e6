"""The addresses of sales/."""

from sales.lead_urls import LEAD_URLS
from sales.opportunity_urls import OPPORTUNITY_URLS

app_name = "sales"
urlpatterns = [*LEAD_URLS, *OPPORTUNITY_URLS]
