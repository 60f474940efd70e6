"""The running site: prepared step by step, then web, worker and beat watched until it is told to stop."""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crm_site.launcher import packages, places, processes, services
from crm_site.launcher.console import Trouble, say, tail

PORTS_TO_TRY = 50
LOG_LIMIT = 10_000_000
PRIVATE_VARIABLES = {
    "HOME",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PYTHONHOME",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
}


@dataclass
class Child:
    """One process of the running site, and how often it died lately."""

    name: str
    command: list
    process: subprocess.Popen | None = None
    began: float = 0.0
    deaths: int = 0
    again_at: float = field(default=0.0)


def run(place, options):
    """Prepare, start and watch the site until a signal ends it; returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # until something serves, any signal ends the preparation
    port = _free_port(options.host, options.port)
    folder, python = _environment(place)
    code = places.code(place)
    packages.front_end(place, code, folder)
    _turn_logs(place)
    _end_leftovers(place)
    with services.borrowed(place, folder, supervised=True) as started:
        say(f"Database and broker are ready ({', '.join(services.wanted()) or 'at the addresses given'})")
        env = _process_environment(place, code, settings(place, options.host, port))
        _prepare(place, code, python, env, options)
        stop = _listen_for_signals()
        # Looked for again: during a long preparation another copy might have taken it.
        port = _free_port(options.host, port)
        env = _process_environment(place, code, settings(place, options.host, port))
        children = [Child(name, command) for name, command in _commands(place, python, options.host, port).items()]
        try:
            # The web process alone first: on a small machine three starts at once make people wait for the slowest.
            _start(place, children[0], code, env)
            _wait_until_serving(children[0], _address(options.host, port), place, stop)
            if not stop:
                _tell(place, _address(options.host, port))
            _watch(place, folder, children, started, code, env, stop)
        finally:
            say("Stopping")
            _end_children(place, children)
    say("Stopped")
    return 0


def settings(place, host, port):
    """The settings of a site on this machine; what the environment already says wins."""
    names = ["localhost", "127.0.0.1", "[::1]"]
    if host not in {"localhost", "127.0.0.1", "::1"}:
        names += [socket.gethostname(), *([host] if host != "0.0.0.0" else _own_addresses())]  # noqa: S104 - compared
    ours = {
        **services.addresses(place),
        "DJANGO_SETTINGS_MODULE": "crm_site.settings",
        "SECRET_KEY": _secret_key(place),
        "KITH_STATE": str(place.state),
        "KITH_STATIC_ROOT": str(place.state / "static"),
        "KITH_MEDIA_ROOT": str(place.state / "media"),
        "KITH_BASE_URL": _address(host, port),
        "KITH_ALLOWED_HOSTS": ",".join(names),
        "KITH_INSECURE_COOKIES": "1",
    }
    return {name: os.environ.get(name) or value for name, value in ours.items()}


def _environment(place):
    """The environment that the site's processes use: the checkout's, or one of its own where that cannot be reached."""
    folder = place.root / ".venv"
    ours = folder / "bin" / "python"
    reachable = places.reachable(place, place.root)
    if reachable and (places.runs(place, ours) if ours.exists() else os.access(place.root, os.W_OK)):
        python = Path(os.path.realpath(ours)) if ours.exists() else places.interpreter(place)
    else:
        folder, python = place.state / "venv", places.interpreter(place)
    made = packages.environment(place, folder, python, packages.RUNTIME)
    say("Python packages are ready")
    return folder, made


def _process_environment(place, code, ours):
    """What web, worker and beat find in their environment; nothing of root's home."""
    env = {name: value for name, value in os.environ.items() if not (place.account and name in PRIVATE_VARIABLES)}
    if place.account:
        env["HOME"] = str(place.state)
    compiled = {"PYTHONPYCACHEPREFIX": str(place.state / "pycache"), "PYTHONDONTWRITEBYTECODE": ""}
    return env | ours | compiled | {"PYTHONPATH": str(code)}


