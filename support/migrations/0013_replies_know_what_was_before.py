from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0012_answers_can_be_looked_for"),
    ]

    operations = [
        migrations.AddField(
            model_name="outgoingmail",
            name="states",
            field=models.JSONField(null=True),
        ),
    ]
