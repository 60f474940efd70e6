"""Addresses that belong to no kind of record."""

from django.urls import path

from crm_site.core.views import access, me, records

urlpatterns = [
    path("access/", access.access_simulator, name="access_simulator"),
    path("me/", me.me, name="me"),
    path("me/theme/", me.theme, name="me_theme"),
    path("users/options/", records.user_options, name="user_options"),
    path("teams/options/", records.team_options, name="team_options"),
]
