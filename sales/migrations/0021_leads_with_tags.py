from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Leads with tags in the order of their list."""

    atomic = False
    dependencies = [("sales", "0020_converted_leads_are_watched_by_column")]
    operations = [
        AddIndexConcurrently(
            "lead",
            models.Index(
                fields=["-id"], include=["tags", "owner", "team"], name="lead_tagged_ix",
                condition=models.Q(deleted_at__isnull=True) & ~models.Q(tags=[]),
            ),
        ),
    ]  # fmt: skip
