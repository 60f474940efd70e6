"""The columns of articles."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns
from sales.columns.papers import NUMBER
from support.models import Article

STATE_TONES = {"draft": "yellow", "published": "green", "archived": "grey"}
ARTICLE_COLUMNS = (
    Column("name", _("Title"), "self", sort="name", aliases=("title", "article title", "solution title", "question")),
    NUMBER,
    Column("state", _("State"), "choice", choices=Article.STATES, tones=STATE_TONES,
           aliases=("status", "publish status", "solution status")),
    Column("audience", _("For whom"), "choice", choices=Article.AUDIENCES, edit=True, aliases=("visibility",)),
    Column("category", _("Category"), edit=True, aliases=("topic", "section", "folder")),
    Column("product", _("Product"), "link", kind="sales.product", edit=True, aliases=("product name",)),
    Column("helpful", _("Helped"), "number", imports=False),
    Column("unhelpful", _("Did not help"), "number", shown=False, imports=False),
    Column("summary", _("In one sentence"), shown=False, edit=True, aliases=("abstract", "excerpt", "description")),
    Column("body", _("Text"), "longtext", shown=False, aliases=("answer", "content", "article body", "solution")),
    *record_columns(),
)  # fmt: skip
