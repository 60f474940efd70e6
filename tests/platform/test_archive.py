"""A backup comes back: rows, files and the right to sign in (R34)."""

import json
import os
import subprocess
import sys
import tarfile

import pytest
from django.db import connection

from crm_site.core.models import User
from crm_site.launcher import archive, places, services
from crm_site.launcher.console import Trouble
from tests.conftest import ROOT
from tests.platform.conftest import PACKAGES

PASSWORD = "correct horse battery staple"
SIGN_IN = f"""
from django.test import Client
answer = Client().post("/auth/login/", {{"login": "ana@example.com", "password": "{PASSWORD}"}})
print("SIGNED IN" if answer.status_code == 302 and "session" in str(answer.cookies) else answer.status_code)
"""


def _address(name):
    folder = connection.settings_dict["HOST"]
    return f"postgresql:///{name}?host={folder}&user=kith"


@pytest.fixture
def empty_database(place, monkeypatch):
    """The name of an empty database beside the test's own."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f'drop database if exists "{name}" with (force)')
        cursor.execute(f'create database "{name}"')
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f'drop database if exists "{name}" with (force)')


@pytest.mark.django_db(transaction=True)
def test_a_backup_restored_into_an_empty_place_lets_people_sign_in(place, empty_database, monkeypatch, tmp_path):
    """The round trip by the commands' own functions, on a real server."""
    User.objects.create_user("ana@example.com", PASSWORD, first_name="Ana")
    (place.state / "media" / "offer.txt").write_text("Zoë")
    monkeypatch.setenv("REDIS_URL", "redis://localhost:1/0")
    monkeypatch.setenv("KITH_BASE_URL", "http://testserver")
    monkeypatch.setenv("DATABASE_URL", _address(connection.settings_dict["NAME"]))
    file = tmp_path / "kith.tar"
    archive.backup(place, PACKAGES, file)
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as tar:
        assert {"kith.json", "database.dump", "media/offer.txt"} <= set(tar.getnames())

    with pytest.raises(Trouble, match="not empty"):
        archive.restore(place, PACKAGES, file, overwrite=False)
    # Cut off, or with other bytes in the middle, as what lay on a bad disk: everybody is still there.
    whole, harmed = file.read_bytes(), tmp_path / "harmed.tar"
    middle = len(whole) // 2
    for bad, why in (
        (whole[:middle], "cut off"),
        (whole[:middle] + bytes(4096) + whole[middle + 4096 :], "pg_restore"),
    ):
        harmed.write_bytes(bad)
        with pytest.raises(Trouble, match=why):
            archive.restore(place, PACKAGES, harmed, overwrite=True)
    assert User.objects.filter(email="ana@example.com").exists()

    (place.state / "media" / "offer.txt").unlink()
    monkeypatch.setenv("DATABASE_URL", _address(empty_database))
    archive.restore(place, PACKAGES, file, overwrite=False)
    assert (place.state / "media" / "offer.txt").read_text() == "Zoë"
    archive.restore(place, PACKAGES, file, overwrite=True)
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "KITH_ALLOWED_HOSTS": "testserver"}
    command = [sys.executable, "manage.py", "shell", "-c", SIGN_IN]
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True)
    assert "SIGNED IN" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "link"])
def test_nothing_is_unpacked_beside_its_folder(tmp_path, name):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = (tarfile.SYMTYPE, "/etc") if name == "link" else (tarfile.REGTYPE, "")
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        tar.addfile(entry)
    (tmp_path / "in").mkdir()
    with tarfile.open(tmp_path / "x.tar") as tar, pytest.raises(Trouble, match="which no backup"):
        archive._unpack(tar, tmp_path / "in")
    assert list((tmp_path / "in").iterdir()) == []


def test_a_backup_goes_where_it_can_be_written(place, tmp_path):
    """A folder that is missing, or the name of a folder, is told in a sentence."""
    for target in (tmp_path / "missing" / "kith.tar", tmp_path):
        with pytest.raises(Trouble, match="cannot be written"):
            archive.backup(place, PACKAGES, target)


def test_something_else_is_no_backup(place, tmp_path):
    """Neither a missing file, nor a text, nor a tar file of other things clears a database."""
    text = tmp_path / "x.tar"
    with pytest.raises(Trouble, match="is not there"):
        archive.restore(place, PACKAGES, text, overwrite=True)
    text.write_text("hello")
    with pytest.raises(Trouble, match="is not a backup"):
        archive.restore(place, PACKAGES, text, overwrite=True)


def test_a_damaged_or_foreign_archive_changes_nothing(place, tmp_path):
    """The dump is read through before the database is cleared."""
    (tmp_path / "kith.json").write_text(json.dumps({"format": archive.FORMAT}))
    (tmp_path / "database.dump").write_text("PGDMP damaged")
    file = tmp_path / "kith.tar"
    with tarfile.open(file, "w") as tar:
        tar.add(tmp_path / "kith.json", "kith.json")
        tar.add(tmp_path / "database.dump", "database.dump")
    with services.borrowed(place, PACKAGES):
        archive._query(place, PACKAGES, "create table precious (n int)")
        with pytest.raises(Trouble, match="pg_restore failed"):
            archive.restore(place, PACKAGES, file, overwrite=True)
        assert archive._query(place, PACKAGES, archive.EMPTY) == "1"
    assert places.reachable(place, place.state / "media")
