"""How the rows of a file become contacts, each at its account."""

from collections import defaultdict

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Importer, Target, register
from crm_site.core.imports.targets import link_targets, targets_of
from crm_site.core.loading import read_many
from customers.imports import objections
from customers.imports.common import (
    find_by,
    lost_first_name,
    reach_parts,
    reach_targets,
    save_extra,
    settle_reach,
    split_name,
    with_columns,
)  # fmt: skip
from customers.models import Contact
from customers.operations.contacts import create_contacts, update_contact

# What is read of a contact that a row names.
READ = (*Contact.LABEL_FIELDS, "email", "owner", "team", "account", "country")
COMPANY = (
    "account name",
    "company",
    "company name",
    "organization name",
    "organisation",
    "employer",
    "firma",
    "organization",
    "sales account",
    "accounts",
    "associated company",
    "primary associated company",
    "unternehmen",
    "société",
    "entreprise",
    "empresa",
)


def contact_targets():
    """Where a column of a file of contacts may go."""
    own = [
        Target("first_name", gettext_lazy("First name"), limit=100),
        Target("middle_name", gettext_lazy("Middle name"), aliases=("middle initial", "initial"), limit=100),
        Target("last_name", gettext_lazy("Last name"), required=True, limit=100),
        Target("full_name", gettext_lazy("Whole name"), limit=200),
        Target("job_title", gettext_lazy("Job title"), aliases=("position", "function"), limit=150),
        *link_targets("account", gettext_lazy("Account"), "customers.account", COMPANY),
        *reach_targets(),
        *objections.targets(),
        Target("source", gettext_lazy("Source"), aliases=("lead source", "original source"), limit=100),
        Target(
            "description", gettext_lazy("Description"), "longtext", ("notes", "note", "comments", "comment", "remarks")
        ),
    ]
    return with_columns(
        "customers.contact", own, targets_of, without=("name", "city", "country", "region", "middle_initial", "state")
    )


def prepare_contact(draft, _run):
    """First and last name from whatever names there are; an address of parts, one e-mail and the others."""
    values = draft.values
    settle_reach(draft)
    objections.settle(draft)
    whole, middle = values.pop("full_name", ""), values.pop("middle_name", "")
    first, last = values.get("first_name", ""), values.get("last_name", "")
    if whole and not last:
        first, last = (first, whole.removeprefix(first).strip()) if first else split_name(whole)
    if whole and last and not first and whole.endswith(last):
        first = whole.removesuffix(last).strip()
    if first and not last:
        first, last = "", first
        draft.warn("", _("There is only one name; it was taken for the last name."))
    elif last and not first:
        lost_first_name(draft)
    values["first_name"], values["last_name"] = first[:100], last[:100]
    if middle:
        values["middle_initial"] = middle if len(middle) <= 5 else f"{middle[0]}."


def make_contacts(rows, *, by):
    """As create_contacts; what the rows object to follows."""
    return create_contacts([objections.without(row) for row in rows], by=by)


def change_contact(contact, values, by):
    """What a file says of a contact who is here, objections too."""
    if own := objections.without(values):
        contact = update_contact(contact, own, by=by)
    objections.enter_again(contact, values, by)
    return contact


def after_contacts(drafts, run):
    """Keep the second e-mail addresses and numbers, and who wants no offers."""
    save_extra("contact", [(draft.extra, draft.record) for draft in drafts])
    objections.enter([(draft, draft.record) for draft in drafts], run)
    return {}


def find_contacts(texts, user):
    """{folded e-mail address or name: contacts that the user sees}; at most two statements."""
    rows = Contact.objects.visible_to(user)
    found = defaultdict(list)
    addresses = {text.lower() for text in texts if text and "@" in text}
    if addresses:
        for contact in read_many(rows.filter(email__any_of=addresses), only=READ):
            found[fold(contact.email)].append(contact)
    names = [" ".join(reversed(split_name(text))) for text in texts if text and "@" not in text]
    by_name = find_by(rows, names, "name_sort", lambda contact: f"{contact.first_name} {contact.last_name}", READ)
    return found | by_name


def name_of(values):
    """The name by which a row's contact is looked for."""
    return f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()


def link_contact(field, pairs, *, by):
    """Set the account of contacts that came before it, or whom they report to."""
    for contact, record in pairs.items():
        update_contact(contact, {field: record}, by=by)


CONTACT_IMPORT = register(
    Importer(
        name="contacts", label=gettext_lazy("Contacts"), model=Contact, targets=contact_targets, order=30, icon="user",
        create=make_contacts, update=change_contact, prepare=prepare_contact, after=after_contacts, find=find_contacts,
        link=link_contact, parts=lambda contact: reach_parts(contact) | objections.of(contact),
        keys={
            "email": (gettext_lazy("E-mail"), lambda values: values.get("email"), find_contacts),
            "name": (gettext_lazy("Name"), name_of, find_contacts),
        },
    )
)  # fmt: skip
