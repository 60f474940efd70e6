import pgtrigger.compiler
import pgtrigger.migrations

from crm_site.core.migrating import AtOnce


class Migration(AtOnce):
    dependencies = [
        ("sales", "0019_links_seldom_given"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="lead",
            name="converted",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="lead",
            trigger=pgtrigger.compiler.Trigger(
                name="converted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.status = 'converted' AND NEW.status = 'converted'\n    AND (NEW.contact_id, NEW.first_name, NEW.last_name, NEW.company, NEW.source, NEW.campaign_id, NEW.subject) IS DISTINCT FROM (OLD.contact_id, OLD.first_name, OLD.last_name, OLD.company, OLD.source, OLD.campaign_id, OLD.subject))",
                    func="\n    IF coalesce(current_setting('kith.erasing', true), '') = '' THEN\n        RAISE EXCEPTION 'a converted lead is read-only'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'lead_converted_is_read_only';\n    END IF;\n    RETURN NULL;\n",
                    hash="4f9ba52bf5fcc974a1657d9e1f4b18dff2bed4c0",
                    operation="UPDATE",
                    pgid="pgtrigger_converted_9af14",
                    table="sales_lead",
                    when="AFTER",
                ),
            ),
        ),
    ]
