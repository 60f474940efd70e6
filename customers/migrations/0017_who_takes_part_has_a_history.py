import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from crm_site.core.migrating import AtOnce


class Migration(AtOnce):
    dependencies = [
        ("customers", "0016_tasks_that_come_again_found"),
        ("pghistory", "0007_auto_20250421_0444"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ParticipantEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.BigIntegerField()),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[("", "—"), ("accepted", "Accepted"), ("declined", "Declined"), ("tentative", "Maybe")],
                        max_length=10,
                        verbose_name="answer",
                    ),
                ),
                ("answered_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="participant",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_participantevent" ("activity_id", "answer", "answered_at", "contact_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") SELECT new_values."activity_id", new_values."answer", new_values."answered_at", new_values."contact_id", new_values."id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."user_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="2a0c09c0e0a5c60e38edd92203ac06f1dcc2c1f2",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_b742d",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="customers_participant",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="participant",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_participantevent" ("activity_id", "answer", "answered_at", "contact_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") SELECT new_values."activity_id", new_values."answer", new_values."answered_at", new_values."contact_id", new_values."id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."user_id" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."activity_id" IS DISTINCT FROM (new_values."activity_id") OR old_values."answer" IS DISTINCT FROM (new_values."answer") OR old_values."answered_at" IS DISTINCT FROM (new_values."answered_at") OR old_values."contact_id" IS DISTINCT FROM (new_values."contact_id") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."user_id" IS DISTINCT FROM (new_values."user_id")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="32bd7d9e9d14299566ba6c8ad313862f8af8745a",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_2bf2e",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="customers_participant",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="participant",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_participantevent" ("activity_id", "answer", "answered_at", "contact_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") SELECT old_values."activity_id", old_values."answer", old_values."answered_at", old_values."contact_id", old_values."id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."user_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="81bdfa3a561fb5f7bbbd8e8e94dff54607ad672b",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_2e957",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="customers_participant",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="participantevent",
            name="activity",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="customers.activity",
            ),
        ),
        migrations.AddField(
            model_name="participantevent",
            name="contact",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="customers.contact",
            ),
        ),
        migrations.AddField(
            model_name="participantevent",
            name="pgh_context",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="pghistory.context",
            ),
        ),
        migrations.AddField(
            model_name="participantevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="customers.participant",
            ),
        ),
        migrations.AddField(
            model_name="participantevent",
            name="user",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="participantevent",
            index=models.Index(fields=["activity", "-pgh_id"], name="participant_event_ix"),
        ),
    ]
