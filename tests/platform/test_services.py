"""The embedded services: started and stopped by whoever borrows them, and nothing is lost by kill -9 (R27, R29)."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import redis

from crm_site.launcher import processes, services
from tests.platform.conftest import PACKAGES


def _psql(place, sql):
    command = [services.tool(place, PACKAGES, "psql"), services.addresses(place)["DATABASE_URL"], "-Atqc", sql]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _broker(place):
    return redis.Redis.from_url(services.addresses(place)["REDIS_URL"])


def test_acknowledged_rows_and_queued_tasks_survive_kill_9_of_both(place):
    """Also a stale pid file whose number now belongs to a stranger is no obstacle."""
    with services.borrowed(place, PACKAGES):
        _psql(place, "create table kept (n int); insert into kept select generate_series(1, 1000)")
        broker = _broker(place)
        for number in range(100):
            broker.lpush("queue", number)
        time.sleep(1.2)  # the broker promises what is a second old
        for name in ("postgres", "valkey"):
            os.kill(services.running_pid(place, name), signal.SIGKILL)
        deadline = time.monotonic() + 5
        while any(services.running_pid(place, name) for name in ("postgres", "valkey")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    stranger = subprocess.Popen(["sleep", "60"], **place.account)
    while processes.anybody_in((place.state / "postgres").resolve()):
        time.sleep(0.05)
    pid_file = place.state / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
    with services.borrowed(place, PACKAGES):
        assert _psql(place, "select count(*) from kept") == "1000"
        assert _broker(place).llen("queue") == 100
    stranger.kill()
    stranger.wait()


def test_the_last_borrower_stops_them(place):
    """Two commands at once share the services, whichever ends first."""
    first = services.borrowed(place, PACKAGES)
    second = services.borrowed(place, PACKAGES)
    assert set(first.__enter__()) == {"postgres", "valkey"}
    assert second.__enter__() == {}
    first.__exit__(None, None, None)
    assert services.running_pid(place, "postgres")
    assert _broker(place).ping()
    second.__exit__(None, None, None)
    assert services.running_pid(place, "postgres") is None
    assert services.running_pid(place, "valkey") is None


def test_an_interrupted_first_start_is_begun_again(place):
    """A half-made database folder is never taken for a database."""
    partial = place.state / "postgres.part"
    partial.mkdir()
    (partial / "PG_VERSION").write_text("18")
    with services.borrowed(place, PACKAGES):
        assert _psql(place, "show data_checksums") == "on"
        assert _psql(place, "show fsync") == "on"
        assert _psql(place, "show listen_addresses") == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up rights")
def test_no_service_runs_as_root(place):
    """Both run under the account of the place."""
    with services.borrowed(place, PACKAGES):
        for name in ("postgres", "valkey"):
            status = Path(f"/proc/{services.running_pid(place, name)}").stat()
            assert status.st_uid == place.uid != 0
