"""Operations on accounts."""

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from crm_site.core.operations import new_rows, operation, refuse, write
from customers.models import Account, Customer
from customers.operations.activities import follow
from customers.operations.mechanisms import set_reach, touch
from customers.operations.reach import ACCOUNT_REACH, columns_of, save_ways, take, ways_of

SUBTREE = """
    WITH RECURSIVE down AS (
        SELECT %s::bigint AS id
        UNION
        SELECT a.id FROM down JOIN customers_account a ON a.parent_id = down.id WHERE a.deleted_at IS NULL
    ) SELECT id FROM down
"""


def subtree(pk):
    """The ids of the account with this id and of all accounts below it, as a subquery."""
    return RawSQL(SUBTREE, [pk])  # noqa: S611 - a constant with one parameter


@operation
def create_accounts(rows, *, by):
    """Make many accounts with their mechanisms; the import's way in. Returns them in order.

    A row holds fields of Account and perhaps email, phone, mobile, street, city, region, postal_code and country,
    each a primary mechanism. The number of statements does not grow with the rows of a batch.
    """
    return new_accounts(rows, by=by)


def new_accounts(rows, *, by):
    """As create_accounts, inside another operation."""
    fields, ways = [], []
    for row in rows:
        values = dict(row)
        own = ways_of(take(values, ACCOUNT_REACH))
        ways.append(own)
        fields.append(values | columns_of(own))
    accounts = new_rows(Account, fields, by=by)
    save_ways("account", accounts, ways)
    return accounts


def create_account(values, *, by):
    """Make one account and return it."""
    return create_accounts([values], by=by)[0]


@operation
def update_account(account, values, *, by, version=None):
    """Change an account and return it; its customer's name and its activities' reach follow.

    `values` may hold the keys of mechanisms, which change the primary ones. Raises Stale when somebody saved
    meanwhile, Refused when the new parent lies below the account.
    """
    values = dict(values)
    reach = take(values, ACCOUNT_REACH)
    if parent := values.get("parent"):
        refuse_loop(account, parent)
    current, changed = write(account, values, by=by, version=version)
    if reach and set_reach(current, reach) and not changed:
        touch(current, by)
    if "name" in changed:
        rows = Customer.objects.unscoped("a name is one fact in two places")
        rows.filter(account=current, kind=Customer.BUSINESS).update(name=current.name)
    if {"owner", "team"} & set(changed):
        follow(current)
    return current


def refuse_loop(account, parent):
    """Refuse a parent that is the account itself or lies below it; the database refuses what slips past."""
    rows = Account.objects.unscoped("a loop is one whoever sees it")
    if rows.filter(pk=parent.pk, pk__in=subtree(account.pk)).exists():
        refuse(_("%(parent)s is this account or lies below it.") % {"parent": parent.name}, "parent")
