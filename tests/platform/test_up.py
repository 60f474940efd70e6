"""One real start: everything answers, nothing has root's rights, whatever is killed comes back, the end is clean."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from crm_site.launcher import places, processes, services
from crm_site.launcher.console import tail
from tests.conftest import ROOT

PORT = 18000


@pytest.fixture
def site(state):
    """A running site without demo data; yields (its place, its address, the launcher)."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("KITH_", "DJANGO_"))}
    env |= {"KITH_STATE": str(state)}
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
        env.pop(name, None)
    command = [sys.executable, "manage.py", "up", "--port", str(PORT), "--no-demo"]
    launcher = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = []
    for line in launcher.stdout:
        said.append(line)
        if "Kith is running at" in line:
            break
    assert launcher.poll() is None, "".join(said)
    address = next(word for word in said[-1].split() if word.startswith("http://"))
    yield places.find(ROOT), address, launcher
    launcher.send_signal(signal.SIGTERM)
    launcher.communicate(timeout=90)


def _ready(address):
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)
    except OSError:
        return {"web": "does not answer"}


def _wait_until_ready(place, address, after, patience=120):
    deadline = time.monotonic() + patience
    while set((parts := _ready(address)).values()) != {"ok"}:
        assert time.monotonic() < deadline, f"{patience} s after {after}: {parts}\n{_last_words(place)}"
        time.sleep(0.3)


def _last_words(place):
    """The end of each log, for the message of a failure."""
    return "\n".join(f"--- {log.name}\n{tail(log)}" for log in sorted((place.state / "log").glob("*.log")))


def _children(place):
    return {name: pid for name, (pid, _) in json.loads((place.state / "run" / "children.json").read_text()).items()}


@pytest.mark.slow
def test_a_real_start_survives_kill_9_of_every_part(site):
    """R27 to R29 on the whole: web, worker, beat, broker and database one after the other."""
    place, address, launcher = site
    _wait_until_ready(place, address, "the start")
    pids = _children(place) | {name: services.running_pid(place, name) for name in ("valkey", "postgres")}
    assert set(pids) == {"web", "worker", "beat", "valkey", "postgres"}
    for pid in pids.values():
        assert os.geteuid() != 0 or Path(f"/proc/{pid}").stat().st_uid == place.uid != 0
    for name, pid in pids.items():
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)
        _wait_until_ready(place, address, f"the end of {name}")
        now = _children(place).get(name) or services.running_pid(place, name)
        assert now != pid
    pids = _children(place) | {name: services.running_pid(place, name) for name in ("valkey", "postgres")}
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(90) == 0
    assert [name for name, pid in pids.items() if processes.start_time(pid) is not None] == []
