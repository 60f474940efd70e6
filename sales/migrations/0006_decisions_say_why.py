from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sales", "0005_odds_cells")]
    operations = [
        migrations.AddField("assignmentdecision", "why", models.CharField(blank=True, max_length=500)),
    ]
