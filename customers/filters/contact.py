"""Filters of contacts."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import PickFilter
from customers.consent import allowed
from customers.filters.common import PartyFilters, StartsWith, flag
from customers.models import Account, Contact, Purpose


def purposes():
    """The purposes in use, as choices."""
    return list(Purpose.objects.filter(is_active=True).values_list("code", "name"))


class ContactFilters(PartyFilters):
    """Contacts by account, source, country and what they may be contacted for."""

    account = PickFilter(label=_("Account"), queryset=Account.objects.none(), options_url="/accounts/options/")
    source = StartsWith(label=_("Source"))
    do_not_contact = flag(_("Do not contact"))
    allows = df.ChoiceFilter(label=_("Allows"), choices=purposes, method="that_allow")

    class Meta:
        model = Contact
        fields = []

    def that_allow(self, rows, _name, value):
        """Contacts who allow a purpose now and want to be contacted at all."""
        return rows.filter(allowed(value, of="pk"), do_not_contact=False)
