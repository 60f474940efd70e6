"""Forms of contact lists."""

from crm_site.core.forms import RecordForm
from marketing.models import ContactList


class ContactListForm(RecordForm):
    """A contact list."""

    class Meta:
        model = ContactList
        fields = ["name", "purpose", "is_active", "description", "owner", "team", "tags"]
