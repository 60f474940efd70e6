"""What imports remember: links still to be made, values to go back to, and mappings to use again."""

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PendingLink(models.Model):
    """A link of an imported record to one that was not there yet; a later import of that kind makes it.

    `wanted` is the kind's label ("customers.account") and `external_id` the id that the other system gives it.
    """

    system = models.CharField(max_length=50)
    wanted = models.CharField(max_length=100)
    external_id = models.CharField(max_length=200)
    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.BigIntegerField()
    field = models.CharField(max_length=50)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id", "field", "wanted"], name="pending_link_once"
            )
        ]  # fmt: skip
        indexes = [models.Index(fields=["system", "wanted", "external_id"], name="pending_link_wanted_ix")]


class ImportChange(models.Model):
    """The fields of one record as they were before an import changed them, and as the import left them."""

    job = models.ForeignKey("core.Job", models.CASCADE, related_name="changes")
    object_id = models.BigIntegerField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["job", "object_id"], name="import_change_ix")]


class ImportMapping(models.Model):
    """The mapping that a user chose for a file with these headers, offered again for the next one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    importer = models.CharField(max_length=50)
    headers = models.CharField(_("fingerprint of the headers"), max_length=64)
    options = models.JSONField(default=dict)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "importer", "headers"], name="import_mapping_once")
        ]  # fmt: skip
