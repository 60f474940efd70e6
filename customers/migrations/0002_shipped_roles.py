from django.db import migrations

from crm_site.core import roles
from crm_site.core.roles import reaches

PARTIES = {
    roles.REP: reaches("team", "own", "all", **{"export": "own", "import": "own"}),
    roles.MANAGER: reaches("subtree", "subtree", "all", **{"export": "subtree", "import": "subtree"}),
    roles.AGENT: reaches("all", "own", "all"),
    roles.LEAD: reaches("all", "all", "all", export="all", delete="own"),
    roles.MARKETING: reaches("all", "own", "all", **{"export": "all", "import": "all"}),
    roles.AUDITOR: reaches("all"),
    roles.ADMINISTRATOR: reaches("all", "all", "all", **{"export": "all", "import": "all"}),
}
ACTIVITIES = PARTIES | {
    roles.AGENT: reaches("team", "own", "all"),
    roles.LEAD: reaches("subtree", "subtree", "all", export="subtree"),
    roles.MARKETING: reaches("own", "own", "all", **{"export": "own", "import": "own"}),
}


def ship(apps, _schema_editor):
    """Give the shipped roles their reach over what customers/ holds."""
    for kind in ("account", "contact", "customer"):
        roles.ship(apps, f"customers.{kind}", PARTIES)
    roles.ship(apps, "customers.activity", ACTIVITIES)


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0001_accounts_contacts_customers_activities"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
