"""The addresses of what hangs on accounts, contacts and customers."""

from django.urls import path

from crm_site.core.routes import bound
from customers.kinds import ACCOUNTS, CONTACTS
from customers.views import consents, panels, parties

PARTY_URLS = [
    *(
        path(f"{kind.slug}/<big:pk>/{tail}/", bound(view, kind), name=f"{kind.noun}_{name}")
        for kind in (ACCOUNTS, CONTACTS)
        for tail, view, name in (
            ("mechanisms", panels.party_mechanisms, "mechanisms"),
            ("customers", panels.party_customers, "customers"),
            ("mechanisms/new", parties.mechanism_create, "mechanism_create"),
        )
    ),
    path("accounts/<big:pk>/contacts/", panels.account_contacts, name="account_contacts"),
    path("accounts/<big:pk>/contacts/add/", parties.account_affiliation_create, name="account_affiliation_create"),
    path("accounts/<big:pk>/tree/", panels.account_tree, name="account_tree"),
    path("contacts/<big:pk>/accounts/", panels.contact_accounts, name="contact_accounts"),
    path("contacts/<big:pk>/accounts/add/", parties.contact_affiliation_create, name="contact_affiliation_create"),
    path("contacts/<big:pk>/consents/", consents.contact_consents, name="contact_consents"),
    path("contacts/<big:pk>/consents/new/", consents.contact_consent_create, name="contact_consent_create"),
    path("consents/", consents.consent_list, name="consents"),
    path("consents/export/", consents.consent_export, name="consents_export"),
    path("consent/<slug:token>/", consents.consent_confirm, name="consent_confirm"),
    path("customers/<big:pk>/people/", panels.customer_people, name="customer_people"),
    path("customers/<big:pk>/mechanisms/", panels.customer_mechanisms, name="customer_mechanisms"),
    path("customers/<big:pk>/statuses/", panels.customer_statuses, name="customer_statuses"),
    path("customers/<big:pk>/status/", parties.customer_status, name="customer_status"),
    path("mechanisms/<big:pk>/edit/", parties.mechanism_edit, name="mechanism_edit"),
    *(
        path(f"mechanisms/<big:pk>/{verb}/", parties.mechanism_verb, {"verb": verb}, name=f"mechanism_{verb}")
        for verb in parties.VERBS
    ),
    path("affiliations/<big:pk>/end/", parties.affiliation_end, name="affiliation_end"),
    path("affiliations/<big:pk>/main/", parties.affiliation_main, name="affiliation_main"),
]
