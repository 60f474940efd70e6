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
