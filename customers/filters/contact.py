"""Filters of contacts."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import PickFilter
from customers.filters.common import PartyFilters, StartsWith, flag
from customers.models import Account, Contact


class ContactFilters(PartyFilters):
    """Contacts by account, source, country and whether they may be contacted."""

    account = PickFilter(label=_("Account"), queryset=Account.objects.none(), options_url="/accounts/options/")
    source = StartsWith(label=_("Source"))
    do_not_contact = flag(_("Do not contact"))

    class Meta:
        model = Contact
        fields = []

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        self.filters["account"].extra["queryset"] = Account.objects.visible_to(user)
