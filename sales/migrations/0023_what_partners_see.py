from django.db import migrations

from crm_site.core import roles
from crm_site.core.roles import reaches

# People of a partner work on the leads that name it, with the contacts that they bring, and look at its deals.
THEIRS = reaches("own", "own", "all", delete="none", assign="none", bulk="none", merge="none")


def ship(apps, _schema_editor):
    """Let the role of partners reach what names them."""
    for kind in ("sales.lead", "customers.contact", "customers.activity"):
        roles.ship(apps, kind, {roles.PARTNER: THEIRS})
    roles.ship(apps, "sales.opportunity", {roles.PARTNER: reaches("own")})


class Migration(migrations.Migration):
    """The role for people of partners opens leads, deals, contacts and activities of their own."""

    dependencies = [("sales", "0022_tags_that_fit_their_index"), ("core", "0012_people_of_partners")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
