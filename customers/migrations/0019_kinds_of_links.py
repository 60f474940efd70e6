from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0018_links_know_the_kind")]
    operations = [
        migrations.RunSQL(
            "UPDATE customers_activitylink link SET kind = a.kind FROM customers_activity a WHERE a.id = activity_id",
            migrations.RunSQL.noop,
        )
    ]
