import django.db.models.deletion
from django.db import migrations, models

from crm_site.core.migrating import AtOnce


class Migration(AtOnce):
    """A user may work for a partner; such a person is no administrator and no customer."""

    dependencies = [
        ("core", "0011_ids_found_by_their_kind_and_record"),
        ("customers", "0013_tags_that_fit_their_index"),
    ]
    operations = [
        migrations.AddField(
            "user",
            "partner",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="partner_users",
                to="customers.account",
                verbose_name="works for the partner",
            ),
        ),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                condition=models.Q(
                    ("partner__isnull", True),
                    models.Q(("door", "staff"), ("is_staff", False), ("is_superuser", False)),
                    _connector="OR",
                ),
                name="user_of_partner_is_outside",
                violation_error_message=(
                    "Somebody of a partner comes in by the staff's door, without the administration."
                ),
            ),
        ),
    ]
