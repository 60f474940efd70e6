"""Databases of the tests: a migrated template is kept, so that a run copies it instead of migrating again."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from crm_site.launcher import packages, places, services

TEMPLATE = "kith_template_"
RUNS = "test_kith_"


def template(place, folder, python, env):
    """The name of a database that has all migrations of this checkout, or None when they fail.

    Failing migrations are left to pytest, which shows them at the test that needs the database.
    """
    name = TEMPLATE + packages.migrations(place.root)
    with places.locked(place.state / "run" / "template.lock"):
        known = _query(place, folder, f"select datname from pg_database where datname like '{TEMPLATE}%'").split()
        if name in known:
            return name
        for old in known:
            _query(place, folder, f'drop database if exists "{old}"')
        _query(place, folder, f'drop database if exists "{name}_new"')
        _query(place, folder, f'create database "{name}_new"')
        address = urlsplit(env["DATABASE_URL"])._replace(path=f"/{name}_new").geturl()
        command = [python, place.root / "manage.py", "migrate", "--noinput"]
        new = env | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "crm_site.settings"}
        if subprocess.run(command, check=False, cwd=place.root, env=new, capture_output=True).returncode:
            return None
        _query(place, folder, f'alter database "{name}_new" rename to "{name}"')
    return name


def drop_left_over(place, folder):
    """Remove the databases of runs that were killed; each carries the process id of its run."""
    for name in _query(place, folder, f"select datname from pg_database where datname ~ '^{RUNS}[0-9]+'").split():
        if not Path("/proc", name.split("_")[2]).exists():
            _query(place, folder, f'drop database if exists "{name}" with (force)')


def _query(place, folder, sql):
    address = services.addresses(place)["DATABASE_URL"]
    command = [services.tool(place, folder, "psql"), address, "-Atqc", sql]
    env = os.environ | {"PGOPTIONS": "-c client_min_messages=error"}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=env).stdout
