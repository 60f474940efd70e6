"""The launcher's decisions: which port, which folder, whose process, whose setting."""

import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from crm_site.launcher import commands, packages, places, processes, services, serving
from crm_site.launcher.console import Trouble
from tests.conftest import ROOT


def test_a_second_copy_is_refused_in_one_sentence(place, capfd):
    """The lock of the first copy is held by another process, as it would be."""
    lock = place.state / "run" / "up.lock"
    with places.locked(lock, wait=False) as ours:
        assert ours is not None
        assert commands.main(ROOT, ["up"]) == 1
    said = capfd.readouterr().err.strip()
    assert said.startswith("Kith is already running from")
    assert "\n" not in said


def test_a_lock_ends_with_the_process_that_held_it(place):
    """kill -9 leaves no lock behind."""
    lock = place.state / "run" / "up.lock"
    script = (
        f"import fcntl, time; file = open({str(lock)!r}, 'w'); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print(1, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    holder.stdout.readline()
    with places.locked(lock, wait=False) as held:
        assert held is None
    holder.kill()
    holder.wait()
    with places.locked(lock, wait=False) as held:
        assert held is not None


def test_a_port_in_use_is_passed_over_and_told(capsys):
    """The next free port is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        first = taken.getsockname()[1]
        found = serving._free_port("127.0.0.1", first)
    assert found > first
    assert f"Port {first} is in use" in capsys.readouterr().out


def test_a_state_directory_too_long_for_a_socket_is_named(monkeypatch, tmp_path):
    """A sentence instead of PostgreSQL's own error."""
    monkeypatch.setenv("KITH_STATE", "/tmp/" + "x" * 100)
    with pytest.raises(Trouble, match="too long for a socket"):
        places.find(ROOT)


def test_a_state_directory_without_its_place_is_named(monkeypatch):
    """Where a relative one lies would depend on where the command was typed."""
    monkeypatch.setenv("KITH_STATE", "state")
    with pytest.raises(Trouble, match="not an absolute path; for example"):
        places.find(ROOT)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up rights")
def test_a_state_directory_that_the_account_cannot_reach_is_refused(monkeypatch, tmp_path):
    """Nobody's folder is opened up for it: the rights stay as they were."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("KITH_STATE", str(closed / "state"))
    with pytest.raises(Trouble, match="cannot reach"):
        places.find(ROOT)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert list(closed.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up rights")
def test_code_out_of_reach_is_copied_and_the_checkout_left_closed(place, tmp_path):
    """A checkout below a private home runs from a copy that lacks the repository and the environment."""
    checkout = tmp_path / "kith"
    for name in ("crm_site", ".git", "node_modules"):
        (checkout / name).mkdir(parents=True)
        (checkout / name / "environment.py").write_text("x = 1")
    (checkout / "manage.py").write_text("")
    tmp_path.chmod(0o700)
    private = places.Place(checkout, place.state, place.uid, place.gid)
    copy = places.code(private)
    assert copy == place.state / "code"
    assert sorted(entry.name for entry in copy.iterdir()) == ["crm_site", "manage.py"]
    assert places.reachable(place, copy / "crm_site" / "environment.py")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_everything_in_the_state_directory_is_private(place):
    """The key and the folders are closed to others, and the key stays the same."""
    key = serving._secret_key(place)
    assert serving._secret_key(place) == key
    assert len(key) >= 50
    assert stat.S_IMODE((place.state / "secret-key").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.state.stat().st_mode) == 0o700


def test_addresses_of_the_environment_replace_the_embedded_services(place, monkeypatch):
    """What is named is used and its embedded twin is not started."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example.com/crm")
    assert services.wanted() == ["valkey"]
    assert services.addresses(place)["DATABASE_URL"] == "postgresql://db.example.com/crm"
    assert serving.settings(place, "127.0.0.1", 8000)["DATABASE_URL"] == "postgresql://db.example.com/crm"


