"""The checks of the floors see every app and every module of the site."""

import tomllib

from tests.conftest import ROOT

FLOORS = ["support", "sales", "marketing", "customers", "crm_site.core"]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
# Modules of the site that every floor may use, since they know no app.
FOR_EVERYBODY = {"environment", "logs"}


def _apps():
    return {name for name in FLOORS if (ROOT / name / "apps.py").exists()}


def test_every_app_is_checked():
    """A new app enters pyproject.toml in the same change."""
    linter = TOOLS["importlinter"]
    assert set(linter["root_packages"]) == {"crm_site"} | _apps()
    layers, site, _ = linter["contracts"]
    assert [layer.strip("()") for layer in layers["layers"]] == FLOORS
    assert set(site["source_modules"]) == _apps() | {"crm_site.core"}
    assert set(TOOLS["coverage"]["run"]["source"]) >= {"crm_site"} | _apps()


def test_every_module_that_knows_the_apps_is_closed_to_them():
    """The roof is not the ground: what imports an app may not be imported by one."""
    forbidden = set(TOOLS["importlinter"]["contracts"][1]["forbidden_modules"])
    for path in (ROOT / "crm_site").glob("*.py"):
        text = path.read_text()
        knows = any(f"{word} {app}" in text for app in _apps() for word in ("from", "import"))
        assert not knows or f"crm_site.{path.stem}" in forbidden, path.name
