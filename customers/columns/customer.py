"""The columns of customers."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import TONES, record_columns, ways_columns
from customers.models import Customer

CUSTOMER_COLUMNS = (
    Column("name", _("Name"), "self", sort="name", imports=False),
    Column("number", _("Number"), source="number", needs=("id",), sort="new", shown=False, imports=False),
    Column("kind", _("Kind"), "choice", choices=Customer.KINDS, aliases=("customer type", "type")),
    Column("status", _("Status"), "choice", choices=Customer.STATUSES, tones=TONES),
    Column("account", _("Account"), "link", kind="customers.account", shown=False, aliases=("company", "account name")),
    Column("contact", _("Primary contact"), "link", kind="customers.contact", edit=True, aliases=("contact name",)),
    *ways_columns(edit=False),
    Column("tier", _("Service tier"), "choice", shown=False, edit=True, choices=Customer.TIERS, aliases=("tier",)),
    Column("since", _("Customer since"), "date", edit=True, aliases=("start date", "customer since")),
    Column("description", _("Description"), "longtext", shown=False, edit=True, aliases=("notes", "comments")),
    *record_columns(),
)
