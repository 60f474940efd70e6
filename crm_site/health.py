"""Whether this process lives (/healthz) and whether the whole site can do its work (/readyz)."""

import contextlib
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm_site.core.later import Later
from crm_site.core.models import Heartbeat

celery, redis = Later("crm_site.celery"), Later("redis")

TICK_LIMIT = timedelta(seconds=60)
OK = "ok"


@require_safe
@never_cache
def healthz(request):
    """200 as long as this process answers; asks nobody else."""
    return JsonResponse({"process": OK})


@require_safe
@never_cache
def readyz(request):
    """200 when all parts work, else 503; each part is named with "ok" or what is wrong with it."""
    parts = {"database": _database()}
    if parts["database"] == OK:
        parts |= {"migrations": _migrations()} | _clock()
    parts |= {"broker": _broker()}
    ready = all(answer == OK for answer in parts.values())
    return JsonResponse(parts, status=200 if ready else 503)


def _database():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "does not answer"
    return OK


def _migrations():
    waiting = _of_this_code() - set(MigrationRecorder(connection).applied_migrations())
    return f"{len(waiting)} not applied" if waiting else OK


@cache
def _of_this_code():
    """(app, name) of each migration; read once, since to read them all takes a busy machine seconds."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


def _clock():
    """Beat and worker. A tick is sent by beat and written by a worker: a fresh one proves both.

    Where none came, tasks that wait at the broker tell that beat sent them and no worker took them.
    """
    late = _late_tick()
    waiting = _waiting() if late else 0
    return {"worker": f"takes no tasks, {waiting} wait" if waiting else OK, "beat": OK if waiting else late or OK}


def _late_tick():
    """What is wrong with the last tick, or an empty text."""
    with contextlib.suppress(Error):
        last = Heartbeat.objects.filter(pk="beat").values_list("at", flat=True).first()
        if last is None:
            return "no tick yet from beat and worker"
        age = timezone.now() - last
        return "" if age < TICK_LIMIT else f"last tick {int(age.total_seconds())} seconds ago"
    return "cannot be read"


def _waiting():
    """How many tasks wait for a worker; 0 when the broker does not say."""
    conf = celery.app.conf
    queue = conf.broker_transport_options["global_keyprefix"] + conf.task_default_queue
    with contextlib.suppress(redis.RedisError, OSError), _server() as server:
        return server.llen(queue)
    return 0


def _server():
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def _broker():
    try:
        with _server() as server:
            server.ping()
    except (redis.RedisError, OSError):
        return "does not answer"
    return OK
