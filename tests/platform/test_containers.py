"""The container files cannot be run here; what can be read of them is checked."""

import yaml

from tests.conftest import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_all_parts_are_there_and_wait_for_healthy_neighbours():
    """web, worker and beat start after the migrations, those after the servers."""
    services = COMPOSE["services"]
    assert set(services) == {"database", "broker", "migrate", "web", "worker", "beat"}
    for name in ("database", "broker", "web"):
        assert services[name]["healthcheck"]["test"]
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_no_secret_stands_in_the_file():
    """Each comes from the environment, and its absence is an error with a hint."""
    environment = COMPOSE["services"]["web"]["environment"]
    assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]


def test_named_volumes_and_settings_exist():
    """Every mounted volume is declared, and every setting is one that the site reads."""
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in COMPOSE["volumes"]
    reader = (ROOT / "crm_site" / "environment.py").read_text()
    for name in COMPOSE["services"]["web"]["environment"]:
        assert f'"{name}"' in reader


def test_the_image_does_not_run_as_root():
    """The last USER before the command is our own."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER kith"]
    assert lines.index("USER kith") < next(i for i, line in enumerate(lines) if line.startswith("CMD"))
