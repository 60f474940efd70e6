from django.db import migrations

from crm_site.core.models import tags_fit


class Migration(migrations.Migration):
    """A record's tags find room in the index of the rows with tags."""

    dependencies = [("customers", "0012_filters_put_together")]
    operations = [
        migrations.AddConstraint(name, tags_fit(f"{name}_tags_fit")) for name in ("account", "contact", "customer")
    ]
