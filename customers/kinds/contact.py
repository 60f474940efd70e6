"""Contacts as a kind of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Kind, register
from customers.columns.contact import CONTACT_COLUMNS
from customers.filters.contact import ContactFilters
from customers.forms.contact import ContactForm
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from customers.kinds.parties import CONTACT_DEPENDENTS, contact_actions
from customers.models import Contact
from customers.operations.contacts import create_contact, update_contact
from customers.operations.following import delete_contact, follow_contacts, restore_party
from customers.similar import similar_contacts


def subtitle(contact):
    """What a contact does, under the name."""
    return ", ".join(part for part in (contact.job_title, contact.department) if part)


CONTACTS = register(
    Kind(
        model=Contact, slug="contacts", menu=30, icon="user", label=_("Contact"), label_plural=_("Contacts"),
        purpose=_("The people you know, with or without a company."),
        columns=CONTACT_COLUMNS, sorts={"name": BY_NAME, "new": NEWEST, "changed": CHANGED}, default_sort="name",
        form=ContactForm, filters=ContactFilters, create=create_contact, update=update_contact,
        delete=delete_contact, restore=restore_party,
        quick=("first_name", "last_name", "account", "role", "email", "phone"), subtitle=subtitle,
        highlights=("account", "job_title", "phone", "email", "owner"),
        groups=(
            (_("About"), ("number", "salutation", "first_name", "middle_initial", "last_name", "job_title",
                          "department", "account", "reports_to", "source", "description")),
            (_("How to reach them"), ("email", "phone", "city", "country", "language", "time_zone", "birthday",
                                      "do_not_contact")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        bulk_fields=("source", "department", "do_not_contact", "language"), has_timeline=True,
        dependents=CONTACT_DEPENDENTS, similar=similar_contacts, actions=contact_actions, after_assign=follow_contacts,
    )
)  # fmt: skip
