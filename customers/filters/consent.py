"""Filters of the ledger of consents."""

import django_filters as df
from django import forms
from django.utils.translation import gettext_lazy as _

from crm_site.core.lists import search
from customers.consent import standing
from customers.filters.common import flag
from customers.models import Consent, Contact, Purpose


class ConsentFilters(df.FilterSet):
    """Entries by person, purpose, status and source; all of them, or only those that count now."""

    q = df.CharFilter(label=_("Person"), method="of_person")
    contact = df.NumberFilter(widget=forms.HiddenInput)
    purpose = df.ModelChoiceFilter(label=_("What for"), queryset=Purpose.objects.all(), empty_label="—")
    status = df.ChoiceFilter(label=_("Status"), choices=Consent.STATUSES, empty_label="—")
    source = df.ChoiceFilter(label=_("Source"), choices=Consent.SOURCES, empty_label="—")
    now = flag(_("Counts now"), method="deciding")

    class Meta:
        model = Consent
        fields = []

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.people = Contact.objects.visible_to(user)

    def of_person(self, rows, _name, value):
        """Entries of contacts whom the search of contacts finds."""
        return rows.filter(contact__in=search(self.people, value.strip().replace("\0", ""), Contact))

    def deciding(self, rows, _name, value):
        """Entries that decide today."""
        return rows.filter(pk__in=standing().values("pk")) if value else rows
