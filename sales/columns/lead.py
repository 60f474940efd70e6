"""The columns of leads."""

from dataclasses import dataclass

from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column
from customers.columns.common import record_columns
from sales.models import Lead

STATUS_TONES = {"new": "azure", "working": "blue", "qualified": "green", "converted": "grey", "disqualified": "red"}
RATING_TONES = {"hot": "red", "warm": "orange", "cold": "blue"}


@dataclass(frozen=True)
class OriginColumn(Column):
    """How an inquiry came in by a web form: the form, the words of the campaign's address, the page, the consent."""

    def value(self, record):
        """One a line; None for a lead that came in another way."""
        found = record.attribution
        words = ", ".join(f"{name}: {text}" for name, text in found.items() if name.startswith("utm_"))
        text = found.get("consent", {}).get("text")
        agreed = now("agreed to: %(text)s") % {"text": text} if text else ""
        return "\n".join(filter(None, (found.get("form"), words, found.get("page"), agreed))) or None


LEAD_COLUMNS = (
    Column("name", _("Name"), "self", sort="name", imports=False),
    Column("number", _("Number"), source="number", needs=("id",), sort="new", shown=False, imports=False),
    Column("first_name", _("First name"), shown=False, edit=True, aliases=("given name", "firstname")),
    Column("last_name", _("Last name"), shown=False, edit=True, aliases=("surname", "family name", "lastname")),
    Column("company", _("Company"), edit=True, aliases=("organization", "organisation", "account name")),
    Column("status", _("Status"), "choice", edit=True, choices=Lead.STATUSES, tones=STATUS_TONES,
           aliases=("lead status", "stage")),
    Column("rating", _("Rating"), "choice", edit=True, choices=Lead.RATINGS, tones=RATING_TONES),
    Column("score", _("Score"), "number", sort="score", imports=False),
    Column("email", _("E-mail"), "email", edit=True, aliases=("email address", "e-mail address", "mail")),
    Column("phone", _("Phone"), "phone", edit=True, aliases=("telephone", "phone number", "mobile")),
    Column("source", _("Source"), edit=True, aliases=("lead source", "origin")),
    Column("respond_by", _("Answer due"), "datetime", shown=False, imports=False),
    Column("job_title", _("Job title"), shown=False, edit=True, aliases=("title", "position")),
    Column("website", _("Website"), "url", shown=False, edit=True),
    Column("industry", _("Industry"), shown=False, edit=True),
    Column("country", _("Country"), shown=False, edit=True),
    Column("subject", _("Subject"), shown=False, edit=True, aliases=("interest",)),
    Column("description", _("Message"), "longtext", shown=False, edit=True, aliases=("notes", "description")),
    Column("contact", _("Contact"), "link", kind="customers.contact", shown=False),
    Column("account", _("Account"), "link", kind="customers.account", shown=False),
    Column("customer", _("Customer"), "link", kind="customers.customer", shown=False),
    Column("campaign", _("Campaign"), "link", kind="marketing.campaign", shown=False, edit=True),
    Column("contact_list", _("Contact list"), "link", kind="marketing.contactlist", shown=False, edit=True),
    Column("product", _("Product"), "link", kind="sales.product", shown=False, edit=True),
    Column("partner", _("Partner"), "link", kind="customers.account", shown=False, edit=True),
    Column("referrer", _("Referred by"), shown=False, edit=True, aliases=("referral",)),
    Column("amount", _("Estimated amount"), "money", currency="currency", shown=False, edit=True,
           aliases=("value", "expected value")),
    Column("currency", _("Currency"), shown=False, edit=True),
    Column("next_step", _("Next step"), shown=False, edit=True),
    Column("next_step_date", _("Next step on"), "date", shown=False, edit=True),
    Column("responded_at", _("First answered"), "datetime", shown=False, imports=False),
    Column("last_touch_at", _("Last touched"), "datetime", shown=False, imports=False),
    Column("disqualify_reason", _("Why disqualified"), "choice", shown=False, choices=Lead.REASONS, imports=False),
    Column("disqualify_note", _("Note"), shown=False, imports=False),
    Column("converted_at", _("Converted"), "datetime", shown=False, imports=False),
    Column("converted_account", _("Became account"), "link", kind="customers.account", shown=False, imports=False),
    Column("converted_customer", _("Became customer"), "link", kind="customers.customer", shown=False, imports=False),
    Column("converted_opportunity", _("Became opportunity"), "link", kind="sales.opportunity", shown=False,
           imports=False),
    OriginColumn("origin", _("Web form"), "longtext", needs=("attribution",), shown=False, imports=False),
    *record_columns(),
)  # fmt: skip
