"""Operations on accounts."""

from crm_site.core.operations import new_rows, operation, write
from customers.models import Account, Customer


@operation
def create_accounts(rows, *, by):
    """Make many accounts from dicts of field values; the import's way in."""
    return new_rows(Account, rows, by=by)


def create_account(values, *, by):
    """Make one account and return it."""
    return create_accounts([values], by=by)[0]


@operation
def update_account(account, values, *, by, version=None):
    """Change an account; its customer's name follows. Raises Stale when somebody saved meanwhile."""
    current, changed = write(account, values, by=by, version=version)
    if "name" in changed:
        Customer.objects.unscoped("a name is one fact in two places").filter(account=current).update(name=current.name)
    return current
