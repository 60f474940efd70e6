"""The addresses of sales/."""

from django.urls import path

from crm_site.core.routes import by_word
from sales.forecast_urls import FORECAST_URLS
from sales.lead_urls import LEAD_URLS
from sales.opportunity_urls import OPPORTUNITY_URLS
from sales.paper_urls import PAPER_URLS
from sales.views.rates import correct_exchange_rate, exchange_rates
from sales.views.reports import sales_report

app_name = "sales"
urlpatterns = by_word([
    *LEAD_URLS, *OPPORTUNITY_URLS, *PAPER_URLS, *FORECAST_URLS, path("rates/", exchange_rates, name="rates"),
    path("rates/<big:pk>/correct/", correct_exchange_rate, name="rate_correct"),
    path("reports/sales/", sales_report, name="reports"),
])  # fmt: skip