def _prepare(place, code, python, env, options):
    """Check the servers' versions, migrate when needed, collect static files, load the demo company once."""
    done = _call(place, code, env, [python, "-m", "crm_site.environment"])
    if done.returncode:
        raise Trouble(done.stderr.strip())
    if len(services.wanted()) < 2:
        _manage(place, code, env, [python, "-m", "crm_site.servers"], "The settings were refused")
        _notice_new(place, code, env, python)
    manage = [python, code / "manage.py"]
    fresh = place.state / "stamps" / "new-database"
    with _static_files(place, code, env, manage):
        _migrate(place, code, env, manage)
    if fresh.exists():
        if not options.no_demo and next(code.glob("*/management/commands/demo.py"), None):
            say("Loading the demo company")
            _manage(place, code, env, [*manage, "demo"], "The demo company could not be loaded")
            say("Demo company loaded")
        else:
            say("The database is empty: `python3 manage.py createsuperuser` makes the first administrator")
        fresh.unlink()


def _notice_new(place, code, env, python):
    """Remember a database of somebody else's that holds nothing yet: it is begun like one of our own."""
    if _call(place, code, env, [python, "-m", "crm_site.servers", "--is-new"]).returncode == 0:
        places.write_private(place, place.state / "stamps" / "new-database", "")


def _migrate(place, code, env, manage):
    """Apply what is missing. Our own database is only asked when the migrations differ from those applied last."""
    stamp = place.state / "stamps" / "migrations"
    now = packages.migrations(code)
    if "postgres" in services.wanted() and stamp.exists() and stamp.read_text() == now:
        return
    _manage(place, code, env, [*manage, "migrate", "--noinput"], "The migrations failed")
    places.write_private(place, stamp, now)
    say("Database migrated")


@contextmanager
def _static_files(place, code, env, manage):
    """Collect the static files beside the work of the block, when something about them has changed."""
    stamp = place.state / "stamps" / "static"
    sources = ("package-lock.json", "requirements.txt", "crm_site/assets.py", "static")
    now = packages.fingerprint(*(code / source for source in sources))
    if stamp.exists() and stamp.read_text() == now:
        yield
        return
    log = place.state / "log" / "static.log"
    log.unlink(missing_ok=True)
    command = [*manage, "collectstatic", "--noinput", "--clear"]
    collecting = processes.start(place, command, log=log, env=env, cwd=code, dies_with_us=signal.SIGTERM)
    try:
        yield
        if collecting.wait():
            raise Trouble(f"The static files could not be collected:\n{tail(log)}")
    finally:
        collecting.kill()
        collecting.wait()
    places.write_private(place, stamp, now)
    say("Static files collected")


def _commands(place, python, host, port):
    """The command line of each process of the site."""
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    celery = [python, "-m", "celery", "--quiet", "-A", "crm_site.celery"]
    return {
        "web": [python, "-m", "gunicorn", "crm_site.wsgi", "-c", "python:crm_site.web", "-b", listen],
        "worker": [*celery, "worker", "-c", "2", "-l", "INFO", "--without-gossip", "--without-mingle"],
        "beat": [*celery, "beat", "-l", "INFO", "--pidfile=", "-S", "celery.beat:Scheduler"],
    }


def _start(place, child, code, env):
    log = place.state / "log" / f"{child.name}.log"
    child.process = processes.start(place, child.command, log=log, env=env, cwd=code, dies_with_us=signal.SIGTERM)
    child.began = time.monotonic()
    _remember(place, child)


def _watch(place, folder, children, started, code, env, stop):
    """Start again whatever dies, until a signal comes."""
    while not stop:
        for child in children:
            _look_after(place, child, code, env)
        for name in services.wanted():
            if not services.running_pid(place, name):
                say(f"{name} has ended and is started again")
                if name in started:
                    started[name].poll()
                started[name] = services.start(place, services.programs(place, folder), name, supervised=True)
        time.sleep(0.3)


