"""The columns of deal registrations."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns
from sales.columns.papers import NUMBER
from support.models import DealRegistration

STATE_TONES = {"pending": "yellow", "approved": "green", "rejected": "red", "expired": "grey"}
REGISTRATION_COLUMNS = (
    Column("name", _("Prospect"), "self", sort="name", aliases=("prospect", "company", "deal")),
    NUMBER,
    Column("partner", _("Partner"), "link", kind="customers.account", aliases=("partner name", "reseller")),
    Column("state", _("State"), "choice", choices=DealRegistration.STATES, tones=STATE_TONES, imports=False),
    Column("protected_until", _("Protected until"), "date", imports=False),
    Column("account", _("The prospect's account"), "link", kind="customers.account", aliases=("account name",)),
    Column("domain", _("The prospect's domain"), aliases=("domain", "website")),
    Column("opportunity", _("Opportunity"), "link", kind="sales.opportunity", shown=False),
    Column("decided_at", _("Decided"), "datetime", shown=False, imports=False),
    Column("decision_note", _("Note on the decision"), shown=False, imports=False),
    Column("description", _("Description"), "longtext", shown=False, edit=True, aliases=("notes",)),
    *record_columns(),
)
