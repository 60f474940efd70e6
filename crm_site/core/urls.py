"""Addresses that belong to no kind of record."""

from django.urls import path

from crm_site.core.views import records

urlpatterns = [
    path("users/options/", records.user_options, name="user_options"),
    path("teams/options/", records.team_options, name="team_options"),
]
