from django.db import migrations

# To guess how many rows are like a word, the planner compares it with every value of its sample: 40 ms a search with the
# large samples that the texts have. A constant does as well. Only the owner of the extension may say so; where that is
# somebody else, searches for what nobody has are that much slower.
GUESS = """
DO $$ BEGIN
    ALTER OPERATOR %> (text, text) SET (RESTRICT = {restrict}, JOIN = {join});
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0008_hours_remember")]
    operations = [
        migrations.RunSQL(
            GUESS.format(restrict="contsel", join="contjoinsel"),
            GUESS.format(restrict="matchingsel", join="matchingjoinsel"),
        )
    ]
