from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0015_tasks_that_come_again_by_date")]
    operations = [
        AddIndexConcurrently(
            "activity",
            models.Index(
                fields=["at"],
                name="activity_again_ix",
                condition=models.Q(deleted_at__isnull=True, repeats_by_date=True, status="open")
                & ~models.Q(repeats=""),
            ),
        )
    ]
