from django.db import migrations

SEARCHED = ("lead", "opportunity", "quote", "sale")
FOLDED = ("lead", "opportunity")


def searched(table):
    """A sample ten times as large as usual: from it the planner tells a word of one row in a thousand from a rare one."""
    name = f"sales_{table}"
    return migrations.RunSQL(
        f"ALTER TABLE {name} ALTER search_text SET STATISTICS 1000; ANALYZE {name}",
        f"ALTER TABLE {name} ALTER search_text SET STATISTICS -1",
    )


def folded(table):
    """How often each source occurs, as the filter by beginning compares it."""
    return migrations.RunSQL(
        f"CREATE STATISTICS {table}_source_folded ON (kith_fold(source::text)) FROM sales_{table}",
        f"DROP STATISTICS {table}_source_folded",
    )


class Migration(migrations.Migration):
    dependencies = [("sales", "0015_open_deals_and_sources")]
    operations = [*map(folded, FOLDED), *map(searched, SEARCHED)]
