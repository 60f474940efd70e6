from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The new index is of all rows, so that it is put together with those of other filters."""

    atomic = False
    dependencies = [("customers", "0010_activities_by_sms")]
    operations = [
        AddIndexConcurrently(
            "contact",
            models.Index(fields=["country", "name_sort", "id"], name="contact_country_all_ix"),
        ),
        RemoveIndexConcurrently("contact", "contact_country_ix"),
    ]
