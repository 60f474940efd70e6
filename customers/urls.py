"""The addresses of customers/."""

from crm_site.core.routes import by_word, record_urls
from customers.activity_urls import ACTIVITY_URLS
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from customers.party_urls import PARTY_URLS

app_name = "customers"
urlpatterns = by_word(
    [
        *record_urls(ACCOUNTS),
        *record_urls(CONTACTS),
        *record_urls(CUSTOMERS),
        *PARTY_URLS,
        *ACTIVITY_URLS,
    ]
)
