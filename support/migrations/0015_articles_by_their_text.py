from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.functions import Concat

from crm_site.core.models.record import Fold

TEXT = Concat(
    "name", models.Value(" "), "category", models.Value(" "), "summary", models.Value(" "), "body",
    output_field=models.TextField(),
)  # fmt: skip


class Migration(migrations.Migration):
    """A generated column is not changed but made anew; there are some thousand articles, never millions."""

    dependencies = [("support", "0014_cases_links_seldom_given")]
    operations = [
        migrations.RemoveIndex("article", "article_search_ix"),
        migrations.RemoveField("article", "search_text"),
        migrations.AddField(
            "article",
            "search_text",
            models.GeneratedField(
                db_persist=True, expression=Fold(TEXT), output_field=models.TextField(db_collation="C")
            ),
        ),
        migrations.AddIndex(
            "article",
            GinIndex(
                condition=models.Q(deleted_at__isnull=True),
                fields=["search_text"],
                name="article_search_ix",
                opclasses=["gin_trgm_ops"],
            ),
        ),
    ]
