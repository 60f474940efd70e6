"""R19: what is installed is pinned, no secret and no account comes with the code, and weak keys are refused."""

import json
import math
import re
import secrets
import subprocess
import sys
import tomllib
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import django
import pytest
from django.contrib.auth import authenticate
from django.db import connection

from crm_site import environment
from crm_site.core.models import User
from tests.conftest import APPS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==[0-9][^ ;\\]*", re.MULTILINE)
SECRETS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "cloud key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "token of a forge": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20})"),
    "token of a chat": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "payment key": re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}"),
    "signed token": re.compile(r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}"),
    "password hash": re.compile(r"(?:argon2\$argon2id|pbkdf2_sha256)\$[^\s\"']{20,}"),
    "password in an address": re.compile(
        r"[a-z][a-z0-9+]*://[^\s/:@\"'{}$]+:(?!password@|POSTGRES)[^\s/:@\"'{}$<]+@[^\s\"']"
    ),
}
# A long word of many different letters beside a name that speaks of a secret.
ASSIGNED = re.compile(
    r"(?i)[\w-]*(?:secret|token|api_?key|passw(?:or)?d|private_key)[\w-]*[\"']?\s*[:=]\s*[\"']([A-Za-z0-9+/_=-]{16,})[\"']"
)
ENTROPY = 3.7
# The passwords of the tests are words; a real one is none.
OF_TESTS = re.compile(r"[a-z]+(?:-[a-z]+)+(?:-\d)?|(?:JBSWY3DPEHPK3PXP)+")


