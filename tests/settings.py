"""The site's settings, made quick and kept apart for one run of the tests.

`manage.py test` gives each run its own number: two runs on one server meet neither in the database nor in the broker.
"""

import os
import tempfile

_run = os.environ.get("KITH_TEST_RUN", str(os.getpid()))
os.environ["KITH_BROKER_PREFIX"] = f"test-{_run}:"

from crm_site.settings import *  # noqa: E402, F403 - the prefix must be known before Celery reads it
from crm_site.settings import DATABASES, INSTALLED_APPS, LOGGING, STORAGES  # noqa: E402

DATABASES["default"]["TEST"] = {
    "NAME": f"test_kith_{_run}",
    "TEMPLATE": os.environ.get("KITH_TEST_TEMPLATE") or None,
}
DATABASES["default"]["CONN_MAX_AGE"] = 0
# No test pulls the plug of the server: a commit need not wait for the disk.
DATABASES["default"]["OPTIONS"]["options"] += " -c synchronous_commit=off"
INSTALLED_APPS = [*INSTALLED_APPS, "tests.shipped"]  # its `flush`
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = tempfile.mkdtemp(prefix="kith-test-files-")
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "tests.storage.StaticFiles"}}
# A line for each request and each missing page, written three times, would be a thirtieth of the run.
LOGGING = LOGGING | {"root": {"handlers": ["console"], "level": "ERROR"}, "loggers": {"django": {"level": "ERROR"}}}
