from django.db import migrations

from crm_site.core.models import tags_fit


class Migration(migrations.Migration):
    """A lead's tags find room in the index of the leads with tags."""

    dependencies = [("sales", "0021_leads_with_tags")]
    operations = [migrations.AddConstraint("lead", tags_fit("lead_tags_fit"))]
