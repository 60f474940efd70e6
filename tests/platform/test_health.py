"""What the health pages say when a part is missing."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.utils import timezone

from crm_site import celery, health, tasks
from crm_site.core.models import Heartbeat


def test_healthz_asks_nobody(client, django_assert_num_queries, db):
    """No query, so that a slow database does not get the process killed."""
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"process": "ok"}


def test_ready_when_all_parts_work(client, db):
    """A fresh tick proves beat, broker and worker."""
    tasks.tick()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert set(response.json().values()) == {"ok"}


@pytest.mark.parametrize("age", [61, 3600])
def test_an_old_tick_is_named(client, db, age):
    """Worker or beat has stopped."""
    Heartbeat.objects.create(name="beat", at=timezone.now() - timedelta(seconds=age))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["beat"] == f"last tick {age} seconds ago"


def test_no_tick_yet_is_named(client, db):
    """Right after the first start."""
    assert client.get("/readyz").json()["beat"].startswith("no tick yet")


def test_a_worker_that_takes_nothing_is_named(client, db):
    """What beat sent waits at the broker; beat itself is well."""
    conf = celery.app.conf
    queue = conf.broker_transport_options["global_keyprefix"] + conf.task_default_queue
    with health._server() as server:
        server.rpush(queue, "one", "two")
        response = client.get("/readyz")
        server.delete(queue)
    assert response.status_code == 503
    assert (response.json()["worker"], response.json()["beat"]) == ("takes no tasks, 2 wait", "ok")


def test_a_dead_broker_is_named_quickly(client, db, settings):
    """The other parts are still told."""
    settings.REDIS_URL = "unix:///nonexistent/valkey.sock"
    tasks.tick()
    response = client.get("/readyz")
    assert response.status_code == 503
    parts = {"database": "ok", "migrations": "ok", "worker": "ok", "beat": "ok", "broker": "does not answer"}
    assert response.json() == parts


def test_a_dead_database_is_named_and_503(monkeypatch):
    """Never a 500, and nothing that needs the database is asked."""

    def no_cursor():
        raise OperationalError("down")

    monkeypatch.setattr(health, "connection", SimpleNamespace(cursor=no_cursor))
    parts = health.readyz(RequestFactory().get("/readyz"))
    assert parts.status_code == 503
    assert b'"database": "does not answer"' in parts.content
    assert b"migrations" not in parts.content


def test_waiting_migrations_are_named(client, db, monkeypatch):
    """A new version whose migrations have not run."""
    known = health._of_this_code()
    monkeypatch.setattr(health, "_of_this_code", lambda: known | {("core", "one"), ("core", "two")})
    assert client.get("/readyz").json()["migrations"] == "2 not applied"


def test_celery_loses_nothing_and_waits_for_nobody():
    """The settings that RELIABILITY measured (R27, R28): late acknowledgement, short waits, no results."""
    conf = celery.app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.task_ignore_result
    assert conf.result_backend is None
    assert conf.task_publish_retry_policy == {"max_retries": 0}
    assert conf.broker_transport_options["socket_connect_timeout"] <= 1


def test_every_scheduled_task_exists():
    """A misspelled name would only show in a worker's log."""
    celery.app.loader.import_default_modules()
    for entry in celery.app.conf.beat_schedule.values():
        assert entry["task"] in celery.app.tasks
