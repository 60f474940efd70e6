"""Which support contract holds for a case: the nearest one of its customer or its account for its product."""

from datetime import date

from django.db import connection
from django.utils import timezone

from support import cover
from support.models import Entitlement

# An account's contracts, and those of the customer that it is, hold for all accounts below it. OFFSET 0 keeps the
# planner, which takes the few accounts for thousands, from reading all contracts.
NEAREST = """
    WITH RECURSIVE up AS (
        SELECT id AS start, id, parent_id, 1 AS far FROM customers_account WHERE id = ANY(%(accounts)s)
        UNION ALL
        SELECT up.start, above.id, above.parent_id, up.far + 1 FROM up
        JOIN customers_account AS above ON above.id = up.parent_id WHERE up.far < 20
    )
    SELECT 'account', up.start, own.id, up.far FROM up CROSS JOIN LATERAL (
        SELECT id FROM support_entitlement WHERE account_id = up.id AND deleted_at IS NULL
        UNION ALL
        SELECT entitled.id FROM customers_customer AS customer
        JOIN support_entitlement AS entitled ON entitled.customer_id = customer.id AND entitled.deleted_at IS NULL
        WHERE customer.account_id = up.id OFFSET 0
    ) AS own
    UNION ALL
    SELECT 'customer', customer_id, id, 0 FROM support_entitlement
    WHERE customer_id = ANY(%(customers)s) AND deleted_at IS NULL
"""


def contracts_of(cases):
    """[contracts of the parties of each case for its product, today's and others, the nearest first]; two statements.

    Cases are given as (customer, account, product), each an id or None. One for the very product comes before one for
    all; the customer's own before the account's, that before its parents'; of equals the one that ends first.
    """
    accounts = {account for _customer, account, _product in cases} - {None}
    customers = {customer for customer, _account, _product in cases} - {None}
    if not accounts and not customers:
        return [[] for _case in cases]
    with connection.cursor() as cursor:
        cursor.execute(NEAREST, {"accounts": list(accounts), "customers": list(customers)})
        near = cursor.fetchall()
    rows = Entitlement.objects.unscoped("what a customer is entitled to holds whoever works")
    found = rows.in_bulk({pk for _whose, _party, pk, _far in near}) if near else {}
    return [ranked(case, near, found) for case in cases]


def ranked(case, near, found):
    """The contracts among `near` that are for one case, in their order."""
    customer, account, product = case
    far = {}
    for whose, party, pk, steps in near:
        if party == (customer if whose == "customer" else account):
            far[pk] = min(steps, far.get(pk, steps))
    rows = [found[pk] for pk in far if found[pk].product_id in (None, product)]
    return sorted(rows, key=lambda row: (row.product_id is None, far[row.pk], row.ends_on or date.max, row.pk))


def entitlements_of(values):
    """As `contracts_of`, for one case; `values` holds customer, account, contact, product and installed, or lacks them.

    Where no account is given it is that of the customer, the contact or the installed product.
    """
    customer, contact, installed = (values.get(name) for name in ("customer", "contact", "installed"))
    product = values.get("product") or (installed and installed.product)
    account = values.get("account_id") or (values.get("account") and values["account"].pk)
    account = account or next((p.account_id for p in (customer, contact, installed) if p and p.account_id), None)
    return contracts_of([(customer and customer.pk, account, product and product.pk)])[0]


def holds(entitlement, day):
    """Whether it holds on a day and has something left."""
    return not entitlement.deleted_at and cover.standing_of(entitlement, day)[1] == "green"


def entitlement_for(values, on=None):
    """The entitlement that fits a case's values on a day (default: today), or None; see entitlements_of."""
    day = on or timezone.localdate()
    return next((row for row in entitlements_of(values) if holds(row, day)), None)


def cover_new(rows, moments):
    """Give rows of new cases that name no contract, in place, the one that holds at the moment of each."""
    bare = [(row, at) for row, at in zip(rows, moments, strict=True)
            if not (row.get("entitlement") or row.get("entitlement_id"))]  # fmt: skip
    for (row, at), near in zip(bare, contracts_of([parties_of(row) for row, _at in bare]), strict=True):
        row.pop("entitlement_id", None)
        row["entitlement"] = next((one for one in near if holds(one, timezone.localdate(at))), None)


def parties_of(row):
    """(customer, account, product) of a row of a new case, as ids."""
    installed, product = row.get("installed"), row.get("product")
    product = row.get("product_id") or (product.pk if product else installed and installed.product_id)
    return row.get("customer_id"), row.get("account_id") or (installed and installed.account_id), product
