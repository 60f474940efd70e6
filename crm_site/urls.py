"""The table of contents of the whole site."""

from django.contrib import admin
from django.urls import include, path

import crm_site.core.converters  # noqa: F401 - registers <big:pk>
from crm_site import health, home, start
from support.portal_urls import PORTAL_AUTH_URLS

handler500 = "crm_site.errors.server_error"
urlpatterns = [
    path("", home.home, name="home"),
    path("demo/remove/", home.demo_remove, name="demo_remove"),
    path("home/quarter/", home.home_quarter, name="home_quarter"),
    path("start/", start.start_step, name="start_step"),
    path("start/company/", start.start_company, name="start_company"),
    path("search/", home.search, name="search"),
    path("", include("crm_site.core.urls")),
    path("", include("customers.urls")),
    path("", include("marketing.urls")),
    path("", include("sales.urls")),
    path("portal/auth/", include(PORTAL_AUTH_URLS)),
    path("", include("support.urls")),
    path("auth/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
