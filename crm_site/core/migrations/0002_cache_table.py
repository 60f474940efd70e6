from django.db import migrations

# The columns that Django's cache in the database expects; sign-in limits count here, so that they hold without Redis.
MAKE = """
    CREATE TABLE core_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
    CREATE INDEX core_cache_expires ON core_cache (expires);
"""


class Migration(migrations.Migration):
    """The table behind the cache."""

    dependencies = [("core", "0001_users_records_and_kit")]
    operations = [migrations.RunSQL(MAKE, "DROP TABLE core_cache")]
