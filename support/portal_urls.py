"""The addresses of the portal, and of staff's pages about it."""

from allauth.account.urls import urlpatterns as account_urls
from django.urls import include, path

from support.views import portal_staff
from support.views.portal import cases, papers, profile, signing

# What customers set by themselves; another e-mail address is asked for on the profile, and confirmed at both.
KEYS = ("account_change_password", "account_set_password", "account_reauthenticate")
PORTAL_AUTH_URLS = [
    *(entry for entry in account_urls if entry.name.startswith(KEYS)),
    path("2fa/", include("allauth.mfa.urls")),
]
PORTAL_URLS = [
    path("contacts/<big:pk>/portal/", portal_staff.contact_portal, name="contact_portal"),
    path("contacts/<big:pk>/portal/invite/", portal_staff.contact_portal_invite, name="contact_portal_invite"),
    path("contacts/<big:pk>/portal/revoke/", portal_staff.contact_portal_revoke, name="contact_portal_revoke"),
    path("contacts/names/", portal_staff.profile_changes, name="profile_changes"),
    path("contacts/names/<big:pk>/", portal_staff.profile_change_decide, name="profile_change_decide"),
    path("portal/", cases.portal_home, name="portal_home"),
    path("portal/sign-in/", signing.portal_sign_in, name="portal_sign_in"),
    path("portal/sign-out/", signing.portal_sign_out, name="portal_sign_out"),
    path("portal/link/", signing.portal_link_ask, name="portal_link_ask"),
    path("portal/link/<slug:token>/", signing.portal_link, name="portal_link"),
    path("portal/password/", signing.portal_password, name="portal_password"),
    path("portal/password/<slug:token>/", signing.portal_password_new, name="portal_password_new"),
    path("portal/email/<slug:token>/", signing.portal_email, name="portal_email"),
    path("portal/cases/", cases.portal_cases, name="portal_cases"),
    path("portal/cases/new/", cases.portal_case_new, name="portal_case_new"),
    path("portal/cases/suggest/", cases.portal_suggest, name="portal_suggest"),
    path("portal/cases/<big:pk>/", cases.portal_case, name="portal_case"),
    path("portal/cases/<big:pk>/reply/", cases.portal_case_reply, name="portal_case_reply"),
    path("portal/cases/<big:pk>/close/", cases.portal_case_close, name="portal_case_close"),
    path("portal/cases/<big:pk>/reopen/", cases.portal_case_reopen, name="portal_case_reopen"),
    path("portal/cases/<big:pk>/rate/", cases.portal_case_rate, name="portal_case_rate"),
    path("portal/cases/<big:pk>/files/<big:file>/", cases.portal_file, name="portal_file"),
    path("portal/profile/", profile.portal_profile, name="portal_profile"),
    path("portal/profile/name/", profile.portal_name, name="portal_name"),
    path("portal/profile/address/", profile.portal_address, name="portal_address"),
    path("portal/profile/consents/<big:pk>/", profile.portal_consent, name="portal_consent"),
    path("portal/profile/ways/new/", profile.portal_way, name="portal_way_new"),
    path("portal/profile/ways/<big:pk>/", profile.portal_way, name="portal_way"),
    path("portal/profile/ways/<big:pk>/remove/", profile.portal_way_remove, name="portal_way_remove"),
    path("portal/profile/data/", profile.portal_data, name="portal_data"),
    path("portal/profile/erase/", profile.portal_erase, name="portal_erase"),
    path("portal/security/", signing.portal_security, name="portal_security"),
    path("portal/security/<big:pk>/end/", signing.portal_session_end, name="portal_session_end"),
    path("portal/colleagues/", signing.portal_colleagues, name="portal_colleagues"),
    path("portal/colleagues/<big:pk>/remove/", signing.portal_colleague_remove, name="portal_colleague_remove"),
    path("portal/quotes/", papers.portal_quotes, name="portal_quotes"),
    path("portal/quotes/<big:pk>/", papers.portal_quote, name="portal_quote"),
    path("portal/quotes/<big:pk>/pdf/", papers.portal_quote_pdf, name="portal_quote_pdf"),
    path("portal/quotes/<big:pk>/answer/", papers.portal_quote_answer, name="portal_quote_answer"),
    path("portal/orders/", papers.portal_sales, name="portal_sales"),
    path("portal/orders/<big:pk>/", papers.portal_sale, name="portal_sale"),
    path("portal/answers/", papers.portal_articles, name="portal_articles"),
    path("portal/answers/<big:pk>/", papers.portal_article, name="portal_article"),
    path("portal/answers/<big:pk>/vote/", papers.portal_article_vote, name="portal_article_vote"),
    path("portal/<path:rest>", signing.portal_nothing, name="portal_nothing"),
]
