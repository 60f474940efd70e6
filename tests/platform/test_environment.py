"""Settings that are missing or wrong are named, all at once, with an example."""

import pytest

from crm_site import environment


def test_every_missing_setting_is_named_with_an_example(monkeypatch, capsys):
    """One start tells all that is wrong."""
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "KITH_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KITH_TRUSTED_PROXIES", "many")
    with pytest.raises(SystemExit) as ended:
        environment.read()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "KITH_BASE_URL", "KITH_TRUSTED_PROXIES"):
        assert f"{name}=" in said
    assert "Traceback" not in said


def test_mails_that_go_nowhere_are_kept_apart_from_the_logs(monkeypatch):
    """A log holds nothing personal, and a mail is nothing else; a folder's name may hold anything."""
    monkeypatch.setenv("SECRET_KEY", "0123456789abcdefghij" * 3)
    monkeypatch.setenv("KITH_STATE", "/srv/a kith#1")
    monkeypatch.delenv("EMAIL_URL", raising=False)
    found = environment.read().email
    assert found["EMAIL_BACKEND"].endswith("filebased.EmailBackend")
    assert found["EMAIL_FILE_PATH"] == "/srv/a kith#1/mail"
