"""What each word after manage.py does."""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from crm_site.launcher import archive, packages, places, services, serving, testing
from crm_site.launcher.console import Trouble, whisper

# Django commands that need neither database nor broker.
WITHOUT_SERVICES = {
    "help",
    "version",
    "makemessages",
    "compilemessages",
    "startapp",
    "collectstatic",
    "findstatic",
    "--help",
}


def main(root, arguments):
    """Carry out one command line; returns the exit code."""
    ours = {"up": _up, "test": _test, "prepare": _prepare, "backup": _backup, "restore": _restore, "psql": _psql}
    word = arguments[0] if arguments else "help"
    try:
        if word in ours:
            return ours[word](root, arguments[1:])
        return _django(root, arguments or ["help"])
    except Trouble as trouble:
        whisper(str(trouble))
        return 1
    except KeyboardInterrupt:
        whisper("Stopped.")
        return 130


def _up(root, arguments):
    """Everything from a checkout to a running site."""
    parser = argparse.ArgumentParser(prog="manage.py up", description="Start Kith with everything it needs.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: only this machine)")
    parser.add_argument("--port", type=int, default=8000, help="the first port to try (default: 8000)")
    parser.add_argument("--no-demo", action="store_true", help="leave a new database empty")
    options = parser.parse_args(arguments)
    place = _place(root)
    with places.locked(place.state / "run" / "up.lock", wait=False) as alone:
        if not alone:
            raise Trouble(f"Kith is already running from {place.state}: stop that copy, or set another KITH_STATE.")
        return serving.run(place, options)


def _test(root, arguments):
    """The tests on the real PostgreSQL and broker; pytest has the last word."""
    place = _place(root)
    folder, python = _own_environment(place, packages.DEVELOPMENT)
    packages.front_end(place, root, folder)
    if not arguments:
        # One more than there are cores: browsers, brokers and killed servers are waited for.
        arguments = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal"]
    if not any(shutil.which(name) for name in ("chromium-headless-shell", "chromium")):
        whisper("No Chromium: browser tests are skipped (`apt-get install chromium-headless-shell` brings it).")
    with services.borrowed(place, folder):
        env = _settings(place) | {"DJANGO_SETTINGS_MODULE": "tests.settings", "KITH_TEST_RUN": str(os.getpid())}
        # Compiled code is kept, whatever the machine says: else each process of a run compiles all of it, for seconds.
        env |= {"PYTHONPYCACHEPREFIX": str(root / ".pytest_cache" / "code"), "PYTHONDONTWRITEBYTECODE": ""}
        testing.drop_left_over(place, folder)
        env["KITH_TEST_TEMPLATE"] = testing.template(place, folder, python, env) or ""
        return subprocess.run([python, "-m", "pytest", *arguments], check=False, cwd=root, env=env).returncode


def _prepare(root, arguments):
    """Everything that the tests and the tools need, and nothing started."""
    argparse.ArgumentParser(prog="manage.py prepare", description="Install what development needs.").parse_args(
        arguments
    )
    place = _place(root)
    folder, _ = _own_environment(place, packages.DEVELOPMENT)
    packages.front_end(place, root, folder)
    return 0


def _backup(root, arguments):
    """Database and files into one archive."""
    parser = argparse.ArgumentParser(prog="manage.py backup", description="Write database and files into one file.")
    parser.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    with _services_only(root) as (place, folder):
        archive.backup(place, folder, options.file.absolute())
    return 0


def _restore(root, arguments):
    """An archive back into the database and the media folder."""
    parser = argparse.ArgumentParser(prog="manage.py restore", description="Bring a backup back.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--overwrite", action="store_true", help="replace a database that is not empty")
    options = parser.parse_args(arguments)
    alone = places.locked(_place(root).state / "run" / "up.lock", wait=False)
    with alone as held, _services_only(root) as (place, folder):
        if not held:
            raise Trouble("Kith is running: stop it before restoring a backup.")
        archive.restore(place, folder, options.file.absolute(), overwrite=options.overwrite)
    return 0


def _psql(root, arguments):
    """A database prompt."""
    with _services_only(root) as (place, folder):
        psql = services.tool(place, folder, "psql")
        address = services.addresses(place)["DATABASE_URL"]
        return subprocess.run([psql, address, *arguments], check=False).returncode


def _django(root, arguments):
    """A Django command, with the services it needs."""
    if importlib.util.find_spec("django") is None:
        place = _place(root)
        _, python = _own_environment(place, packages.RUNTIME)
        os.execv(python, [str(python), str(root / "manage.py"), *arguments])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_site.settings")
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return _execute(arguments)
    place = _place(root)
    if arguments[0] in WITHOUT_SERVICES:
        os.environ.update(_settings(place))
        return _execute(arguments)
    with services.borrowed(place, Path(sys.prefix)):
        os.environ.update(_settings(place))
        try:
            return _execute(arguments)
        finally:
            places.give(place, place.state / "media")


def _execute(arguments):
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - Django may not be installed before

    execute_from_command_line(["manage.py", *arguments])
    return 0


@contextmanager
def _services_only(root):
    """The place and environment with the services running, for commands that need no Django."""
    place = _place(root)
    folder, _ = _own_environment(place, packages.RUNTIME)
    with services.borrowed(place, folder):
        yield place, folder


def _own_environment(place, locks):
    """The environment of whoever typed the command: the one that runs, or .venv in the checkout."""
    folder = place.root / ".venv"
    if importlib.util.find_spec("django") and not folder.exists():
        return Path(sys.prefix), Path(sys.executable)
    if not os.access(place.root, os.W_OK) and not folder.exists():
        folder = place.state / "venv"
    return folder, packages.environment(place, folder, Path(sys.executable), locks)


def _settings(place):
    """The environment of a Django process on this machine that is not served to anybody."""
    return os.environ | serving.settings(place, "127.0.0.1", 8000)


def _place(root):
    if os.geteuid() == 0:
        os.umask(0o022)
    return places.find(root)
