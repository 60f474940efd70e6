"""How long a newcomer waits: from a fresh clone to the sign-in, a second start, a fresh database, a whole other system.

`python -m tests.benchmarks.starting` makes what it needs beside the database of DATABASE_URL, takes it away again, and
prints one JSON object; all figures are seconds. The import is left out where KITH_DATA holds no export of Zoho.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("KITH_DATA", ROOT.parent / "shared" / "data"))
NAME = "bench_fresh"
OWN = ("DATABASE_URL", "REDIS_URL", "KITH_STATE", "VIRTUAL_ENV", "PYTHONPYCACHEPREFIX")


def free_port():
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_up(clone, state):
    """Seconds from `manage.py up` to the first page; it is stopped again."""
    port = free_port()
    env = {key: value for key, value in os.environ.items() if key not in OWN and not key.startswith("KITH_")}
    command = ["/usr/bin/env", "python3", "manage.py", "up", "--port", str(port)]
    began = time.monotonic()
    with (state.parent / "up.log").open("w") as log:
        process = subprocess.Popen(command, cwd=clone, env=env | {"KITH_STATE": str(state)}, stdout=log, stderr=log)
        try:
            if not answered(f"http://127.0.0.1:{port}/auth/login/", process):
                sys.exit((state.parent / "up.log").read_text()[-2000:])
            return time.monotonic() - began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def answered(address, process):
    """Wait until a page answers; False when the process ends before."""
    while process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=30).read()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def starts():
    """A first start from a clone with nothing beside it, and a second one."""
    with tempfile.TemporaryDirectory() as place:
        # Started by root, the services run under an account of their own, which has to get through.
        Path(place).chmod(0o755)
        clone, state = Path(place) / "kith", Path(place) / "state"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        return {"cold s": start_up(clone, state), "warm s": start_up(clone, state)}


def timed(*arguments, env):
    """Seconds that a command of manage.py takes."""
    began = time.monotonic()
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    # An export has rows that cannot be had; the command says so and ends with 1.
    if done.returncode not in (0, 1):
        sys.exit(done.stderr[-2000:])
    return time.monotonic() - began, done.stdout


def fresh():
    """A fresh database migrated, and everything of another system brought into it."""
    address = os.environ["DATABASE_URL"]
    parts = urlsplit(address)
    env = os.environ | {
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{NAME}")), "DJANGO_SETTINGS_MODULE": "crm_site.settings",
    }  # fmt: skip
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME}")
        connection.execute(f"CREATE DATABASE {NAME}")
        try:
            found = {"migrate s": timed("migrate", "-v0", env=env)[0]}
            folder = next(iter(sorted(path.parent for path in DATA.glob("crm/*/Potentials.csv"))), None)
            if folder:
                timed("createsuperuser", "--noinput", "--email", "admin@example.test",
                      env=env | {"DJANGO_SUPERUSER_PASSWORD": "benchmark-password-1"})  # fmt: skip
                found["import s"], said = timed("import_data", str(folder), "--system", "zoho", env=env)
                found["rows"] = sum(len(path.read_bytes().splitlines()) - 1 for path in folder.glob("*.csv"))
                found["said"] = said.splitlines()[-1:]
            return found
        finally:
            connection.execute(f"DROP DATABASE {NAME}")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(starts() | fresh()) + "\n")
