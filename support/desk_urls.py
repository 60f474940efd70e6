"""The addresses of the agents' desk."""

from django.urls import path

from support.views import desk

DESK_URLS = [
    path("desk/", desk.desk_home, name="desk"),
    path("desk/list/", desk.desk_list, name="desk_list"),
    path("desk/next/", desk.desk_next, name="desk_next"),
    path("cases/<big:pk>/thread/", desk.case_thread, name="case_thread"),
    path("cases/<big:pk>/canned/", desk.case_canned, name="case_canned"),
    path("cases/<big:pk>/promised/", desk.case_promised, name="case_promised"),
    path("cases/<big:pk>/here/", desk.case_here, name="case_here"),
    path("cases/<big:pk>/draft-files/", desk.case_draft_files, name="case_draft_files"),
    path("cases/<big:pk>/answer/", desk.case_answer, name="case_answer"),
    path("cases/<big:pk>/undo/", desk.case_undo, name="case_undo"),
    path("cases/<big:pk>/set/", desk.case_set, name="case_set"),
    path("cases/<big:pk>/macro/", desk.case_macro, name="case_macro"),
    path("cases/<big:pk>/facts/", desk.case_facts, name="case_facts"),
]
