"""The addresses of customers/."""

from crm_site.core.routes import record_urls
from customers.kinds import ACCOUNTS

app_name = "customers"
urlpatterns = [
    *record_urls(ACCOUNTS),
]
