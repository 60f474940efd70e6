"""The addresses of deals."""

from django.urls import path

from crm_site.core.routes import bound, record_urls
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from marketing.kinds import CAMPAIGNS
from sales.kinds.opportunity import OPPORTUNITIES
from sales.views import board, deal_panels
from sales.views import opportunities as pages

VERBS = ("move", "win", "lose", "reopen", "reset")
PARTS = ("people", "competitors", "splits", "stages")
OPPORTUNITY_URLS = [
    path("opportunities/board/", board.opportunity_board, name="opportunity_board"),
    path("opportunities/board/heads/", board.opportunity_board_heads, name="opportunity_board_heads"),
    path("opportunities/board/<big:stage>/", board.opportunity_board_column, name="opportunity_board_column"),
    path("opportunities/calendar/", board.opportunity_calendar, name="opportunity_calendar"),
    *record_urls(OPPORTUNITIES, record=pages.opportunity_record),
    *(
        path(f"opportunities/<big:pk>/{verb}/", getattr(pages, f"opportunity_{verb}"), name=f"opportunity_{verb}")
        for verb in VERBS
    ),
    *(
        path(f"opportunities/<big:pk>/{part}/", getattr(deal_panels, f"opportunity_{part}"), name=f"opportunity_{part}")
        for part in PARTS
    ),
    *(
        path(
            f"opportunities/<big:pk>/{part}/edit/", deal_panels.opportunity_rows, {"part": part},
            name=f"opportunity_{part}_edit",
        )
        for part in PARTS[:3]
    ),
    *(
        path(f"{kind.slug}/<big:pk>/opportunities/", bound(deal_panels.party_opportunities, kind),
             name=f"{kind.noun}_opportunities")
        for kind in (ACCOUNTS, CONTACTS, CUSTOMERS, CAMPAIGNS)
    ),
    path(
        "opportunities/<big:pk>/unmove/<big:came_from>/<big:went_to>/", pages.opportunity_unmove,
        name="opportunity_unmove",
    ),
]  # fmt: skip
