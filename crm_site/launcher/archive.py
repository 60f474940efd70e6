"""Backup and restore: the database's own dump format and the media files in one tar file."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

from crm_site.launcher import places, services
from crm_site.launcher.console import Trouble, say

FORMAT = 1
EMPTY = "select count(*) from information_schema.tables where table_schema = 'public'"
CLEAR = "drop schema public cascade; create schema public"


def backup(place, packages_folder, target):
    """Write `target`, readable by its owner only, complete or not at all.

    The dump is one snapshot of the database; files are copied after it, so that none the snapshot names is missing.
    """
    partial = target.with_name(target.name + ".part")
    media = media_folder(place)
    if not os.access(target.parent, os.W_OK | os.X_OK) or target.is_dir():
        raise Trouble(f"{target} cannot be written: name a file in a folder of your own.")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        dump = Path(folder, "database.dump")
        with dump.open("wb") as file:
            _run(place, packages_folder, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", stdout=file)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            _add_text(
                tar,
                "kith.json",
                json.dumps({"format": FORMAT, "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}),
            )
            tar.add(dump, "database.dump")
            if media.is_dir():
                tar.add(media, "media")
            file.flush()
            os.fsync(file.fileno())
    partial.replace(target)
    say(f"Backup written to {target} ({target.stat().st_size / 1e6:.1f} MB)")


def restore(place, packages_folder, source, *, overwrite):
    """Replace database and media files by those of a backup; a database with tables only with `overwrite`."""
    if not os.access(source, os.R_OK):
        raise Trouble(f"{source} is not there, or is not yours to read.")
    if not (source.is_file() and tarfile.is_tarfile(source)):
        raise Trouble(f"{source} is not a backup of Kith.")
    if _query(place, packages_folder, EMPTY) != "0" and not overwrite:
        raise Trouble("The database is not empty: add --overwrite to replace everything in it.")
    with tempfile.TemporaryDirectory(dir=place.state) as folder, tarfile.open(source) as tar:
        _unpack(tar, Path(folder))
        if _format(Path(folder, "kith.json")) != FORMAT:
            raise Trouble(f"{source} is not a backup that this version can read.")
        dump = Path(folder, "database.dump")
        _check_dump(place, packages_folder, dump)
        _query(place, packages_folder, CLEAR)
        with dump.open("rb") as file:
            address = services.addresses(place)["DATABASE_URL"]
            options = [
                "--no-owner",
                "--no-privileges",
                "--exit-on-error",
                "--single-transaction",
                f"--dbname={address}",
            ]
            _run(place, packages_folder, "pg_restore", *options, stdin=file)
        _replace_media(place, Path(folder, "media"))
    for stamp in ("new-database", "migrations"):
        (place.state / "stamps" / stamp).unlink(missing_ok=True)
    say(f"Restored from {source}")


def _format(file):
    """The number of the format that a backup says it has; None where it says nothing."""
    return json.loads(file.read_text())["format"] if file.exists() else None


def _unpack(tar, folder):
    """Write files and folders below `folder`, and nothing else; the standard filter needs Python 3.11.4."""
    try:
        entries = tar.getmembers()
    except tarfile.ReadError as error:
        raise Trouble(f"The backup is damaged or cut off ({error}): take another one.") from None
    for entry in entries:
        name = Path(entry.name)
        if name.is_absolute() or ".." in name.parts or not (entry.isfile() or entry.isdir()):
            raise Trouble(f"The backup holds “{entry.name}”, which no backup of Kith does.")
        if entry.isdir():
            (folder / name).mkdir(parents=True, exist_ok=True)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with tar.extractfile(entry) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target)


def media_folder(place):
    """Where uploaded files are kept."""
    return Path(os.environ.get("KITH_MEDIA_ROOT") or place.state / "media")


def _replace_media(place, new):
    media = media_folder(place)
    old = media.with_name(media.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    new.mkdir(exist_ok=True)
    new.chmod(0o700)
    places.give(place, new)
    if media.exists():
        media.rename(old)
    shutil.move(new, media)
    places.give(place, media)
    shutil.rmtree(old, ignore_errors=True)


def _check_dump(place, packages_folder, dump):
    """Refuse a damaged dump before anything is cleared: all of it is unpacked once, to nowhere."""
    with dump.open("rb") as file:
        _run(place, packages_folder, "pg_restore", f"--file={os.devnull}", stdin=file)


def _query(place, packages_folder, sql):
    return _run(
        place, packages_folder, "psql", "-Atq", "-v", "ON_ERROR_STOP=1", "-c", sql, stdout=subprocess.PIPE
    ).strip()


def _run(place, packages_folder, name, *options, stdin=None, stdout=None):
    """Run one of PostgreSQL's programs on our database; returns what it printed when stdout is a pipe."""
    command = [str(services.tool(place, packages_folder, name)), *options]
    if name != "pg_restore":
        command.append(f"--dbname={services.addresses(place)['DATABASE_URL']}")
    done = subprocess.run(command, check=False, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Trouble(f"{name} failed: {done.stderr.strip()}")
    return done.stdout or ""


def _add_text(tar, name, text):
    entry = tarfile.TarInfo(name)
    entry.size = len(text.encode())
    entry.mtime = int(time.time())
    tar.addfile(entry, io.BytesIO(text.encode()))
