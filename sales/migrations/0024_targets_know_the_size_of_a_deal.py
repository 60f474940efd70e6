from django.db import migrations, models


class Migration(migrations.Migration):
    """A target knows how large the deals are that reach it."""

    dependencies = [("sales", "0023_what_partners_see")]
    operations = [
        migrations.AddField(
            "target", "median", models.DecimalField(decimal_places=2, editable=False, max_digits=18, null=True)
        )
    ]
