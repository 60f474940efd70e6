from django.db import migrations

SEARCHED = ("account", "contact", "customer", "activity")
FOLDED = (("account", "industry"), ("contact", "source"))


def searched(table):
    """A sample ten times as large as usual: from it the planner tells a word of one row in a thousand from a rare one."""
    name = f"customers_{table}"
    return migrations.RunSQL(
        f"ALTER TABLE {name} ALTER search_text SET STATISTICS 1000; ANALYZE {name}",
        f"ALTER TABLE {name} ALTER search_text SET STATISTICS -1",
    )


def folded(table, column):
    """How often each value of a filter by beginning occurs; a partial index on it does not tell the planner."""
    return migrations.RunSQL(
        f"CREATE STATISTICS {table}_{column}_folded ON (kith_fold({column}::text)) FROM customers_{table}",
        f"DROP STATISTICS {table}_{column}_folded",
    )


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_account_people_in_order")]
    operations = [*(folded(*each) for each in FOLDED), *(searched(table) for table in SEARCHED)]
