"""Filters of customers."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import DaysWidget
from customers.filters.common import PartyFilters
from customers.models import Customer


class CustomerFilters(PartyFilters):
    """Customers by status, kind, country and since when they are one."""

    status = df.ChoiceFilter(label=_("Status"), choices=Customer.STATUSES)
    kind = df.ChoiceFilter(label=_("Kind"), choices=Customer.KINDS)
    since = df.DateFromToRangeFilter(label=_("Customer since"), widget=DaysWidget(_("Customer since")))

    class Meta:
        model = Customer
        fields = []
