"""Contact lists as a kind of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Kind, Panel, add_panel, register
from crm_site.core.operations import delete_record, restore_record, update_record
from crm_site.core.pages import RULES
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from marketing.columns.contact_list import CONTACT_LIST_COLUMNS
from marketing.filters.contact_list import ContactListFilters
from marketing.forms.contact_list import ContactListForm
from marketing.models import ContactList
from marketing.operations.campaigns import create_contact_list

RULES["contact_list_name_given"] = _("A contact list needs a name.")

CONTACT_LISTS = register(
    Kind(
        model=ContactList, slug="lists", menu=120, icon="list", label=_("Contact list"),
        label_plural=_("Contact lists"), purpose=_("Groups of people for one purpose, such as a newsletter."),
        columns=CONTACT_LIST_COLUMNS, sorts={"name": BY_NAME, "new": NEWEST, "changed": CHANGED}, default_sort="name",
        form=ContactListForm, filters=ContactListFilters, create=create_contact_list, update=update_record,
        delete=delete_record, restore=restore_record, quick=("name", "purpose"),
        highlights=("purpose", "is_active", "owner"),
        groups=(
            (_("About"), ("number", "purpose", "is_active", "description")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        bulk_fields=("purpose", "is_active"),
    )
)  # fmt: skip
add_panel("marketing.contactlist", Panel(_("Members"), "marketing:contactlist_members", order=10))