def _look_after(place, child, code, env):
    """Start a dead process again, at once the first time and after a growing pause when it keeps dying."""
    if child.process is not None and child.process.poll() is not None:
        if time.monotonic() - child.began > 60:
            child.deaths = 0
        pause = min(30.0, 0.5 * 2**child.deaths) if child.deaths else 0.0
        child.deaths += 1
        child.again_at = time.monotonic() + pause
        say(f"{child.name} has ended (code {child.process.returncode}) and is started again, see log/{child.name}.log")
        if child.name == "web":
            processes.end_orphans(child.process.pid)
        child.process = None
    if child.process is None and time.monotonic() >= child.again_at:
        _start(place, child, code, env)


def _end_children(place, children):
    """Ask all at once, then wait for each; a worker may finish its job within the patience."""
    living = [child.process for child in children if child.process is not None and child.process.poll() is None]
    for process in living:
        process.terminate()
    for process in living:
        processes.end(process.pid, politely=signal.SIGTERM)
        process.wait()
    (place.state / "run" / "children.json").unlink(missing_ok=True)


def _remember(place, child):
    """Note a child's process id and start time, so that the next launcher can end it if this one is killed."""
    file = place.state / "run" / "children.json"
    known = _read_json(file, {})
    known[child.name] = [child.process.pid, processes.start_time(child.process.pid)]
    places.write_private(place, file, json.dumps(known))


def _end_leftovers(place):
    """End what a killed launcher left behind; a process that only has the same number is left alone."""
    file = place.state / "run" / "children.json"
    for name, (pid, began) in _read_json(file, {}).items():
        if began is not None and processes.start_time(pid) == began:
            say(f"Ending the {name} process of an earlier start")
            processes.end(pid, politely=signal.SIGTERM, patience=10)
    file.unlink(missing_ok=True)


def _wait_until_serving(web, address, place, stop, patience=120.0):
    """Wait until the web process answers; ends with its last words when it does not."""
    deadline = time.monotonic() + patience
    while not stop and time.monotonic() < deadline and web.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):  # noqa: S310 - our own address
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    if not stop:
        raise Trouble(f"The web process does not answer; its last words:\n{tail(place.state / 'log' / 'web.log')}")


def _tell(place, address):
    """Print where the site is and, for a demo company, how to sign in."""
    say(f"Kith is running at {address} (logs in {place.state / 'log'}, Ctrl-C stops it)")
    for person in _read_json(place.state / "demo-sign-ins.json", []):
        say(f"  {person['role']:<22} {person['email']:<34} {person['password']}")


def _manage(place, code, env, command, trouble):
    done = _call(place, code, env, command)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Trouble("\n".join([f"{trouble}:", *words[-12:]]))


def _call(place, code, env, command):
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, check=False, cwd=code, env=env, capture_output=True, text=True, **place.account)


def _free_port(host, first):
    """The first free port from `first` on."""
    if not 0 < first < 65536:
        raise Trouble(f"There is no port {first}: choose one from 1024 to 65535, for example --port 8000.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, min(first + PORTS_TO_TRY, 65536)):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except PermissionError:
                raise Trouble(f"Port {port} is reserved for root: choose one from 1024 on.") from None
            except OSError as error:
                if error.errno == 99:
                    raise Trouble(f"This machine has no address {host}.") from None
                continue
        if port != first:
            say(f"Port {first} is in use, so this copy takes {port}")
        return port
    raise Trouble(f"No free port from {first} on: choose another with --port.")


def _address(host, port):
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _own_addresses():
    try:
        return sorted({entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)})
    except OSError:
        return []


def _secret_key(place):
    """The key of this installation, made once."""
    file = place.state / "secret-key"
    if not file.exists():
        places.write_private(place, file, secrets.token_urlsafe(50))
    return file.read_text()


def _read_json(path, default):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return default


def _turn_logs(place):
    """Set a long log file aside; the one before is dropped."""
    for log in (place.state / "log").glob("*.log"):
        if log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))


def _listen_for_signals():
    """A list that is no longer empty once the launcher was told to end."""
    stop = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: stop.append(received))
    return stop
