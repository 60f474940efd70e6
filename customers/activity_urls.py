"""The addresses of activities, of every record's timeline and composer, and of calendars."""

from django.urls import path

from crm_site.core.routes import record_urls
from customers.kinds.activity import ACTIVITIES
from customers.views import activities, calendars, timeline

VERBS = ("complete", "reopen", "snooze", "cancel", "pin", "invite", "participants")
ACTIVITY_URLS = [
    path("activities/log/", timeline.activity_log, name="activity_log"),
    path("activities/todo/", activities.activity_todo, name="activity_todo"),
    path("activities/records/", activities.activity_records, name="activity_records"),
    path("activities/<big:pk>/invitation.ics", activities.activity_invitation, name="activity_invitation"),
    *(
        path(f"activities/<big:pk>/{verb}/", getattr(activities, f"activity_{verb}"), name=f"activity_{verb}")
        for verb in VERBS
    ),
    *record_urls(ACTIVITIES, list=activities.activity_list, record=activities.activity_record),
    path("calendar/", calendars.calendar_settings, name="calendar_settings"),
    path("calendar/<str:token>.ics", calendars.calendar_feed, name="calendar_feed"),
    path("invitation/<str:token>/", calendars.invitation_answer, name="invitation_answer"),
    path("<slug:slug>/<big:pk>/timeline/", timeline.record_timeline, name="timeline"),
    path("<slug:slug>/<big:pk>/log/", timeline.record_log, name="log"),
]
