from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("support", "0005_uses_of_entitlements_and_certificates")]
    operations = [
        migrations.AddIndex(
            "case", models.Index(condition=models.Q(deleted_at__isnull=True), fields=["name_sort"], name="case_name_ix")
        ),
    ]
