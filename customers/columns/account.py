"""The columns of accounts."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import TONES, record_columns, ways_columns
from customers.models import Account

CURRENCY_NAMES = ("currency code", "currency iso code", "währung", "devise", "moneda", "valuta")
ACCOUNT_COLUMNS = (
    Column(
        "name",
        _("Name"),
        "self",
        sort="name",
        edit=False,
        aliases=("account name", "company", "company name", "organization"),
    ),
    Column("number", _("Number"), source="number", needs=("id",), sort="new", shown=False, imports=False),
    Column("status", _("Status"), "choice", edit=True, choices=Account.STATUSES, tones=TONES),
    Column("industry", _("Industry"), edit=True, aliases=("sector",)),
    Column("website", _("Website"), "url", edit=True, aliases=("web site", "url", "domain")),
    *ways_columns(),
    Column("parent", _("Parent account"), "link", kind="customers.account", shown=False, edit=True),
    Column("employees", _("Employees"), "number", shown=False, edit=True),
    Column("revenue", _("Annual revenue"), "money", shown=False, edit=True),
    Column("currency", _("Currency"), shown=False, aliases=CURRENCY_NAMES),
    Column("is_prospect", _("Prospect"), "bool", shown=False, edit=True),
    Column("is_customer", _("Customer"), "bool", shown=False, edit=True),
    Column("is_partner", _("Partner"), "bool", shown=False, edit=True),
    Column("is_supplier", _("Supplier"), "bool", shown=False, edit=True),
    Column("is_competitor", _("Competitor"), "bool", shown=False, edit=True),
    Column("partner_tier", _("Partner tier"), "choice", shown=False, choices=Account.TIERS),
    Column("description", _("Description"), "longtext", shown=False, edit=True),
    *record_columns(),
)
