"""Operations on contacts and on their places at accounts."""

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import insert_many
from crm_site.core.operations import Refused, lock, new_rows, operation, write
from customers.models import Account, Affiliation, Contact, Customer
from customers.operations.activities import follow
from customers.operations.mechanisms import set_reach, touch
from customers.operations.reach import CONTACT_REACH, columns_of, save_ways, take, ways_of

NAMES = {"first_name", "middle_initial", "last_name"}


@operation
def create_contacts(rows, *, by):
    """Make many contacts with their mechanisms and main accounts; the import's way in. Returns them in order.

    A row holds fields of Contact and perhaps email, phone, mobile, website, street, city, region, postal_code,
    country (each a primary mechanism), account (their main one) and role. Raises PermissionDenied for an account out
    of the user's reach. The number of statements does not grow with the rows of a batch.
    """
    return new_contacts(rows, by=by)


def new_contacts(rows, *, by):
    """As create_contacts, inside another operation."""
    fields, ways, roles = [], [], []
    rows = [dict(row) for row in rows]
    need_visible(Account, {row["account"].pk for row in rows if row.get("account")}, by)
    for row in rows:
        reach = take(row, CONTACT_REACH)
        roles.append(row.pop("role", "") or "")
        account = row.get("account")
        own = ways_of(reach, account.country if account else "")
        ways.append(own)
        fields.append(row | columns_of(own))
    contacts = new_rows(Contact, fields, by=by)
    save_ways("contact", contacts, ways)
    insert_many(Affiliation, [
        Affiliation(contact=contact, account_id=contact.account_id, role=role, is_main=True)
        for contact, role in zip(contacts, roles, strict=True)
        if contact.account_id
    ])  # fmt: skip
    return contacts


def create_contact(values, *, by):
    """Make one contact and return it; see create_contacts."""
    return create_contacts([values], by=by)[0]


def need_visible(model, ids, by):
    """Raise PermissionDenied unless the user may see all these records; one statement, none for no ids."""
    if by and ids and model.objects.visible_to(by).filter(pk__in=ids).count() != len(ids):
        raise PermissionDenied


@operation
def update_contact(contact, values, *, by, version=None):
    """Change a contact and return it; its customer's name and its activities' reach follow.

    `values` may hold the keys of mechanisms, which change the primary ones, and account with role, which makes that
    account the main one while the earlier one stays a current one. Raises Stale when somebody saved meanwhile.
    """
    values = dict(values)
    reach, role = take(values, CONTACT_REACH), values.pop("role", None)
    moves, account = "account" in values, values.pop("account", None)
    current, changed = write(contact, values, by=by, version=version)
    reached = bool(reach) and set_reach(current, reach)
    moved = moves and (account and account.pk) != current.account_id
    if moved:
        place(current, account, by, role or "")
    elif role is not None and current.account_id:
        Affiliation.objects.filter(contact=current, is_main=True).exclude(role=role).update(role=role)
    if (reached or moved) and not changed:
        touch(current, by)
    if NAMES & set(changed):
        rows = Customer.objects.unscoped("a name is one fact in two places")
        rows.filter(contact=current, kind=Customer.INDIVIDUAL).update(name=str(current))
    if {"owner", "team"} & set(changed):
        follow(current)
    return current


def place(contact, account, by, role=""):
    """Make an account the main one of a locked contact; None leaves it without one."""
    if account is None:
        Affiliation.objects.filter(contact=contact, is_main=True).update(is_main=False)
        keep_account(contact)
        return None
    need_visible(Account, {account.pk}, by)
    found = Affiliation.objects.filter(contact=contact, account=account, valid_to__isnull=True).first()
    if found is None:
        found = Affiliation(contact=contact, account=account, role=role)
        found.save()
    elif role and found.role != role:
        found.role = role
        found.save(update_fields=["role"])
    put_main(contact, found)
    return found


def put_main(contact, affiliation):
    """Move the mark of the main account."""
    Affiliation.objects.filter(contact=contact, is_main=True).exclude(pk=affiliation.pk).update(is_main=False)
    Affiliation.objects.filter(pk=affiliation.pk, is_main=False).update(is_main=True)
    affiliation.is_main = True
    keep_account(contact)


def keep_account(contact):
    """Let the contact's account be that of its main current affiliation."""
    main = Affiliation.objects.filter(contact=contact, is_main=True).first()
    if contact.account_id != (main and main.account_id):
        contact.account_id = main and main.account_id
        contact.save(update_fields=["account"])


@operation
def affiliate_contact(contact, account, *, by, role="", valid_from=None, main=False):
    """Say that a contact is at an account and return the affiliation; the first current one is the main one.

    A second one for the same account changes the role of the first.
    """
    contact = lock(contact, by)
    need_visible(Account, {account.pk}, by)
    found, made = Affiliation.objects.get_or_create(
        contact=contact, account=account, valid_to=None, defaults={"role": role, "valid_from": valid_from}
    )
    if not made:
        found.role, found.valid_from = role or found.role, valid_from or found.valid_from
        found.save(update_fields=["role", "valid_from"])
    if main or not Affiliation.objects.filter(contact=contact, is_main=True).exists():
        put_main(contact, found)
    touch(contact, by)
    return found


@operation
def end_affiliation(affiliation, *, by, on=None):
    """Say that a contact left an account on a day, today by default; the relationship stays for the record.

    When it was the main one, the newest current one becomes it. Refuses days to come and days before the beginning.
    """
    contact = lock(affiliation.contact, by)
    on = on or timezone.localdate()
    if on > timezone.localdate():
        raise Refused(_("The end lies in the future."))
    if affiliation.valid_from and on < affiliation.valid_from:
        raise Refused(_("It cannot end before it began."))
    affiliation.valid_to, affiliation.is_main = on, False
    affiliation.save(update_fields=["valid_to", "is_main"])
    rows = Affiliation.objects.filter(contact=contact, valid_to__isnull=True)
    if not rows.filter(is_main=True).exists() and (newest := rows.order_by("-id").first()):
        put_main(contact, newest)
    keep_account(contact)
    touch(contact, by)
    return affiliation


@operation
def set_main_account(contact, account, *, by):
    """Make an account the main one of a contact, adding the affiliation where there is none; None clears it."""
    contact = lock(contact, by)
    place(contact, account, by)
    touch(contact, by)
    return contact
