"""The addresses of deals."""

from crm_site.core.routes import record_urls
from sales.kinds.opportunity import OPPORTUNITIES

OPPORTUNITY_URLS = [*record_urls(OPPORTUNITIES)]
