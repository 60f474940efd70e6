"""Operations on customers."""

from collections import defaultdict

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import insert_many
from crm_site.core.operations import lock, new_rows, operation, refuse, write, write_many
from customers.models import Account, Affiliation, Contact, Customer, CustomerStatusChange
from customers.operations.accounts import new_accounts
from customers.operations.activities import follow
from customers.operations.contacts import NAMES, need_visible, new_contacts
from customers.operations.following import adopt_many
from customers.operations.reach import ADDRESS, refresh_customers, take

BUSINESS, INDIVIDUAL = Customer.BUSINESS, Customer.INDIVIDUAL
DERIVED = ("email", "phone", "city", "country")
PERSON, WAYS, SHARED = (*sorted(NAMES), "job_title", "salutation"), ("email", "phone", "mobile"), ("owner", "team")


@operation
def create_customers(rows, *, by):
    """Make many customers with the accounts and contacts behind them, in one transaction; returns them in order.

    A row holds fields of Customer and either `account` and `contact`, records to use, or what makes new ones:
    company, website, industry, first_name, middle_initial, last_name, job_title, email, phone, mobile, street, city,
    region, postal_code, country. Nothing is ever matched by likeness. A business has an account and perhaps a primary
    contact, who gets the e-mail and the numbers; an individual is a contact. Raises Refused when a row names neither,
    PermissionDenied for records out of reach. The number of statements does not grow with the rows.
    """
    rows = [sorted_out(dict(row)) for row in rows]
    for model, key in ((Account, "account"), (Contact, "contact")):
        need_visible(model, {row[key].pk for row, _new in rows if row.get(key)}, by)
    reused = [bool(row.get("account") or row.get("contact")) for row, _new in rows]
    make_parties(rows, by)
    made = [
        row | {"name": str(party_of(row)), **columns_from(row)} | ({"since": since} if (since := began(row)) else {})
        for row, _new in rows
    ]
    customers = new_rows(Customer, made, by=by)
    begin = {"reason": _("New customer"), "at": timezone.now(), "by": by}
    insert_many(
        CustomerStatusChange, [CustomerStatusChange(customer=c, to_status=c.status, **begin) for c in customers]
    )
    adopt_many([customer for customer, known in zip(customers, reused, strict=True) if known])
    return customers


def create_customer(values, *, by):
    """Make one customer and return it; see create_customers."""
    return create_customers([values], by=by)[0]


def began(row):
    """Since when a new customer is one: as given, today for one that starts as active."""
    if row.get("since"):
        return row["since"]
    return timezone.localdate() if row.get("status") == Customer.ACTIVE else None


def party_of(row):
    """The account or contact whose name a customer bears."""
    return row["contact"] if row["kind"] == INDIVIDUAL else row["account"]


def columns_from(row):
    """The columns that follow the party: the account's before the contact's for a business, else the other way."""
    both = [row.get("account"), row.get("contact")]
    if row["kind"] == INDIVIDUAL:
        both.reverse()
    return {name: next((v for p in both if p and (v := getattr(p, name))), "") for name in DERIVED}


def sorted_out(row):
    """(the customer's own fields, {"account": values, "contact": values} of what is to be made)."""
    company, extra = (row.pop("company", "") or "").strip(), take(row, ("website", "industry"))
    person, ways, address = take(row, PERSON), take(row, WAYS), take(row, ADDRESS)
    row["kind"] = row.get("kind") or (BUSINESS if company or row.get("account") else INDIVIDUAL)
    row.setdefault("status", Customer.PROSPECT)
    shared = {key: row[key] for key in SHARED if row.get(key)}
    named = bool((person.get("last_name") or "").strip())
    new = {}
    if row["kind"] == BUSINESS and not row.get("account"):
        if not company:
            refuse(_("Give the company's name, or choose an account."), "company")
        to_person = named or row.get("contact")
        new["account"] = {"name": company, **extra, **shared, **address, **({} if to_person else ways)}
        new["account"] |= {"is_prospect": row["status"] == Customer.PROSPECT}
        new["account"]["is_customer"] = not new["account"]["is_prospect"]
    if not row.get("contact") and named:
        place = address if row["kind"] == INDIVIDUAL else {}
        new["contact"] = {**{k: v or "" for k, v in person.items()}, **shared, **ways, **place}
    elif row["kind"] == INDIVIDUAL and not row.get("contact"):
        refuse(_("Give the person's name, or choose a contact."), "last_name")
    return row, new


