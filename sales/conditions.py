"""Which fields of a lead the conditions of assignment rules may ask for."""

from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core import conditions
from crm_site.core.conditions import NUMBER, TEXT, Field, plain, through

FIELDS = {
    "source": Field(gettext_lazy("source"), TEXT, plain("source")),
    "country": Field(gettext_lazy("country"), TEXT, plain("country")),
    "industry": Field(
        gettext_lazy("industry"), TEXT, lambda lead: lead.industry or through("account", "industry")(lead)
    ),
    "company": Field(gettext_lazy("company"), TEXT, plain("company")),
    "job_title": Field(gettext_lazy("job title"), TEXT, plain("job_title")),
    "email": Field(gettext_lazy("e-mail"), TEXT, plain("email")),
    "subject": Field(gettext_lazy("subject"), TEXT, plain("subject")),
    "referrer": Field(gettext_lazy("referred by"), TEXT, plain("referrer")),
    "rating": Field(gettext_lazy("rating"), TEXT, plain("rating")),
    "currency": Field(gettext_lazy("currency"), TEXT, plain("currency")),
    "amount": Field(gettext_lazy("estimated amount"), NUMBER, plain("amount")),
    "score": Field(gettext_lazy("score"), NUMBER, plain("score")),
    "employees": Field(gettext_lazy("employees of the account"), NUMBER, through("account", "employees")),
    "campaign": Field(gettext_lazy("campaign"), TEXT, through("campaign", "name")),
    "contact_list": Field(gettext_lazy("contact list"), TEXT, through("contact_list", "name")),
    "web_form": Field(gettext_lazy("web form"), TEXT, through("web_form", "name")),
    "product": Field(gettext_lazy("product"), TEXT, through("product", "name")),
    "family": Field(gettext_lazy("product family"), TEXT, through("product", "family")),
}
LINKS = ("account", "campaign", "contact_list", "web_form", "product")
check_condition = partial(conditions.check_condition, fields=FIELDS)
holds = partial(conditions.holds, fields=FIELDS)
failed = partial(conditions.failed, fields=FIELDS)


def said_all(found):
    """All conditions of a rule in words."""
    return conditions.said_all(found, FIELDS, _("every lead"))
