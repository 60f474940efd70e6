"""The columns of targets."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from sales.models import Target

TARGET_COLUMNS = (
    Column("name", _("Name"), "self", sort="name", imports=False),
    Column("number", _("Number"), source="number", needs=("id",), sort="new", shown=False, imports=False),
    Column("user", _("User"), "user", shown=False, aliases=("sales rep", "person", "sales agent")),
    Column("for_team", _("For the team"), "text", source="for_team.name", needs=("for_team__name",), shown=False),
    Column("metric", _("What counts"), "choice", choices=Target.METRICS),
    Column("family", _("Only this product family"), shown=False),
    Column("period", _("Period"), "choice", choices=Target.PERIODS),
    Column("starts_on", _("From"), "date", sort="starts", aliases=("start date", "starts on")),
    Column("ends_on", _("To"), "date", imports=False),
    Column("value", _("Target"), "money", edit=True, aliases=("quota", "amount", "goal")),
    Column("owner", _("Owner"), "user", shown=False, imports=False),
    Column("team", _("Team"), "text", source="team.name", needs=("team__name",), shown=False, imports=False),
    Column("tags", _("Tags"), "tags", edit=True, shown=False),
    Column("created_at", _("Created"), "datetime", sort="new", shown=False, imports=False),
    Column("created_by", _("Created by"), "user", shown=False, imports=False),
    Column("changed_at", _("Changed"), "datetime", sort="changed", shown=False, imports=False),
)
