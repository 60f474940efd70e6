"""The columns of deals."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Cell, Column
from customers.columns.common import record_columns
from sales import hygiene
from sales.columns.papers import price_book
from sales.models import CATEGORIES, Opportunity, Stage

STATE_TONES = {"open": "blue", "won": "green", "lost": "red"}
CATEGORY_TONES = {"omitted": "grey", "pipeline": "blue", "best": "azure", "commit": "orange", "closed": "green"}


@dataclass(frozen=True)
class FlagsColumn(Column):
    """What makes a deal need attention: the first flag and how many more, all rules as the title."""

    def value(self, record):
        """The flags' labels, separated by commas; None for a deal in order."""
        return ", ".join(str(label) for label, _rule in hygiene.shown_flags(record)) or None

    def show(self, record, value):
        """The cell."""
        rules = " ".join(str(rule) for _label, rule in hygiene.shown_flags(record))
        return Cell("choice", self.name, value, tone="orange", title=rules)


OPPORTUNITY_COLUMNS = (
    Column("name", _("Name"), "self", sort="name",
           aliases=("opportunity name", "deal name", "opportunity", "deal", "potential name")),
    Column("number", _("Number"), source="number", needs=("id",), sort="new", shown=False, imports=False),
    Column("account", _("Account"), "link", kind="customers.account", edit=True,
           aliases=("account name", "company", "organisation", "accountid", "account id")),
    Column("stage", _("Stage"), source="stage.name", needs=("stage__name",),
           aliases=("deal stage", "sales stage", "stage name")),
    Column("amount", _("Amount"), "money", currency="currency", edit=True,
           aliases=("value", "deal value", "deal amount", "revenue", "close value", "close_value")),
    Column("amount_from_lines", _("The amount is"), "choice", shown=False, imports=False,
           choices={False: _("typed"), True: _("the sum of the lines")}),
    Column("close_date", _("Close date"), "date", sort="close", edit=True,
           aliases=("closing date", "expected close date", "closed date", "expected close")),
    Column("probability", _("Probability, %"), "number", shown=False, edit=True,
           aliases=("probability", "probability (%)")),
    Column("next_step", _("Next step"), shown=False, edit=True, aliases=("next steps",)),
    FlagsColumn("attention", _("Attention"), "choice", source="attention", needs=hygiene.READ, imports=False),
    Column("state", _("State"), "choice", choices=Stage.STATES, tones=STATE_TONES, shown=False, imports=False),
    Column("category", _("Forecast category"), "choice", choices=CATEGORIES, tones=CATEGORY_TONES, shown=False,
           edit=True, aliases=("forecast", "forecast category name")),
    Column("pipeline", _("Pipeline"), source="pipeline.name", needs=("pipeline__name",), shown=False),
    Column("currency", _("Currency"), shown=False, edit=True, aliases=("currency code",)),
    price_book(),
    Column("amount_base", _("Amount in the company's currency"), "money", shown=False, imports=False),
    Column("weighted_base", _("Weighted amount"), "money", shown=False, imports=False),
    Column("next_step_date", _("Next step on"), "date", shown=False, edit=True),
    Column("customer", _("Customer"), "link", kind="customers.customer", shown=False, edit=True,
           aliases=("customer name",)),
    Column("contact", _("Primary contact"), "link", kind="customers.contact", shown=False, edit=True,
           aliases=("contact", "contact name", "contact id")),
    Column("type", _("Type"), "choice", choices=Opportunity.TYPES, shown=False, edit=True,
           aliases=("opportunity type", "deal type")),
    Column("source", _("Lead source"), shown=False, edit=True, aliases=("source", "leadsource")),
    Column("campaign", _("Campaign"), "link", kind="marketing.campaign", shown=False, edit=True,
           aliases=("campaign source", "primary campaign source", "campaign name")),
    Column("lead", _("Lead"), "link", kind="sales.lead", shown=False),
    Column("partner", _("Sourced by partner"), "link", kind="customers.account", shown=False, edit=True,
           aliases=("partner",)),
    Column("serviced_by", _("Serviced by partner"), "link", kind="customers.account", shown=False, edit=True),
    Column("loss_reason", _("Loss reason"), source="loss_reason.name", needs=("loss_reason__name",), shown=False,
           aliases=("reason for loss", "lost reason", "reason for loss stage")),
    Column("lost_to", _("Lost to"), "link", kind="customers.account", shown=False, imports=False),
    Column("loss_note", _("Note on the loss"), shown=False, imports=False),
    Column("closed_at", _("Closed"), "datetime", shown=False, imports=False),
    Column("pushes", _("Times pushed out"), "number", shown=False, imports=False),
    Column("last_activity_at", _("Last activity"), "datetime", shown=False, imports=False),
    Column("next_activity_at", _("Next activity"), "datetime", shown=False, imports=False),
    Column("description", _("Description"), "longtext", shown=False, edit=True, aliases=("notes", "comments")),
    *(replace(column, shown=column.name == "owner") for column in record_columns()),
)  # fmt: skip
