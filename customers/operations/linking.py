"""What an activity hangs on: the links that are derived from the given ones, for many rows by a few statements."""

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied

from crm_site.core.loading import read_many
from customers.models import Account, Contact, Customer

LINKS = {"contact": Contact, "account": Account, "customer": Customer}
# What is read of them here.
READ = {
    Contact: ("owner", "team", "account"), Account: ("owner", "team"),
    Customer: ("owner", "team", "kind", "account", "contact"),
}  # fmt: skip


def owner_of(record):
    """What an activity takes over from the record it belongs to."""
    return {"followed_owner_id": record.owner_id, "followed_team_id": record.team_id}


def link_rows(rows, by):
    """Complete the links of each row in place: records become ids, missing links and the followed owner are found.

    `rows` are dicts with any of contact, account, customer and regarding, as records or, with _id, as ids. Raises
    PermissionDenied when `by` may not see one of them.
    """
    for row in rows:
        take_ids(row)
    found = {name: known(model, {row.get(f"{name}_id") for row in rows}, by) for name, model in LINKS.items()}
    for row in rows:
        regard(row, found)
    for row in rows:
        derive_parties(row, found)
    customers = customers_behind(rows)
    for row in rows:
        if not row.get("customer_id"):
            row["customer_id"] = customers.get(("account", row.get("account_id"))) or customers.get(
                ("contact", row.get("contact_id"))
            )


def take_ids(row):
    """Replace linked records by their ids, and take over what the regarding record itself is linked to."""
    for name in LINKS:
        record = row.pop(name, None)
        if record is not None:
            row[f"{name}_id"] = record.pk
    regarding = row.get("regarding")
    for name, model in LINKS.items():
        if isinstance(regarding, model):
            row[f"{name}_id"] = row.get(f"{name}_id") or regarding.pk
            row.pop("regarding")


def known(model, ids, by):
    """{id: record, read as far as READ says} of the given ids, through the gate."""
    ids = ids - {None}
    if not ids:
        return {}
    rows = model.objects.visible_to(by) if by else model.objects.unscoped("the system links for itself")
    found = {row.pk: row for row in read_many(rows.filter(pk__any_of=ids), only=READ[model])}
    if by and len(found) < len(ids):
        raise PermissionDenied
    return found


def regard(row, found):
    """Set what the row belongs to: the given record, else the most specific link, and whose it is."""
    record = row.pop("regarding", None)
    if record is None and not row.get("regarding_id"):
        record = next((found[name][row[f"{name}_id"]] for name in LINKS if row.get(f"{name}_id")), None)
    if record is None:
        return
    row |= owner_of(record) | {
        "regarding_type_id": ContentType.objects.get_for_model(type(record)).pk, "regarding_id": record.pk,
    }  # fmt: skip
    for name in LINKS:
        if not row.get(f"{name}_id") and getattr(record, f"{name}_id", None):
            row[f"{name}_id"] = getattr(record, f"{name}_id")


def derive_parties(row, found):
    """The account of the contact, and who stands behind a customer."""
    contact = found["contact"].get(row.get("contact_id"))
    customer = found["customer"].get(row.get("customer_id"))
    if contact and not row.get("account_id"):
        row["account_id"] = contact.account_id
    if customer:
        row["account_id"] = row.get("account_id") or customer.account_id
        if customer.kind == Customer.INDIVIDUAL:
            row["contact_id"] = row.get("contact_id") or customer.contact_id


def customers_behind(rows):
    """{("account", id) or ("contact", id): customer id} for the rows without a customer; two statements."""
    accounts = {row.get("account_id") for row in rows if not row.get("customer_id")} - {None}
    contacts = {row.get("contact_id") for row in rows if not row.get("customer_id")} - {None}
    alive = Customer.objects.unscoped("an activity counts for its customer, whoever logs it").filter(
        deleted_at__isnull=True
    )
    found = {}
    if accounts:
        pairs = alive.filter(kind=Customer.BUSINESS, account__pk__any_of=accounts).values_list("account_id", "pk")
        found |= {("account", key): pk for key, pk in pairs}
    if contacts:
        pairs = alive.filter(kind=Customer.INDIVIDUAL, contact__pk__any_of=contacts).values_list("contact_id", "pk")
        found |= {("contact", key): pk for key, pk in pairs}
    return found
