import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

# What was credited before the triggers were there.
FILL = """
    INSERT INTO sales_creditcell (user_id, team_id, month, kind, amount)
    SELECT user_id, team_id, date_trunc('month', day::timestamp)::date, kind, sum(amount_base)
    FROM sales_credit GROUP BY 1, 2, 3, 4
"""


class Migration(migrations.Migration):
    """Credit is a ledger that nobody changes, and it is summed by user, team and month as it is written."""

    dependencies = [
        ("core", "0012_people_of_partners"),
        ("sales", "0024_targets_know_the_size_of_a_deal"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CreditCell",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("kind", models.CharField(choices=[("revenue", "Revenue"), ("overlay", "Overlay")], max_length=10)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=20)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="core.team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["team", "month"], name="credit_cell_team_ix")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "team", "month", "kind"), name="credit_cell_once", nulls_distinct=False
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="credit",
            trigger=pgtrigger.compiler.Trigger(
                name="is_a_ledger",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="270d9e5059c6396a287c7a6217204130b67573c3",
                    operation="UPDATE",
                    pgid="pgtrigger_is_a_ledger_90c1a",
                    table="sales_credit",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="credit",
            trigger=pgtrigger.compiler.Trigger(
                name="summed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    INSERT INTO sales_creditcell (user_id, team_id, month, kind, amount)\n    SELECT user_id, team_id, date_trunc('month', day::timestamp)::date, kind, sum(amount_base)\n    FROM new_values GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4\n    ON CONFLICT ON CONSTRAINT credit_cell_once DO UPDATE SET amount = sales_creditcell.amount + excluded.amount\n; RETURN NULL;",
                    hash="54810db7ad6905789e54ca14dd04de98574afa07",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_summed_41e3a",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="sales_credit",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="credit",
            trigger=pgtrigger.compiler.Trigger(
                name="taken_off",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    INSERT INTO sales_creditcell (user_id, team_id, month, kind, amount)\n    SELECT user_id, team_id, date_trunc('month', day::timestamp)::date, kind, -sum(amount_base)\n    FROM old_values GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4\n    ON CONFLICT ON CONSTRAINT credit_cell_once DO UPDATE SET amount = sales_creditcell.amount + excluded.amount\n; RETURN NULL;",
                    hash="d6dcdc2e1318433fe3a6eec38f472740db6299ca",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_taken_off_7aca1",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="sales_credit",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
