"""gunicorn's settings: `gunicorn crm_site.wsgi -c python:crm_site.web -b ADDRESS`."""

import gc
import os

from crm_site import logs

worker_class = "gthread"
workers = int(os.environ.get("KITH_WEB_PROCESSES", "2"))
threads = int(os.environ.get("KITH_WEB_THREADS", "4"))
timeout = 60
graceful_timeout = 15
keepalive = 5
# The code is read once and then shared: a worker starts in a moment, also when it is replaced.
preload_app = True
max_requests = 20000
max_requests_jitter = 2000
control_socket_disable = True
# A heartbeat file on a slow disk would make a healthy worker look frozen.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - gunicorn makes a private file there
accesslog = None
logconfig_dict = logs.LOGGING
# Looking for cycles among the hundreds of thousands of objects that reading the code makes takes an eighth of a start.
gc.disable()


def pre_fork(server, worker):
    """Put what was read aside, so that no worker ever looks through it, which would copy its memory."""
    gc.freeze()


def post_fork(server, worker):
    """A worker collects its own garbage: little is left of a page, so it looks for it every few pages."""
    gc.set_threshold(20_000, 20, 50)
    gc.enable()
