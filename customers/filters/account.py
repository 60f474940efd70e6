"""Filters of accounts."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import PickFilter
from customers.filters.common import PartyFilters, StartsWith, flag
from customers.models import Account


class AccountFilters(PartyFilters):
    """Accounts by status, industry, kind, parent and country."""

    status = df.ChoiceFilter(label=_("Status"), choices=Account.STATUSES)
    industry = StartsWith(label=_("Industry"))
    is_prospect = flag(_("Prospect"))
    is_customer = flag(_("Customer"))
    is_partner = flag(_("Partner"))
    is_supplier = flag(_("Supplier"))
    is_competitor = flag(_("Competitor"))
    parent = PickFilter(label=_("Parent account"), queryset=Account.objects.none(), options_url="/accounts/options/")

    class Meta:
        model = Account
        fields = []
