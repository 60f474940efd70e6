from django.db import migrations

from crm_site.core import roles
from crm_site.core.roles import reaches

EFFORTS = {
    roles.REP: reaches("all"),
    roles.MANAGER: reaches("all", export="all"),
    roles.AGENT: reaches("all"),
    roles.LEAD: reaches("all"),
    roles.MARKETING: reaches("all", "all", "all", **{"export": "all", "import": "all"}),
    roles.AUDITOR: reaches("all"),
    roles.ADMINISTRATOR: reaches("all", "all", "all", **{"export": "all", "import": "all"}),
}


def ship(apps, _schema_editor):
    """Give the shipped roles their reach over what marketing/ holds."""
    for kind in ("campaign", "contactlist"):
        roles.ship(apps, f"marketing.{kind}", EFFORTS)


class Migration(migrations.Migration):
    dependencies = [
        ("marketing", "0001_campaigns_and_contact_lists"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
