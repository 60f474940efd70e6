"""The addresses of deals."""

from django.urls import path

from crm_site.core.routes import record_urls
from sales.kinds.opportunity import OPPORTUNITIES
from sales.views import opportunities

VERBS = ("move", "win", "lose", "reopen", "reset")
OPPORTUNITY_URLS = [
    *record_urls(OPPORTUNITIES, record=opportunities.opportunity_record),
    *(
        path(f"opportunities/<big:pk>/{verb}/", getattr(opportunities, f"opportunity_{verb}"), name=f"opportunity_{verb}")
        for verb in VERBS
    ),
    path(
        "opportunities/<big:pk>/unmove/<big:came_from>/<big:went_to>/", opportunities.opportunity_unmove,
        name="opportunity_unmove",
    ),
]  # fmt: skip
