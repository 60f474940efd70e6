"""What a change of many records remembers, so that it can be taken back."""

from django.db import models


class BulkChange(models.Model):
    """The columns of one record as they were before a job changed them, and the version that the job gave it."""

    job = models.ForeignKey("core.Job", models.CASCADE, related_name="bulk_changes", db_index=False)
    object_id = models.BigIntegerField()
    version = models.PositiveIntegerField()
    before = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "object_id"], name="bulk_change_once")]
