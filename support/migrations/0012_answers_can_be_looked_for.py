from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("support", "0011_a_new_password_in_the_portal")]
    operations = [
        migrations.AddIndex(
            "case",
            GinIndex(
                condition=models.Q(("deleted_at__isnull", True), models.Q(("details", {}), _negated=True)),
                fields=["details"],
                name="case_details_ix",
                opclasses=["jsonb_path_ops"],
            ),
        ),
    ]
