"""Which fields of a case the conditions of service levels may ask for."""

from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core import conditions
from crm_site.core.conditions import TEXT, Field, plain, through

PRIORITIES = {1: "urgent", 2: "high", 3: "normal", 4: "low"}


def tier(case):
    """The tier of the customer, or of the account's own customer; "standard" for those without one."""
    found = case.customer
    if found is None and case.account_id:
        found = next(iter(case.account.business), None)
    return (found.tier or "standard") if found else None


FIELDS = {
    "tier": Field(gettext_lazy("service tier"), TEXT, tier),
    "customer": Field(gettext_lazy("customer"), TEXT, through("customer", "name")),
    "account": Field(gettext_lazy("account"), TEXT, through("account", "name")),
    "entitlement": Field(gettext_lazy("contract"), TEXT, through("entitlement", "name")),
    "queue": Field(gettext_lazy("queue"), TEXT, through("queue", "name")),
    "product": Field(gettext_lazy("product"), TEXT, through("product", "name")),
    "family": Field(gettext_lazy("product family"), TEXT, through("product", "family")),
    "partner": Field(gettext_lazy("partner"), TEXT, through("partner", "name")),
    "type": Field(gettext_lazy("type: question, problem, incident, request, complaint"), TEXT, plain("type")),
    "channel": Field(gettext_lazy("channel: portal, email, phone, web"), TEXT, plain("channel")),
    "priority": Field(
        gettext_lazy("priority: urgent, high, normal, low"), TEXT, lambda case: PRIORITIES.get(case.priority)
    ),
    "subject": Field(gettext_lazy("subject"), TEXT, plain("subject")),
}
# Who the case is of; service levels that ask for these come before those that ask for anything else.
PARTY = {"tier", "customer", "account", "entitlement"}
check_condition = partial(conditions.check_condition, fields=FIELDS)
failed = partial(conditions.failed, fields=FIELDS)


def said_all(found):
    """All conditions of a service level in words."""
    return conditions.said_all(found, FIELDS, _("every case"))
