"""The addresses as the portal names them: its pages lead to its own way of signing in, never to that of staff."""

from django.urls import include, path

from crm_site.urls import urlpatterns as everywhere
from support.portal_urls import PORTAL_AUTH_URLS
from support.views.portal import signing

# Of two addresses of one name the last one is the one that is led to.
urlpatterns = [
    *everywhere,
    path("portal/auth/", include(PORTAL_AUTH_URLS)),
    path("portal/sign-in/", signing.portal_sign_in, name="account_login"),
    path("portal/sign-out/", signing.portal_sign_out, name="account_logout"),
    path("portal/password/", signing.portal_password, name="account_reset_password"),
]
