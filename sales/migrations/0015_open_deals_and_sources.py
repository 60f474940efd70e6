from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models

from crm_site.core.migrating import AtOnce
from crm_site.core.models import Fold

OPEN = models.Q(("deleted_at__isnull", True), ("state", "open"))


def source(table, name):
    """The index of a filter by beginning, over deleted rows too: only so may PostgreSQL put it together with others."""
    return (
        migrations.RemoveIndex(model_name=table, name=name),
        migrations.AddIndex(table, models.Index(OpClass(Fold("source"), "text_pattern_ops"), name=name)),
    )


def open_deals(lead):
    """Open deals as they close, behind the owner or the team."""
    return migrations.AddIndex(
        "opportunity", models.Index(fields=[lead, "close_date", "id"], name=f"deal_{lead}_open_ix", condition=OPEN)
    )


class Migration(AtOnce):
    dependencies = [("sales", "0014_price_books_kept")]
    operations = [
        *source("lead", "lead_source_ix"),
        *source("opportunity", "deal_source_ix"),
        open_deals("owner"),
        open_deals("team"),
    ]
