"""The addresses of support/."""

from support.case_urls import CASE_URLS

app_name = "support"
urlpatterns = [*CASE_URLS]
