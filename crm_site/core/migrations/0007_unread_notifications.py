from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0006_default_hours")]
    operations = [
        migrations.AddIndex(
            "notification",
            models.Index(fields=["user"], condition=models.Q(read_at__isnull=True), name="notification_unread_ix"),
        )
    ]
