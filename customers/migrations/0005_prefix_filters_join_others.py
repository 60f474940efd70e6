from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models

from crm_site.core.migrating import AtOnce
from crm_site.core.models import Fold


def whole(model, column):
    """The index of a filter by beginning, over deleted rows too: only so may PostgreSQL put it together with others."""
    name = f"{model}_{column}_ix"
    return (
        migrations.RemoveIndex(model_name=model, name=name),
        migrations.AddIndex(model, models.Index(OpClass(Fold(column), "text_pattern_ops"), name=name)),
    )


class Migration(AtOnce):
    dependencies = [("customers", "0004_what_the_planner_knows")]
    operations = [*whole("account", "industry"), *whole("contact", "source")]
