"""Addresses that belong to no kind of record."""

from django.urls import path

from crm_site.core.routes import by_word
from crm_site.core.views import access, files, imports, jobs, me, notifications, records

urlpatterns = by_word(
    [
        path("access/", access.access_simulator, name="access_simulator"),
        path("me/", me.me, name="me"),
        path("me/theme/", me.theme, name="me_theme"),
        path("users/options/", records.user_options, name="user_options"),
        path("teams/options/", records.team_options, name="team_options"),
        path("notifications/", notifications.notification_list, name="notification_list"),
        path("notifications/read/", notifications.notification_read, name="notification_read"),
        path("notifications/<big:pk>/open/", notifications.notification_open, name="notification_open"),
        path("jobs/", jobs.job_list, name="job_list"),
        path("jobs/<big:pk>/", jobs.job_page, name="job_page"),
        path("jobs/<big:pk>/progress/", jobs.job_progress, name="job_progress"),
        path("jobs/<big:pk>/cancel/", jobs.job_cancel, name="job_cancel"),
        path("jobs/<big:pk>/undo/", jobs.job_undo, name="job_undo"),
        path("jobs/<big:pk>/result/", jobs.job_result, name="job_result"),
        path("jobs/<big:pk>/problems/", jobs.job_problems, name="job_problems"),
        path("imports/", imports.import_list, name="import_list"),
        path("imports/new/", imports.import_new, name="import_new"),
        path("imports/<big:pk>/", imports.import_page, name="import_page"),
        path("imports/<big:pk>/mapping/", imports.import_mapping, name="import_mapping"),
        path("imports/<big:pk>/run/", imports.import_run, name="import_run"),
        path("imports/<big:pk>/progress/", imports.import_progress, name="import_progress"),
        path("imports/<big:pk>/errors/", imports.import_errors, name="import_errors"),
        path("imports/<big:pk>/undo/", imports.import_undo, name="import_undo"),
        path("files/<big:pk>/", files.file_download, name="file_download"),
        path("files/<big:pk>/delete/", files.file_delete, name="file_delete"),
    ]
)
