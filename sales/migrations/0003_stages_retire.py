from django.db import migrations, models

from crm_site.core.migrating import AtOnce


class Migration(AtOnce):
    dependencies = [("sales", "0002_pipeline_and_roles")]
    operations = [
        migrations.AddField(
            model_name="stage",
            name="is_active",
            field=models.BooleanField(default=True, verbose_name="in use"),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)), fields=["amount_base"], name="deal_amount_ix"
            ),
        ),
    ]
