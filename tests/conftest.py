"""What every test may use, and which tests this machine cannot run."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("KITH_DATA") or ROOT.parent / "shared" / "data")


def pytest_collection_modifyitems(items):
    """Skip browser tests without Chromium and tests on real data without the data."""
    missing = {}
    if not shutil.which("chromium"):
        missing["browser"] = "there is no chromium: `apt-get install chromium`"
    if not DATA.is_dir():
        missing["real_data"] = "KITH_DATA names no folder"
    for item in items:
        for marker, reason in missing.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def data_folder():
    """The folder of real data; only for tests marked `real_data`."""
    return DATA
