"""The addresses of merging, splitting, incidents, satisfaction and the reports of support."""

from django.urls import path

from support.views import merging, satisfaction

MERGE_URLS = [
    path("cases/merge/", merging.cases_merge, name="case_merge_many"),
    path("cases/<big:pk>/merge/", merging.case_merge, name="case_merge"),
    path("cases/<big:pk>/unmerge/", merging.case_unmerge, name="case_unmerge"),
    path("cases/<big:pk>/merges/", merging.case_merges, name="case_merges"),
    path("cases/<big:pk>/split/", merging.case_split, name="case_split"),
    path("cases/<big:pk>/incident/", merging.case_incident, name="case_incident"),
    path("cases/<big:pk>/surveys/", satisfaction.case_surveys, name="case_surveys"),
    path("satisfaction/<slug:token>/", satisfaction.survey_answer, name="survey_answer"),
    path("support/reports/", satisfaction.support_report, name="reports"),
    path("support/satisfaction/", satisfaction.satisfaction_report, name="satisfaction"),
    path("support/satisfaction/answers/", satisfaction.satisfaction_answers, name="satisfaction_answers"),
]
