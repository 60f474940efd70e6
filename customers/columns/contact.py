"""The columns of contacts."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns, ways_columns

CONTACT_COLUMNS = (
    Column("name", _("Name"), "self", needs=("first_name", "middle_initial", "last_name"),
           sort="name", imports=False),
    Column("number", _("Number"), source="number", needs=("id",), sort="new", shown=False, imports=False),
    Column("first_name", _("First name"), shown=False, edit=True, aliases=("given name", "firstname", "forename")),
    Column("middle_initial", _("Middle initial"), shown=False, edit=True, aliases=("middle name", "mi")),
    Column("last_name", _("Last name"), shown=False, edit=True, aliases=("surname", "family name", "lastname")),
    Column("job_title", _("Title"), edit=True, aliases=("position", "job title", "function")),
    Column("account", _("Account"), "link", kind="customers.account", edit=True,
           aliases=("company", "company name", "account name", "organization", "organisation", "employer")),
    *ways_columns(),
    Column("department", _("Department"), shown=False, edit=True),
    Column("salutation", _("Salutation"), shown=False, edit=True, aliases=("prefix", "mr/mrs")),
    Column("reports_to", _("Reports to"), "link", kind="customers.contact", shown=False, edit=True,
           aliases=("manager",)),
    Column("source", _("Source"), shown=False, edit=True, aliases=("lead source", "origin")),
    Column("language", _("Language"), shown=False, edit=True),
    Column("time_zone", _("Time zone"), shown=False, edit=True),
    Column("birthday", _("Birthday"), "date", shown=False, edit=True, aliases=("birthdate", "date of birth")),
    Column("do_not_contact", _("Do not contact"), "bool", shown=False, edit=True, aliases=("opt out",)),
    Column("description", _("Description"), "longtext", shown=False, edit=True, aliases=("notes", "comments")),
    *record_columns(),
)  # fmt: skip
