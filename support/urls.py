"""The addresses of support/."""

from crm_site.core.routes import by_word
from support.case_urls import CASE_URLS
from support.clock_urls import CLOCK_URLS
from support.desk_urls import DESK_URLS
from support.knowledge_urls import KNOWLEDGE_URLS
from support.mail_urls import MAIL_URLS
from support.merge_urls import MERGE_URLS
from support.portal_urls import PORTAL_URLS

app_name = "support"
urlpatterns = by_word([
    *CASE_URLS, *CLOCK_URLS, *DESK_URLS, *KNOWLEDGE_URLS, *MAIL_URLS, *MERGE_URLS, *PORTAL_URLS,
])  # fmt: skip
