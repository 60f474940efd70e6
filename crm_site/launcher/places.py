"""Where things are: the state directory, the account that runs everything, the code and the environment it uses.

Nothing that serves runs as root. When root starts Kith, an account without rights does the work; what
that account cannot reach (a checkout or a Python below /root) is copied to the state directory.
Nobody's home directory is opened up.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crm_site.launcher.console import Trouble

ACCOUNT = "kith"
SHARED_STATE = Path("/var/lib/kith")
# A unix socket's path has room for 107 characters; PostgreSQL adds "/run/.s.PGSQL.5432" to the state directory.
LONGEST_STATE_PATH = 85
FOLDERS = ("run", "log", "stamps", "postgres", "valkey", "media", "mail", "static", "pycache")


@dataclass(frozen=True)
class Place:
    """One installation: its checkout, its state directory and the account that its processes run under."""

    root: Path
    state: Path
    uid: int
    gid: int

    @property
    def account(self):
        """Arguments for subprocess that take root's rights away; none are needed for anybody else."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}


def find(root):
    """The place of this checkout, its state directory made and owned by the account that will use it."""
    named = os.environ.get("KITH_STATE", "").strip()
    state = Path(named or root / "var")
    if not state.is_absolute():
        raise Trouble(f"KITH_STATE is {named!r}, not an absolute path; for example KITH_STATE={SHARED_STATE}")
    if os.geteuid() != 0:
        place = Place(root, state, os.geteuid(), os.getegid())
    else:
        account = _account(state)
        place = Place(root, state, account.pw_uid, account.pw_gid)
        if not reachable(place, _nearest(state)):
            if named:
                raise Trouble(f"The account {account.pw_name!r} cannot reach {state}: choose another KITH_STATE.")
            place = Place(root, SHARED_STATE, account.pw_uid, account.pw_gid)
    if len(str(place.state)) > LONGEST_STATE_PATH:
        raise Trouble(f"The path {place.state} is too long for a socket: set KITH_STATE to a shorter one.")
    _make_folders(place)
    return place


def reachable(place, *paths):
    """Whether the account may read all these files and enter these folders."""
    for path in paths:
        command = ["/usr/bin/test", "-r", str(path)]
        if Path(path).is_dir():
            command += ["-a", "-x", str(path)]
        if subprocess.run(command, check=False, cwd="/", **place.account).returncode:
            return False
    return True


def runs(place, python):
    """Whether the account can run this Python, and it is new enough."""
    probe = [str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    try:
        return subprocess.run(probe, check=False, cwd="/", capture_output=True, **place.account).returncode == 0
    except OSError:
        return False


def interpreter(place):
    """A Python for the environment of the running site: this one, or the system's when the account cannot reach it."""
    for python in (getattr(sys, "_base_executable", sys.executable), "/usr/bin/python3"):
        if runs(place, python):
            return Path(python)
    raise Trouble("No Python 3.11 or newer that an account without rights can reach: install python3 and python3-venv.")


def code(place):
    """The folder the site's processes run in: the checkout, or a fresh copy when the account cannot reach it."""
    if reachable(place, place.root, place.root / "manage.py", place.root / "crm_site" / "environment.py"):
        return place.root
    copy = place.state / "code"
    copy.mkdir(exist_ok=True)
    for old in copy.iterdir():
        if old.name != "node_modules":
            _remove(old)
    for entry in place.root.iterdir():
        if entry.name in {".git", ".venv", "node_modules", "var"} or entry.name.endswith("_cache"):
            continue
        if entry.is_dir():
            shutil.copytree(entry, copy / entry.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(entry, copy / entry.name)
    open_to_read(copy)
    return copy


def open_to_read(folder):
    """Let every account read what lies in a folder of ours (the state directory above it stays closed)."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o444)


def give(place, path):
    """Make the account the owner of a file or folder with all its contents."""
    if os.geteuid() != 0:
        return
    os.chown(path, place.uid, place.gid, follow_symlinks=False)
    for parent, folders, files in os.walk(path):
        for name in folders + files:
            os.chown(Path(parent, name), place.uid, place.gid, follow_symlinks=False)


@contextmanager
def locked(path, *, shared=False, wait=True):
    """Hold a lock file and yield its descriptor; yields None at once when it is taken and `wait` is off.

    The kernel gives the lock up when the process dies, however it dies.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)


def write_private(place, path, text):
    """Write a file that only the account may read; complete or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    give(place, partial)
    partial.replace(path)


def _account(state):
    """Who does the work when root starts Kith: the owner of the state directory, else our system account."""
    if state.exists() and state.stat().st_uid != 0:
        return pwd.getpwuid(state.stat().st_uid)
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    try:
        subprocess.run([*command, ACCOUNT], check=True, capture_output=True)
        return pwd.getpwnam(ACCOUNT)
    except (OSError, subprocess.CalledProcessError, KeyError):
        return pwd.getpwnam("nobody")


def _nearest(path):
    """The closest folder above a path that exists."""
    return next(parent for parent in path.parents if parent.exists())


def _make_folders(place):
    try:
        place.state.mkdir(parents=True, exist_ok=True)
        for folder in (place.state, *(place.state / name for name in FOLDERS)):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
            if os.geteuid() == 0:
                os.chown(folder, place.uid, place.gid)
    except PermissionError:
        raise Trouble(f"{place.state} belongs to somebody else: set KITH_STATE to a folder of your own.") from None


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
