from django.conf import settings
from django.db import migrations

WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def arrange(apps, _schema_editor):
    """Nine to five on working days in the company's zone, to begin with; administrators change it."""
    apps.get_model("core", "Calendar").objects.create(
        name="Office hours", zone=settings.TIME_ZONE, hours=WEEK, is_default=True
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0005_working_hours")]
    operations = [migrations.RunPython(arrange, migrations.RunPython.noop)]
