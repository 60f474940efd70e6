"""The columns of quotes."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns
from sales.columns.papers import NUMBER, parties, price_book, sums
from sales.models import Quote

STATUS_TONES = {
    "draft": "grey", "sent": "azure", "accepted": "green", "rejected": "red", "expired": "orange",
    "superseded": "yellow",
}  # fmt: skip
QUOTE_COLUMNS = (
    Column("subject", _("Subject"), "self", sort="name", aliases=("quote name",)),
    NUMBER,
    Column("edition", _("Version"), "number", imports=False),
    Column("status", _("Status"), "choice", choices=Quote.STATUSES, tones=STATUS_TONES, aliases=("quote stage",)),
    *sums(),
    Column("valid_until", _("Valid until"), "date", edit=True, aliases=("valid till",)),
    Column("opportunity", _("Opportunity"), "link", kind="sales.opportunity", shown=False, aliases=("deal name",)),
    price_book(),
    *parties(),
    Column("terms", _("Terms"), "longtext", shown=False, edit=True, aliases=("terms and conditions",)),
    Column("sent_at", _("Sent"), "datetime", shown=False, imports=False),
    Column("answered_at", _("Answered"), "datetime", shown=False, imports=False),
    Column("answered_by", _("Answered by"), shown=False, imports=False),
    *record_columns(),
)
