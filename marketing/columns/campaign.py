"""The columns of campaigns."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns
from marketing.models import Campaign

TONES = {"planned": "azure", "active": "green", "completed": "grey", "aborted": "red"}
CAMPAIGN_COLUMNS = (
    Column("name", _("Name"), "self", sort="name", aliases=("campaign name", "campaign")),
    Column("number", _("Number"), source="number", needs=("id",), sort="new", shown=False, imports=False),
    Column("type", _("Type"), "choice", edit=True, choices=Campaign.TYPES, aliases=("campaign type",)),
    Column("status", _("Status"), "choice", edit=True, choices=Campaign.STATUSES, tones=TONES),
    Column("parent", _("Part of"), "link", kind="marketing.campaign", shown=False, edit=True),
    Column("starts_on", _("Starts on"), "date", edit=True, aliases=("start date", "start")),
    Column("ends_on", _("Ends on"), "date", edit=True, aliases=("end date", "end")),
    Column("budgeted_cost", _("Budgeted cost"), "money", edit=True, aliases=("budget", "budgeted cost")),
    Column("expected_cost", _("Expected cost"), "money", shown=False, edit=True),
    Column("actual_cost", _("Actual cost"), "money", edit=True, aliases=("cost",)),
    Column("expected_revenue", _("Expected revenue"), "money", shown=False, edit=True),
    Column("expected_response", _("Expected response, %"), "number", shown=False, edit=True),
    Column("currency", _("Currency"), shown=False),
    Column("description", _("Description"), "longtext", shown=False, edit=True),
    *record_columns(),
)
