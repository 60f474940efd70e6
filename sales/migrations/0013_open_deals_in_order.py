from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sales", "0012_rules_forms_and_discounts")]
    operations = [
        migrations.AddIndex(
            "opportunity",
            models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("state", "open")),
                fields=["close_date", "id"],
                name="deal_open_close_ix",
            ),
        )
    ]