def test_a_missing_venv_module_is_one_line_with_the_remedy(place, tmp_path, monkeypatch):
    """Debian without python3-venv."""
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(packages, "_working_uv", lambda: None)
    with pytest.raises(Trouble) as trouble:
        packages.environment(place, tmp_path / "venv", python, packages.RUNTIME)
    assert "apt-get install python3-venv" in str(trouble.value)
    assert "\n" not in str(trouble.value)


def test_an_environment_with_the_same_locks_is_left_alone(place, tmp_path, monkeypatch):
    """A second start installs nothing; a changed lock installs again."""
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    calls = []
    monkeypatch.setattr(packages, "_install", lambda *arguments: calls.append(arguments))
    packages.environment(place, folder, sys.executable, packages.RUNTIME)
    packages.environment(place, folder, sys.executable, packages.RUNTIME)
    assert len(calls) == 1
    packages.environment(place, folder, sys.executable, packages.DEVELOPMENT)
    assert len(calls) == 2


def test_a_stranger_with_a_remembered_number_is_left_alone(place):
    """A process id is used again by the kernel; the start time tells them apart."""
    stranger = subprocess.Popen(["sleep", "60"])
    began = processes.start_time(stranger.pid)
    remembered = place.state / "run" / "children.json"
    places.write_private(place, remembered, f'{{"web": [{stranger.pid}, {began - 1}]}}')
    serving._end_leftovers(place)
    assert stranger.poll() is None
    places.write_private(place, remembered, f'{{"web": [{stranger.pid}, {began}]}}')
    serving._end_leftovers(place)
    assert stranger.wait(5) == -15


def test_a_process_that_does_not_listen_is_killed():
    """A deaf child does not hold up the end."""
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    deaf = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    deaf.stdout.readline()
    processes.end(deaf.pid, politely=15, patience=0.3)
    assert deaf.wait(5) == -9


def test_children_die_with_a_killed_launcher(place, tmp_path):
    """The kernel tells the child, so that kill -9 of the launcher leaves nothing that serves."""
    script = (
        "import os, signal, sys, time; from pathlib import Path; from crm_site.launcher import places, processes\n"
        f"place = places.find(Path({str(ROOT)!r}))\n"
        "log = place.state / 'log' / 'x.log'\n"
        "child = processes.start(place, ['sleep', '60'], log=log, dies_with_us=signal.SIGTERM)\n"
        "print(child.pid, flush=True); time.sleep(60)\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    child = int(launcher.stdout.readline())
    assert processes.start_time(child) is not None
    assert os.geteuid() != 0 or Path(f"/proc/{child}").stat().st_uid == place.uid != 0
    launcher.kill()
    launcher.wait()
    deadline = time.monotonic() + 5
    while processes.start_time(child) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes.start_time(child) is None


def test_a_dying_process_is_started_again_with_growing_pauses(place, capsys):
    """At once the first time; one that keeps dying does not take the machine."""
    child = serving.Child("web", ["true"])
    serving._start(place, child, ROOT, None)
    child.process.wait()
    serving._look_after(place, child, ROOT, None)
    assert child.process is not None
    child.process.wait()
    serving._look_after(place, child, ROOT, None)
    assert child.process is None
    assert child.again_at > time.monotonic()
    assert capsys.readouterr().out.count("web has ended (code 0) and is started again") == 2


def test_an_unknown_address_of_this_machine_is_named():
    """--host with somebody else's address."""
    with pytest.raises(Trouble, match=r"no address 192\.0\.2\.1"):
        serving._free_port("192.0.2.1", 8000)


@pytest.mark.parametrize(("host", "port", "why"), [("127.0.0.1", 0, "no port 0"), ("192.0.2.1", 8000, "no address")])
def test_an_address_that_cannot_be_is_told_before_anything_is_made(place, host, port, why):
    """Not after a minute of preparation."""
    with pytest.raises(Trouble, match=why):
        serving.run(place, SimpleNamespace(host=host, port=port, no_demo=True))
    assert not (place.state / "secret-key").exists()
