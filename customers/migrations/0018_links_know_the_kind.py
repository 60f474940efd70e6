import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from crm_site.core.migrating import AtOnce


class Migration(AtOnce):
    dependencies = [
        ("customers", "0017_who_takes_part_has_a_history"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="activity",
            name="links_follow",
        ),
        migrations.RemoveIndex(
            model_name="activitylink",
            name="activity_link_walk_ix",
        ),
        migrations.AddField(
            model_name="activitylink",
            name="kind",
            field=models.CharField(default="", editable=False, max_length=10),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="activitylink",
            index=models.Index(
                fields=["content_type", "object_id", "on_top", "-at", "-activity", "kind"],
                name="activity_link_order_ix",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activity",
            trigger=pgtrigger.compiler.Trigger(
                name="links_follow",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."at" IS DISTINCT FROM (NEW."at") OR OLD."is_pinned" IS DISTINCT FROM (NEW."is_pinned") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."status" IS DISTINCT FROM (NEW."status"))',
                    func="\n    UPDATE customers_activitylink SET kind = NEW.kind, at = NEW.at, on_top = NEW.is_pinned OR NEW.status = 'open'\n    WHERE activity_id = NEW.id;\n    RETURN NULL;\n",
                    hash="8b292f0f38d8270d58058174beb92abcd1b8591c",
                    operation='UPDATE OF "kind", "at", "status", "is_pinned"',
                    pgid="pgtrigger_links_follow_e5219",
                    table="customers_activity",
                    when="AFTER",
                ),
            ),
        ),
    ]