def tracked():
    """{path: text} of the files that come with a checkout; the locks hold only hashes, which are checked elsewhere."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    paths = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    found = {}
    for path in paths:
        if path.suffix in (".png", ".woff2", ".ico", ".xlsx", ".ods"):
            continue
        found[str(path.relative_to(ROOT))] = path.read_text(errors="replace")
    return found


def entropy(word):
    """The bits of a letter, by how often each occurs."""
    return -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())


def secrets_of(text):
    """What looks like a secret in a text: (sort, beginning)."""
    found = [(sort, match[0][:24]) for sort, pattern in SECRETS.items() for match in pattern.finditer(text)]
    for match in ASSIGNED.finditer(text):
        if entropy(match[1]) >= ENTROPY and not OF_TESTS.fullmatch(match[1]):
            found.append(("long random word", match[0][:40]))
    return found


def test_r19_no_secret_comes_with_the_code():
    """Known patterns and random words in every tracked file."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    here = str(Path(__file__).relative_to(ROOT))
    faults = [f"{path}: {found}" for path, text in tracked().items() if path != here for found in secrets_of(text)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("text", [
    "-----BEGIN RSA PRIVATE KEY-----", "AKIA" + "ABCDEFGHIJKLMNOP", "ghp_" + "a1B2" * 9, "https://ann:hunter22@mail.example.com/x",
    "argon2$argon2id$v=19$m=102400,t=2,p=8$abcdefgh", 'SECRET_KEY = "{random}"', "api_key: '{random}'",
])  # fmt: skip
def test_r19_control_a_secret_is_found(text):
    """Each sort is seen when it is there."""
    assert secrets_of(text.replace("{random}", secrets.token_urlsafe(50)))


def test_r19_no_file_that_holds_secrets_is_tracked():
    """No environment file, no key, no database, no state directory."""
    names = tracked()
    assert not [
        name
        for name in names
        if re.search(r"(^|/)\.env($|\.)|\.(pem|key|p12|pfx|sqlite3?|dump)$|(^|/)(var|id_rsa)($|/)", name)
    ]


def test_r19_everything_is_pinned():
    """Each package that is named is named with its version, and the installed Django is the pinned one of the 5.2 series."""
    named = PROJECT["project"]["dependencies"] + [
        name for group in PROJECT["dependency-groups"].values() for name in group
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][\w.]*", name) for name in named), named
    wanted = next(name.split("==")[1] for name in named if name.startswith("django=="))
    assert wanted.startswith("5.2.")
    assert int(wanted.split(".")[2]) >= 19, "an older 5.2 has known holes"
    assert django.get_version() == wanted
    assert f"\ndjango=={wanted} \\" in "\n" + (ROOT / "requirements.txt").read_text()


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_r19_every_package_of_a_lock_has_hashes(lock):
    """An archive that was exchanged at the registry is refused by the installer."""
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert entries
    assert all(PINNED.match(entry) and "--hash=sha256:" in entry for entry in entries), lock
    assert json.loads((ROOT / "package-lock.json").read_text())["lockfileVersion"] >= 2


@pytest.mark.parametrize("weak", [
    "", "secret", "changeme", "a" * 60, "ab" * 40, "django-insecure", "x" * 49, "1234567890" * 4, "kith" * 20,
])  # fmt: skip
def test_r19_weak_keys_are_refused(monkeypatch, capsys, weak):
    """Missing, short or made of a handful of letters: the program ends and says so."""
    monkeypatch.setenv("SECRET_KEY", weak)
    for name, value in (("DATABASE_URL", "postgresql://kith@localhost/kith"), ("REDIS_URL", "redis://localhost/0"),
                        ("KITH_BASE_URL", "https://crm.example.com")):  # fmt: skip
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        environment.read()
    assert ended.value.code == 2
    assert "SECRET_KEY" in capsys.readouterr().err


def test_r19_control_a_strong_key_is_taken(monkeypatch):
    """Only the key was at fault."""
    strong = secrets.token_urlsafe(50)
    for name, value in (("SECRET_KEY", strong), ("DATABASE_URL", "postgresql://kith@localhost/kith"),
                        ("REDIS_URL", "redis://localhost/0"), ("KITH_BASE_URL", "https://crm.example.com")):  # fmt: skip
        monkeypatch.setenv(name, value)
    assert environment.read().secret_key == strong


@pytest.mark.django_db
def test_r19_no_account_comes_with_the_code():
    """After all migrations nobody can sign in: no user is there, and no common password opens anything."""
    assert not User.objects.exists()
    for name in ("admin@example.com", "admin", "demo@example.com", "kith@localhost"):
        for password in ("admin", "password", "demo", "kith-demo-1", "changeme"):
            assert authenticate(None, email=name, username=name, password=password) is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM account_emailaddress")
        assert cursor.fetchone() == (0,)


def reviewed(finding, ignores):
    """Whether the code says, beside the line or for its folder, why this finding is none."""
    path = Path(finding["filename"]).resolve()
    name, number = str(path.relative_to(ROOT)), "S" + finding["test_id"][1:]
    if any(fnmatch(name, pattern) and number in numbers for pattern, numbers in ignores.items()):
        return True
    lines = path.read_text().splitlines()[min(finding["line_range"]) - 1 : max(finding["line_range"]) + 2]
    return any(re.search(rf"# noqa: (?:\w+, ?)*{number}\b.* - \S", line) for line in lines)


def bandit(*targets):
    """Bandit's findings of medium severity and more."""
    command = [sys.executable, "-m", "bandit", "-q", "-ll", "-f", "json", "-r", *map(str, targets)]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout)["results"]


def test_r19_bandit_finds_nothing_that_is_not_explained():
    """Medium and high: none, but for lines that say why they are safe."""
    ignores = PROJECT["tool"]["ruff"]["lint"]["per-file-ignores"]
    found = bandit(*(ROOT / app for app in APPS))
    open_ = [finding for finding in found if not reviewed(finding, ignores)]
    assert not open_, "\n".join(f"{f['filename']}:{f['line_number']} {f['test_id']} {f['issue_text']}" for f in open_)
    assert not [finding for finding in found if finding["issue_severity"] == "HIGH"]


def test_r19_control_bandit_finds_a_hole(tmp_path):
    """A line that is not safe and not explained is found."""
    (tmp_path / "hole.py").write_text(
        "import subprocess\nsubprocess.call('ls ' + input(), shell=True)\neval(input())\n"
    )
    assert bandit(tmp_path)
