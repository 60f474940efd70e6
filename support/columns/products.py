"""The columns of installed products, entitlements and known issues."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Cell, Column
from customers.columns.common import record_columns
from sales.columns.papers import NUMBER, parties
from support import cover
from support.models import KnownIssue

ISSUE_TONES = {"open": "orange", "fixed": "green", "wont": "grey"}


@dataclass(frozen=True)
class WordsColumn(Column):
    """What today means for a record, in words with a tone: `said(record, today)` gives both."""

    said: object = None

    def value(self, record):
        """The words."""
        return str(self.said(record, timezone.localdate())[0])

    def show(self, record, value):
        """The cell."""
        return Cell("choice", self.name, value, tone=self.said(record, timezone.localdate())[1])


INSTALLED_COLUMNS = (
    Column("name", _("Name"), "self", needs=("name", "serial"), sort="name", aliases=("asset name", "product title")),
    NUMBER,
    Column("product", _("Product"), "link", kind="sales.product", edit=True, aliases=("product name", "item")),
    Column("serial", _("Serial number"), edit=True, aliases=("serial", "serial no", "asset tag")),
    Column("version_name", _("Version"), edit=True, aliases=("product version", "release")),
    *parties(),
    WordsColumn("cover", _("Warranty and support"), "choice", needs=("warranty_until", "support_until"), imports=False,
                said=cover.cover_of),
    Column("sale", _("Sale"), "link", kind="sales.sale", shown=False, aliases=("order", "sales order")),
    Column("bought_on", _("Bought on"), "date", shown=False, edit=True, aliases=("purchase date", "date sold")),
    Column("warranty_until", _("Warranty until"), "date", shown=False, edit=True, aliases=("warranty end",)),
    Column("support_until", _("Support until"), "date", shown=False, edit=True, aliases=("support end",)),
    Column("description", _("Description"), "longtext", shown=False, edit=True, aliases=("notes",)),
    *record_columns(),
)  # fmt: skip
ENTITLEMENT_COLUMNS = (
    Column("name", _("Name"), "self", sort="name", aliases=("contract", "contract name", "entitlement name")),
    NUMBER,
    *parties()[:2],
    Column("product", _("Only for the product"), "link", kind="sales.product", shown=False, edit=True,
           aliases=("product", "product name")),
    WordsColumn("standing", _("State"), "choice", imports=False, said=cover.standing_of,
                needs=("starts_on", "ends_on", "cases_total", "cases_used", "minutes_total", "minutes_used")),
    Column("policy", _("Service level"), source="policy.name", needs=("policy__name",), imports=False),
    Column("starts_on", _("From"), "date", edit=True, aliases=("start date", "start")),
    Column("ends_on", _("Until"), "date", edit=True, aliases=("end date", "end")),
    Column("cases_total", _("Cases"), "number", shown=False, edit=True, aliases=("cases per contract",)),
    Column("cases_used", _("Cases used"), "number", shown=False, imports=False),
    Column("minutes_total", _("Minutes of work"), "number", shown=False, edit=True),
    Column("minutes_used", _("Minutes used"), "number", shown=False, imports=False),
    Column("description", _("Description"), "longtext", shown=False, edit=True, aliases=("notes",)),
    *record_columns(),
)  # fmt: skip
ISSUE_COLUMNS = (
    Column("name", _("Title"), "self", sort="name", aliases=("title", "issue", "summary", "bug")),
    NUMBER,
    Column("state", _("State"), "choice", choices=KnownIssue.STATES, tones=ISSUE_TONES, aliases=("status",)),
    Column("product", _("Product"), "link", kind="sales.product", edit=True, aliases=("product name",)),
    Column("versions", _("Versions"), edit=True, aliases=("affected versions", "version")),
    Column("fixed_in", _("Fixed in version"), aliases=("fix version", "fixed version")),
    Column("fixed_at", _("Fixed"), "datetime", shown=False, imports=False),
    Column("workaround", _("Workaround"), "longtext", shown=False, edit=True),
    Column("description", _("Description"), "longtext", shown=False, edit=True, aliases=("notes",)),
    *record_columns(),
)  # fmt: skip
