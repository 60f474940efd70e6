"""The addresses of leads beside those of every record."""

from django.urls import path

from crm_site.core.routes import bound, record_urls
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from marketing.kinds import CAMPAIGNS, CONTACT_LISTS
from sales.kinds.lead import LEADS
from sales.kinds.opportunity import OPPORTUNITIES
from sales.setup_urls import SETUP_URLS
from sales.views import conversion, leads

LEAD_URLS = [
    *SETUP_URLS,
    *record_urls(LEADS, record=leads.lead_record, edit=leads.lead_edit),
    path("leads/<big:pk>/convert/", conversion.lead_convert, name="lead_convert"),
    path("leads/<big:pk>/unconvert/", conversion.lead_unconvert, name="lead_unconvert"),
    path("leads/<big:pk>/disqualify/", leads.lead_disqualify, name="lead_disqualify"),
    path("leads/<big:pk>/reopen/", leads.lead_reopen, name="lead_reopen"),
    *(
        path(f"{kind.slug}/<big:pk>/leads/", bound(leads.leads_of, kind), name=f"{kind.noun}_leads")
        for kind in (CONTACTS, ACCOUNTS, CUSTOMERS, CAMPAIGNS, CONTACT_LISTS, OPPORTUNITIES)
    ),
]
