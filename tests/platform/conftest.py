"""A place of its own for tests that start services: reachable by the account that runs them."""

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from crm_site.launcher import places, services
from tests.conftest import ROOT

PACKAGES = Path(sys.prefix)


@pytest.fixture
def state(monkeypatch):
    """A fresh state directory that every account can reach; nothing of the running test's services in it."""
    folder = Path(tempfile.mkdtemp(prefix="kith-test-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("DATABASE_URL", "REDIS_URL", "KITH_STATIC_ROOT", "KITH_MEDIA_ROOT", "KITH_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KITH_STATE", str(folder / "state"))
    yield folder / "state"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place(state):
    """The installation of that state directory; its services are stopped afterwards."""
    found = places.find(ROOT)
    yield found
    for name in ("valkey", "postgres"):
        services.stop(found, name)
