"""A new database is made in seconds: migrations of many changes work at once, and only where that is right."""

from pathlib import Path

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader

from crm_site.core.migrating import AtOnce
from tests.conftest import ROOT

MANY = 4


def _ours():
    labels = {config.label for config in apps.get_app_configs() if ROOT in Path(config.path).parents}
    return [each for (label, _), each in MigrationLoader(None).disk_migrations.items() if label in labels]


def test_migrations_of_many_changes_work_at_once():
    """#31: each operation of a plain migration renders a hundred models again; core's first comes before them."""
    plain = [
        each for each in _ours() if not isinstance(each, AtOnce) and not (each.app_label == "core" and each.initial)
    ]
    slow = [each for each in plain if sum("Run" not in type(one).__name__ for one in each.operations) > MANY]
    assert slow == []


@pytest.mark.parametrize(
    "operations",
    [
        [migrations.RunSQL("SELECT 1")],
        [migrations.RenameField("lead", "name", "title")],
        [
            migrations.AlterField("lead", "name", models.TextField()),
            migrations.AlterField("Lead", "name", models.CharField()),
        ],
    ],
)
def test_what_needs_its_own_state_is_refused(operations):
    """Data, renames and two changes of one column are not made against the last state."""
    migration = type("Migration", (AtOnce,), {"operations": operations})("0002_x", "sales")
    with pytest.raises(ValueError, match="at once"):
        migration.apply(None, None)
