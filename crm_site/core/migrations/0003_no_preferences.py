from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_cache_table"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="user",
            name="preferences",
        ),
    ]