def make_parties(rows, by):
    """Make the accounts and contacts that the rows lack, all accounts at once and all contacts at once."""
    lacking = [(row, new["account"]) for row, new in rows if "account" in new]
    if lacking:
        made = new_accounts([values for _row, values in lacking], by=by)
        for (row, _values), account in zip(lacking, made, strict=True):
            row["account"] = account
    bind([row for row, new in rows if "contact" not in new and row.get("contact") and row.get("account")], by)
    lacking = [(row, new["contact"]) for row, new in rows if "contact" in new]
    if lacking:
        places = [values | ({"account": row["account"]} if row.get("account") else {}) for row, values in lacking]
        for (row, _values), contact in zip(lacking, new_contacts(places, by=by), strict=True):
            row["contact"] = contact


def bind(rows, by):
    """Put existing contacts, where the user may change them, at the accounts of their customers."""
    ids = {row["contact"].pk for row in rows}
    if not ids:
        return
    contacts = Contact.objects.changeable_by(by) if by else Contact.objects.unscoped("the system acts for itself")
    open_ids = set(contacts.filter(pk__in=ids).values_list("pk", flat=True))
    with_main = set(Affiliation.objects.filter(contact__in=ids, is_main=True).values_list("contact", flat=True))
    made = []
    for row in rows:
        contact, account = row["contact"], row["account"]
        if contact.pk in open_ids:
            made.append(Affiliation(contact=contact, account=account, is_main=contact.pk not in with_main))
            with_main.add(contact.pk)
    Affiliation.objects.bulk_create(made, ignore_conflicts=True, batch_size=2000)
    moved = [a.contact_id for a in made if a.is_main]
    if moved:
        rows = Contact.objects.unscoped("an account is one fact in two places").filter(pk__in=moved)
        main = Affiliation.objects.filter(contact=OuterRef("pk"), is_main=True)
        rows.update(account=Subquery(main.values("account")[:1]))


@operation
def update_customer(customer, values, *, by, version=None):
    """Change a customer and return it; a change of status is dated and needs `reason`. Raises Stale and Refused."""
    values = dict(values)
    status, reason = values.pop("status", None), values.pop("reason", "")
    for key in ("company", "kind", "account", *PERSON, *WAYS, *ADDRESS, "website", "industry"):
        values.pop(key, None)
    if values.get("contact"):
        need_visible(Contact, {values["contact"].pk} - {customer.contact_id}, by)
    current, changed = write(customer, values, by=by, version=version)
    if status and status != current.status:
        current = put_status(current, status, reason, by)
    if "contact" in changed:
        refresh_customers("id", [current.pk])
    if {"owner", "team"} & set(changed):
        follow(current)
    return current


@operation
def change_customer_status(customer, status, reason, *, by):
    """Give a customer another status, dated and with its reason, and return it; the same status changes nothing.

    Raises Refused without a reason. Becoming active for the first time sets since when it is a customer.
    """
    current = lock(customer, by)
    return current if status == current.status else put_status(current, status, reason, by)


def put_status(customer, status, reason, by):
    """Change the status of a customer that may be changed."""
    if status not in Customer.STATUSES:
        refuse(_("There is no such status."), "status")
    if not (reason or "").strip():
        refuse(_("Say why the status changes."), "reason")
    put_statuses([(customer, reason.strip(), timezone.localdate(), by)], status)
    customer.refresh_from_db()
    return customer


def put_statuses(changes, status):
    """Give locked customers a status, each dated: [(customer, reason, since when if it becomes active, by)].

    The number of statements grows with the days and the users, not with the customers.
    """
    now, alike = timezone.now(), defaultdict(list)
    insert_many(CustomerStatusChange, [
        CustomerStatusChange(
            customer=customer, from_status=customer.status, to_status=status, reason=reason[:200], at=now, by=by
        ) for customer, reason, _since, by in changes
    ])  # fmt: skip
    for customer, _reason, since, by in changes:
        alike[customer.since or (since if status == Customer.ACTIVE else None), by].append(customer.pk)
    for (since, by), ids in alike.items():
        rows = Customer.objects.unscoped("who calls asked the gate").filter(pk__in=ids)
        write_many(rows, {"status": status, "since": since}, by=by)
