import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from crm_site.core.migrating import AtOnce


class Migration(AtOnce):
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("customers", "0013_tags_that_fit_their_index"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActivityLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object_id", models.BigIntegerField()),
                ("at", models.DateTimeField(editable=False)),
                ("on_top", models.BooleanField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="ActivityLinkEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.BigIntegerField()),
                ("object_id", models.BigIntegerField()),
            ],
            options={
                "abstract": False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activity",
            trigger=pgtrigger.compiler.Trigger(
                name="links_follow",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."at" IS DISTINCT FROM (NEW."at") OR OLD."is_pinned" IS DISTINCT FROM (NEW."is_pinned") OR OLD."status" IS DISTINCT FROM (NEW."status"))',
                    func="\n    UPDATE customers_activitylink SET at = NEW.at, on_top = NEW.is_pinned OR NEW.status = 'open'\n    WHERE activity_id = NEW.id;\n    RETURN NULL;\n",
                    hash="05be6e525bbcb59c2b5c8d1186d75ce0985b036e",
                    operation='UPDATE OF "at", "status", "is_pinned"',
                    pgid="pgtrigger_links_follow_e5219",
                    table="customers_activity",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="activitylink",
            name="activity",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="links", to="customers.activity"
            ),
        ),
        migrations.AddField(
            model_name="activitylink",
            name="content_type",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="contenttypes.contenttype",
            ),
        ),
        migrations.AddField(
            model_name="activitylinkevent",
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
            model_name="activitylinkevent",
            name="content_type",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="contenttypes.contenttype",
            ),
        ),
        migrations.AddField(
            model_name="activitylinkevent",
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
            model_name="activitylinkevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="customers.activitylink",
            ),
        ),
        migrations.AddIndex(
            model_name="activitylink",
            index=models.Index(
                fields=["content_type", "object_id", "on_top", "-at", "-activity"], name="activity_link_walk_ix"
            ),
        ),
        migrations.AddConstraint(
            model_name="activitylink",
            constraint=models.UniqueConstraint(
                fields=("content_type", "object_id", "activity"), name="activity_link_once"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activitylink",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_activitylinkevent" ("activity_id", "content_type_id", "id", "object_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."activity_id", new_values."content_type_id", new_values."id", new_values."object_id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="a26ae460b1261faec532d7a08ce06d985f853eea",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_54cc1",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="customers_activitylink",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activitylink",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_activitylinkevent" ("activity_id", "content_type_id", "id", "object_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."activity_id", new_values."content_type_id", new_values."id", new_values."object_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."activity_id" IS DISTINCT FROM (new_values."activity_id") OR old_values."content_type_id" IS DISTINCT FROM (new_values."content_type_id") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."object_id" IS DISTINCT FROM (new_values."object_id")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="243e72966f9b663ba41bdae232b685315111e70f",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5421a",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="customers_activitylink",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activitylink",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_activitylinkevent" ("activity_id", "content_type_id", "id", "object_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT old_values."activity_id", old_values."content_type_id", old_values."id", old_values."object_id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="171b4653fb0c433e78dbd0a4f0f4e360b540c66d",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_90e9f",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="customers_activitylink",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="activitylinkevent",
            index=models.Index(fields=["activity", "-pgh_id"], name="activitylink_event_ix"),
        ),
    ]
