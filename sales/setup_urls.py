"""The addresses of what is set up around leads: assignment, scores, web forms."""

from django.urls import path

from sales.views import assignment, webforms

SETUP_URLS = [
    path("leads/assignment/", assignment.assignment_rules, name="assignment_rules"),
    path("leads/assignment/new/", assignment.assignment_rule, name="assignment_new"),
    path("leads/assignment/<big:pk>/", assignment.assignment_rule, name="assignment_rule"),
    path("leads/assignment/<big:pk>/move/", assignment.assignment_move, name="assignment_move"),
    path("leads/<big:pk>/decisions/", assignment.lead_decisions, name="lead_decisions"),
    path("leads/<big:pk>/score/", assignment.lead_score, name="lead_score"),
    path("leads/forms/", webforms.webform_list, name="webform_list"),
    path("leads/forms/new/", webforms.webform_edit, name="webform_new"),
    path("leads/forms/<big:pk>/", webforms.webform_edit, name="webform_edit"),
    path("leads/forms/<big:pk>/preview/", webforms.webform_preview, name="webform_preview"),
    path("forms/<uuid:key>/", webforms.webform_public, name="webform_public"),
]
