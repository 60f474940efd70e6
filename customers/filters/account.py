"""Filters of accounts."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import RecordFilters
from customers.models import Account


class AccountFilters(RecordFilters):
    """Accounts by status, industry and kind."""

    status = df.ChoiceFilter(label=_("Status"), choices=Account.STATUSES)
    industry = df.CharFilter(label=_("Industry"))

    class Meta:
        model = Account
        fields = ["is_prospect", "is_customer", "is_partner", "is_supplier", "is_competitor"]
