"""What follows an account, a contact or a customer: the activities' reach, the bin's choices."""

from functools import partial

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import Refused, operation, restore_record, write, write_many
from customers.models import Account, Activity, Contact, Customer

KEEP, CLOSE, MINE, DELETE, UP = "keep", "close", "mine", "delete", "up"


def follow_many(model, ids):
    """Let the activities that belong to these records be seen by their present owners and teams; one statement."""
    record = model.objects.unscoped("activities follow their record").filter(pk=OuterRef("regarding_id"))
    rows = Activity.objects.unscoped("activities follow their record")
    rows.filter(regarding_type=ContentType.objects.get_for_model(model), regarding_id__in=list(ids)).update(
        followed_owner=Subquery(record.values("owner")[:1]), followed_team=Subquery(record.values("team")[:1])
    )


follow_accounts, follow_contacts, follow_customers = (partial(follow_many, m) for m in (Account, Contact, Customer))


def adopt_many(customers):
    """Let activities of accounts and contacts that already were there count for their new customers; two statements."""
    rows = Activity.objects.unscoped("they count for the new customer").filter(customer__isnull=True)
    known = Customer.objects.unscoped("they count for the new customer").filter(pk__in=[c.pk for c in customers])
    for key, kind in (("account", Customer.BUSINESS), ("contact", Customer.INDIVIDUAL)):
        ids = [getattr(c, f"{key}_id") for c in customers if c.kind == kind]
        if ids:
            new = known.filter(kind=kind, **{key: OuterRef(key)}).values("pk")[:1]
            rows.filter(**{f"{key}__in": ids}).update(customer=Subquery(new))


def reachable(model, by, action):
    """The rows on which the user may do the action; all for the system."""
    return model.objects.visible_to(by, action) if by else model.objects.unscoped("the system acts for itself")


def open_activities(record, user):
    """The open activities that hang on a record, as far as the user sees them."""
    key = type(record)._meta.model_name
    rows = reachable(Activity, user, "view")
    return rows.filter(**{key: record}, status=Activity.OPEN)


def settle_activities(record, choice, by, now):
    """Cancel the open activities of a deleted record, take them over, or leave them; only those one may change.

    Cancelled ones bear the moment of the deletion as that of their last change, by which a restoring knows them.
    """
    rows = reachable(Activity, by, "change").filter(**{type(record)._meta.model_name: record}, status=Activity.OPEN)
    if choice == CLOSE:
        rows.update(status=Activity.CANCELLED, changed_at=now, changed_by=by, version=F("version") + 1)
    elif choice == MINE and by:
        write_many(rows, {"owner": by, "team": by.team}, by=by)


def reopen_activities(record, deleted_at, by):
    """Open the activities that the record's deletion at this moment cancelled and nobody has changed since."""
    rows = reachable(Activity, by, "change").filter(
        **{type(record)._meta.model_name: record}, status=Activity.CANCELLED, changed_at=deleted_at
    )
    write_many(rows, {"status": Activity.OPEN}, by=by)


def bin_record(record, by, now):
    """Put one record into the bin at a given moment."""
    return write(record, {"deleted_at": now, "deleted_by": by}, by=by, action="delete")[0]


def bin_customers(condition, by, now):
    """Put customers into the bin together with who stands behind them, as far as the user may delete them."""
    rows = reachable(Customer, by, "delete").filter(condition, deleted_at__isnull=True)
    write_many(rows, {"deleted_at": now, "deleted_by": by}, by=by)


@operation
def delete_account(account, *, by, activities=KEEP, customers=KEEP, children=KEEP):
    """Put an account into the bin; the choices say what becomes of its open activities, customers and children."""
    now = timezone.now()
    settle_activities(account, activities, by, now)
    if customers == DELETE:
        bin_customers(Q(account=account, kind=Customer.BUSINESS), by, now)
    if children == UP:
        write_many(reachable(Account, by, "change").filter(parent=account), {"parent": account.parent}, by=by)
    return bin_record(account, by, now)


@operation
def delete_contact(contact, *, by, activities=KEEP, customers=KEEP):
    """Put a contact into the bin; the choices say what becomes of its open activities and its customer."""
    now = timezone.now()
    settle_activities(contact, activities, by, now)
    if customers == DELETE:
        bin_customers(Q(contact=contact, kind=Customer.INDIVIDUAL), by, now)
    return bin_record(contact, by, now)


@operation
def delete_customer(customer, *, by, activities=KEEP):
    """Put a customer into the bin; its account and contact stay. The choice is for its open activities."""
    now = timezone.now()
    settle_activities(customer, activities, by, now)
    return bin_record(customer, by, now)


@operation
def restore_party(record, *, by):
    """Take an account or a contact out of the bin with the customers and activities that went with it."""
    deleted_at, key = record.deleted_at, type(record)._meta.model_name
    current = restore_record(record, by=by)
    rows = Customer.objects.deleted_for(by) if by else Customer.objects.unscoped("the system acts for itself")
    for customer in rows.filter(**{key: record}, deleted_at=deleted_at):
        restore_customer(customer, by=by)
    reopen_activities(current, deleted_at, by)
    return current


@operation
def restore_customer(customer, *, by):
    """Take a customer out of the bin, and open the activities that its deletion cancelled.

    Raises Refused when its account or person became a customer anew meanwhile.
    """
    deleted_at = customer.deleted_at
    try:
        with transaction.atomic():
            current = restore_record(customer, by=by)
    except IntegrityError as error:
        raise Refused(_("%(name)s is a customer again already.") % {"name": customer.name}) from error
    reopen_activities(current, deleted_at, by)
    return current
