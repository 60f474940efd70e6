from django.db import migrations, models

from crm_site.core.migrating import AtOnce

KINDS = {
    "call": "Call", "email": "E-mail", "sms": "SMS", "meeting": "Meeting", "note": "Note", "task": "Task",
    "event": "Event",
}  # fmt: skip


def kind():
    return models.CharField(choices=list(KINDS.items()), max_length=10, verbose_name="kind")


class Migration(AtOnce):
    dependencies = [("customers", "0009_open_activities_by_who_sees_them")]
    operations = [
        migrations.RemoveConstraint("activity", "activity_kind_known"),
        migrations.AlterField("activity", "kind", kind()),
        migrations.AlterField("activityevent", "kind", kind()),
        migrations.AddConstraint(
            "activity",
            models.CheckConstraint(condition=models.Q(kind__in=list(KINDS)), name="activity_kind_known"),
        ),
    ]
