"""The site's settings with one more layer outside: it counts the statements of a request."""

from crm_site.settings import *  # noqa: F403
from crm_site.settings import MIDDLEWARE

MIDDLEWARE = ["tests.benchmarks.counting.statements", *MIDDLEWARE]
ACCOUNT_RATE_LIMITS = False
