"""Filters of contact lists."""

from crm_site.core.filters import RecordFilters
from marketing.models import ContactList


class ContactListFilters(RecordFilters):
    """Contact lists by what every record has."""

    class Meta:
        model = ContactList
        fields = []
