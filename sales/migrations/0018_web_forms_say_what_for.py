import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from crm_site.core.migrating import AtOnce


class Migration(AtOnce):
    dependencies = [
        ("customers", "0010_activities_by_sms"),
        ("sales", "0017_what_comes_on_top"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="webform",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="webform",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="webform",
            name="delete_delete",
        ),
        migrations.AddField(
            model_name="webform",
            name="purpose",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.purpose",
                verbose_name="what the consent is for",
            ),
        ),
        migrations.AddField(
            model_name="webformevent",
            name="purpose",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="customers.purpose",
                verbose_name="what the consent is for",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webform",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "sales_webformevent" ("campaign_id", "consent_text", "contact_list_id", "created_at", "fields", "id", "intro", "is_active", "key", "name", "next_url", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose_id", "required", "source", "team_id", "thanks", "title") SELECT new_values."campaign_id", new_values."consent_text", new_values."contact_list_id", new_values."created_at", new_values."fields", new_values."id", new_values."intro", new_values."is_active", new_values."key", new_values."name", new_values."next_url", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."purpose_id", new_values."required", new_values."source", new_values."team_id", new_values."thanks", new_values."title" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="36c4a3169c9e8e61846771151229b592d1f4459a",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_38432",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="sales_webform",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webform",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "sales_webformevent" ("campaign_id", "consent_text", "contact_list_id", "created_at", "fields", "id", "intro", "is_active", "key", "name", "next_url", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose_id", "required", "source", "team_id", "thanks", "title") SELECT new_values."campaign_id", new_values."consent_text", new_values."contact_list_id", new_values."created_at", new_values."fields", new_values."id", new_values."intro", new_values."is_active", new_values."key", new_values."name", new_values."next_url", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."purpose_id", new_values."required", new_values."source", new_values."team_id", new_values."thanks", new_values."title" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="7b29a46de7b162fcf680142a257a31be48141b3b",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_6ea41",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="sales_webform",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webform",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "sales_webformevent" ("campaign_id", "consent_text", "contact_list_id", "created_at", "fields", "id", "intro", "is_active", "key", "name", "next_url", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose_id", "required", "source", "team_id", "thanks", "title") SELECT old_values."campaign_id", old_values."consent_text", old_values."contact_list_id", old_values."created_at", old_values."fields", old_values."id", old_values."intro", old_values."is_active", old_values."key", old_values."name", old_values."next_url", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."purpose_id", old_values."required", old_values."source", old_values."team_id", old_values."thanks", old_values."title" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="65bb63972c9a8552e58d52fd3a956fbce87bf6b3",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_44350",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="sales_webform",
                    when="AFTER",
                ),
            ),
        ),
    ]
