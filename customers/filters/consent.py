"""Filters of the ledger of consents."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import PickFilter
from crm_site.core.lists import search
from customers.consent import standing
from customers.filters.common import flag
from customers.models import Consent, Contact, Purpose


class ConsentFilters(df.FilterSet):
    """Entries by person, purpose, status and source; all of them, or only those that count now."""

    q = df.CharFilter(label=_("Person"), method="of_person")
    contact = PickFilter(label=_("Contact"), queryset=Contact.objects.none(), options_url="/contacts/options/")
    purpose = df.ModelChoiceFilter(label=_("What for"), queryset=Purpose.objects.all())
    status = df.ChoiceFilter(label=_("Status"), choices=Consent.STATUSES)
    source = df.ChoiceFilter(label=_("Source"), choices=Consent.SOURCES)
    now = flag(_("Counts now"), method="deciding")

    class Meta:
        model = Consent
        fields = []

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.people = Contact.objects.visible_to(user)
        self.filters["contact"].extra["queryset"] = self.people

    def of_person(self, rows, _name, value):
        """Entries of contacts whom the search of contacts finds."""
        return rows.filter(contact__in=search(self.people, value.strip().replace("\0", ""), Contact))

    def deciding(self, rows, _name, value):
        """Entries that decide today."""
        return rows.filter(pk__in=standing().values("pk")) if value else rows
