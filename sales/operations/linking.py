"""Who a lead, a deal or a paper is about: the links that follow from the given ones, for many rows at once."""

from customers.operations.linking import LINKS, customers_behind, derive_parties, known


def link_parties(rows, by):
    """Complete contact, account and customer of each row in place; records become ids ("contact_id").

    `rows` are dicts of field values. A contact brings its account, a customer who stands behind it, an account its
    customer. Raises PermissionDenied when a given record is out of the user's reach. At most five statements.
    """
    for row in rows:
        for name in LINKS:
            if name in row:
                record = row.pop(name)
                row[f"{name}_id"] = record.pk if record else None
    found = {name: known(model, {row.get(f"{name}_id") for row in rows}, by) for name, model in LINKS.items()}
    for row in rows:
        derive_parties(row, found)
        customer = found["customer"].get(row.get("customer_id"))
        if customer and not row.get("contact_id"):
            row["contact_id"] = customer.contact_id
    behind = customers_behind(rows)
    for row in rows:
        if not row.get("customer_id"):
            row["customer_id"] = behind.get(("account", row.get("account_id"))) or behind.get(
                ("contact", row.get("contact_id"))
            )
