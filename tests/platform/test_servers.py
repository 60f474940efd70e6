"""Servers that do not answer or are too old are named in one sentence before anything starts."""

import psycopg
import pytest
from django.conf import settings

from crm_site import servers
from crm_site.launcher import commands
from tests.conftest import ROOT

DATABASE = "postgresql:///{NAME}?host={HOST}&user={USER}"


def test_the_servers_of_the_tests_are_new_enough(db):
    """No problem where there is none."""
    assert servers.database_problem(DATABASE.format(**settings.DATABASES["default"])) is None
    assert servers.broker_problem(settings.REDIS_URL) is None


def test_a_database_without_tables_is_new(db, monkeypatch):
    """What tells whether the first start loads the demo company, also at an address given."""
    address = DATABASE.format(**settings.DATABASES["default"])
    assert not servers.is_new(address)
    assert servers.is_new(f"{address}&options=-csearch_path%3Dpg_temp")


def test_old_servers_are_named_with_the_version_needed(db, monkeypatch):
    """The bounds are moved up instead of the servers down."""
    monkeypatch.setattr(servers, "OLDEST_POSTGRESQL", 99)
    monkeypatch.setattr(servers, "OLDEST_REDIS", 99)
    assert "too old, 99 or newer" in servers.database_problem(DATABASE.format(**settings.DATABASES["default"]))
    assert "too old, 99 or newer" in servers.broker_problem(settings.REDIS_URL)


def test_a_database_in_another_encoding_is_named(db):
    """Half of what people write would fail to be saved in it, some of it only after months."""
    name = f"{settings.DATABASES['default']['NAME']}_ascii"
    with psycopg.connect(DATABASE.format(**settings.DATABASES["default"]), autocommit=True) as server:
        server.execute(f'create database "{name}" encoding SQL_ASCII locale "C" template template0')
        try:
            problem = servers.database_problem(DATABASE.format(**settings.DATABASES["default"] | {"NAME": name}))
        finally:
            server.execute(f'drop database "{name}" with (force)')
    assert "kept in SQL_ASCII, UTF8 is needed; for example" in problem


def test_servers_that_do_not_answer_are_named(monkeypatch):
    """Both are asked, so that one start tells all."""
    assert servers.database_problem("postgresql://x@127.0.0.1:1/x").startswith(
        "DATABASE_URL: PostgreSQL does not answer"
    )
    assert servers.broker_problem("redis://127.0.0.1:1/0").startswith("REDIS_URL: the broker does not answer")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("KITH_TIME_ZONE", "Mars/Olympus", "KITH_TIME_ZONE is 'Mars/Olympus'"),
        ("SECRET_KEY", "abc", "SECRET_KEY is too easy"),
    ],
)
def test_up_names_a_wrong_setting_without_a_traceback(state, monkeypatch, capfd, name, value, said):
    """The whole command, ended before it serves."""
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", "postgresql://x@127.0.0.1:1/x")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert commands.main(ROOT, ["up", "--no-demo"]) == 1
    words = capfd.readouterr().err
    assert said in words
    assert "Traceback" not in words
