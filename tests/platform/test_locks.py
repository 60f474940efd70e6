"""The locks: every package by hash, each once a file, and no address of where it came from."""

import json
import re

import pytest

from tests.conftest import ROOT

LOCKS = sorted(ROOT.glob("requirements*.txt"))
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(\[[a-z,]+\])?==([^ ;]+)(?: ; [^\\]+)? \\$", re.IGNORECASE)
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def _packages(lock):
    found = {}
    for line in lock.read_text().splitlines():
        match = PINNED.match(line)
        if match:
            assert match[1] not in found, f"{match[1]} stands twice in {lock.name}"
            found[match[1]] = match[3]
        else:
            assert HASH.match(line), f"{lock.name}: {line}"
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_only_pinned_and_hashed_packages(lock):
    """No address, no option, no package without a hash, none twice."""
    assert len(_packages(lock)) > 0
    assert "http" not in lock.read_text()


def test_the_locks_agree_with_each_other():
    """A package of two locks has one version, so that they can be installed together."""
    versions = {}
    for lock in LOCKS:
        for name, version in _packages(lock).items():
            assert versions.setdefault(name, version) == version, name


def test_the_front_end_lock_has_hashes_and_no_addresses():
    """npm decides by its own settings where to look."""
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert "resolved" not in package
        assert not name or package["integrity"].startswith("sha512-")
