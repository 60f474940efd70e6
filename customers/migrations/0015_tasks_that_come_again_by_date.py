import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from crm_site.core.migrating import AtOnce


class Migration(AtOnce):
    dependencies = [("customers", "0014_activities_about_further_records")]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="activity",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="activity",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="activity",
            name="delete_delete",
        ),
        migrations.AddField(
            model_name="activity",
            name="repeats_by_date",
            field=models.BooleanField(
                default=False, db_default=False, verbose_name="comes again on its day, done or not"
            ),
        ),
        migrations.AddField(
            model_name="activityevent",
            name="repeats_by_date",
            field=models.BooleanField(
                default=False, db_default=False, verbose_name="comes again on its day, done or not"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activity",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_activityevent" ("account_id", "at", "body", "changed_at", "changed_by_id", "contact_id", "created_at", "created_by_id", "customer_id", "deleted_at", "deleted_by_id", "direction", "done_at", "duration", "ends_at", "id", "is_pinned", "is_private", "kind", "outcome", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "priority", "regarding_id", "regarding_type_id", "remind_at", "repeats", "repeats_by_date", "status", "subject", "tags", "team_id", "version") SELECT new_values."account_id", new_values."at", new_values."body", new_values."changed_at", new_values."changed_by_id", new_values."contact_id", new_values."created_at", new_values."created_by_id", new_values."customer_id", new_values."deleted_at", new_values."deleted_by_id", new_values."direction", new_values."done_at", new_values."duration", new_values."ends_at", new_values."id", new_values."is_pinned", new_values."is_private", new_values."kind", new_values."outcome", new_values."owner_id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."place", new_values."priority", new_values."regarding_id", new_values."regarding_type_id", new_values."remind_at", new_values."repeats", new_values."repeats_by_date", new_values."status", new_values."subject", new_values."tags", new_values."team_id", new_values."version" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="622a5ac8a7f1cc96a6669e6e0e384f324787f49e",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_09311",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="customers_activity",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activity",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_activityevent" ("account_id", "at", "body", "changed_at", "changed_by_id", "contact_id", "created_at", "created_by_id", "customer_id", "deleted_at", "deleted_by_id", "direction", "done_at", "duration", "ends_at", "id", "is_pinned", "is_private", "kind", "outcome", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "priority", "regarding_id", "regarding_type_id", "remind_at", "repeats", "repeats_by_date", "status", "subject", "tags", "team_id", "version") SELECT new_values."account_id", new_values."at", new_values."body", new_values."changed_at", new_values."changed_by_id", new_values."contact_id", new_values."created_at", new_values."created_by_id", new_values."customer_id", new_values."deleted_at", new_values."deleted_by_id", new_values."direction", new_values."done_at", new_values."duration", new_values."ends_at", new_values."id", new_values."is_pinned", new_values."is_private", new_values."kind", new_values."outcome", new_values."owner_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."place", new_values."priority", new_values."regarding_id", new_values."regarding_type_id", new_values."remind_at", new_values."repeats", new_values."repeats_by_date", new_values."status", new_values."subject", new_values."tags", new_values."team_id", new_values."version" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."account_id" IS DISTINCT FROM (new_values."account_id") OR old_values."at" IS DISTINCT FROM (new_values."at") OR old_values."body" IS DISTINCT FROM (new_values."body") OR old_values."changed_at" IS DISTINCT FROM (new_values."changed_at") OR old_values."changed_by_id" IS DISTINCT FROM (new_values."changed_by_id") OR old_values."contact_id" IS DISTINCT FROM (new_values."contact_id") OR old_values."created_at" IS DISTINCT FROM (new_values."created_at") OR old_values."created_by_id" IS DISTINCT FROM (new_values."created_by_id") OR old_values."customer_id" IS DISTINCT FROM (new_values."customer_id") OR old_values."deleted_at" IS DISTINCT FROM (new_values."deleted_at") OR old_values."deleted_by_id" IS DISTINCT FROM (new_values."deleted_by_id") OR old_values."direction" IS DISTINCT FROM (new_values."direction") OR old_values."done_at" IS DISTINCT FROM (new_values."done_at") OR old_values."duration" IS DISTINCT FROM (new_values."duration") OR old_values."ends_at" IS DISTINCT FROM (new_values."ends_at") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."is_pinned" IS DISTINCT FROM (new_values."is_pinned") OR old_values."is_private" IS DISTINCT FROM (new_values."is_private") OR old_values."kind" IS DISTINCT FROM (new_values."kind") OR old_values."outcome" IS DISTINCT FROM (new_values."outcome") OR old_values."owner_id" IS DISTINCT FROM (new_values."owner_id") OR old_values."place" IS DISTINCT FROM (new_values."place") OR old_values."priority" IS DISTINCT FROM (new_values."priority") OR old_values."regarding_id" IS DISTINCT FROM (new_values."regarding_id") OR old_values."regarding_type_id" IS DISTINCT FROM (new_values."regarding_type_id") OR old_values."remind_at" IS DISTINCT FROM (new_values."remind_at") OR old_values."repeats" IS DISTINCT FROM (new_values."repeats") OR old_values."repeats_by_date" IS DISTINCT FROM (new_values."repeats_by_date") OR old_values."status" IS DISTINCT FROM (new_values."status") OR old_values."subject" IS DISTINCT FROM (new_values."subject") OR old_values."tags" IS DISTINCT FROM (new_values."tags") OR old_values."team_id" IS DISTINCT FROM (new_values."team_id") OR old_values."version" IS DISTINCT FROM (new_values."version")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="8ba437462eddb1a37ba5f4c0510fab0a9bf02e95",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_c2947",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="customers_activity",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activity",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_activityevent" ("account_id", "at", "body", "changed_at", "changed_by_id", "contact_id", "created_at", "created_by_id", "customer_id", "deleted_at", "deleted_by_id", "direction", "done_at", "duration", "ends_at", "id", "is_pinned", "is_private", "kind", "outcome", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "priority", "regarding_id", "regarding_type_id", "remind_at", "repeats", "repeats_by_date", "status", "subject", "tags", "team_id", "version") SELECT old_values."account_id", old_values."at", old_values."body", old_values."changed_at", old_values."changed_by_id", old_values."contact_id", old_values."created_at", old_values."created_by_id", old_values."customer_id", old_values."deleted_at", old_values."deleted_by_id", old_values."direction", old_values."done_at", old_values."duration", old_values."ends_at", old_values."id", old_values."is_pinned", old_values."is_private", old_values."kind", old_values."outcome", old_values."owner_id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."place", old_values."priority", old_values."regarding_id", old_values."regarding_type_id", old_values."remind_at", old_values."repeats", old_values."repeats_by_date", old_values."status", old_values."subject", old_values."tags", old_values."team_id", old_values."version" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="bf8c8635ca72af0770d14711f6747bdf4f987812",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f1dc2",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="customers_activity",
                    when="AFTER",
                ),
            ),
        ),
    ]
