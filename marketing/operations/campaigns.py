"""Operations on campaigns and contact lists."""

from django.conf import settings
from django.utils.translation import gettext as _

from crm_site.core.operations import new_rows, operation, refuse, write
from marketing.models import Campaign, ContactList

MONEY = ("budgeted_cost", "expected_cost", "actual_cost", "expected_revenue")
DEEPEST = 5


@operation
def create_campaigns(rows, *, by):
    """Make many campaigns from dicts of fields and return them; amounts without a currency are the company's own."""
    return new_rows(Campaign, [with_currency(dict(row)) for row in rows], by=by)


def create_campaign(values, *, by):
    """Make one campaign and return it."""
    return create_campaigns([values], by=by)[0]


@operation
def update_campaign(campaign, values, *, by, version=None):
    """Change a campaign and return it. Raises Refused for a parent below it or too deep a tree, Stale as `write`."""
    if values.get("parent"):
        refuse_tree(campaign, values["parent"])
    return write(campaign, with_currency(dict(values), campaign.currency), by=by, version=version)[0]


def with_currency(values, known=""):
    """The values with a currency where there is money."""
    if any(values.get(name) is not None for name in MONEY) and not values.get("currency", known):
        values["currency"] = settings.BASE_CURRENCY
    return values


def refuse_tree(campaign, parent):
    """Refuse a parent that is the campaign itself or lies below it, and a tree of more than five levels."""
    seen, step = 1, parent
    while step is not None:
        seen += 1
        if step.pk == campaign.pk:
            refuse(_("%(parent)s is this campaign or lies below it.") % {"parent": parent}, "parent")
        if seen > DEEPEST:
            refuse(_("Campaigns are at most five levels deep."), "parent")
        step = step.parent


@operation
def create_contact_lists(rows, *, by):
    """Make many contact lists from dicts of fields and return them."""
    return new_rows(ContactList, [dict(row) for row in rows], by=by)


def create_contact_list(values, *, by):
    """Make one contact list and return it."""
    return create_contact_lists([values], by=by)[0]
