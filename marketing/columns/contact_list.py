"""The columns of contact lists."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns

CONTACT_LIST_COLUMNS = (
    Column("name", _("Name"), "self", sort="name", aliases=("list name",)),
    Column("number", _("Number"), source="number", needs=("id",), sort="new", shown=False, imports=False),
    Column("purpose", _("Purpose"), edit=True),
    Column("is_active", _("In use"), "bool", edit=True),
    Column("description", _("Description"), "longtext", shown=False, edit=True),
    *record_columns(),
)
