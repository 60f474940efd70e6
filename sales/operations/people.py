"""Whose inquiry a lead is: the contact found by e-mail or phone, or made; for many leads by a few statements."""

from customers.countries import country_code
from customers.models import Account, Contact, ContactMechanism
from customers.operations.contacts import need_visible, new_contacts
from customers.operations.following import reachable
from customers.operations.linking import customers_behind
from customers.operations.reach import EMAIL, MOBILE, PHONE, normalise, take

# What a new contact takes over from its first lead; some of it the lead itself has no place for.
FOR_PERSON = ("mobile", "street", "city", "region", "postal_code")
TAKEN = ("first_name", "last_name", "job_title", "email", "phone", "country", "source", "owner", "team", *FOR_PERSON)
SHARED = (("first_name", "first_name"), ("last_name", "last_name"), ("job_title", "job_title"), ("email", "email"),
          ("phone", "phone"), ("country", "country"))  # fmt: skip


def give_people(rows, by):
    """Complete the contact, the account and the customer of each row in place; six statements however many rows.

    A row without a contact gets the visible one with the same e-mail address, else the one with the same number and
    last name; where there is none, one is made, and rows of one person share it. Raises PermissionDenied for a given
    contact or account out of the user's reach, and without the right to add contacts where one has to be made.
    """
    for model, key in ((Contact, "contact"), (Account, "account")):
        need_visible(model, {row[key].pk for row in rows if row.get(key)}, by)
    lacking = [row for row in rows if not row.get("contact")]
    if lacking:
        pairs = [(row, addresses(row)) for row in lacking]
        known = known_people([pair for _row, pair in pairs], by)
        for row, pair in pairs:
            row["contact"] = like(row, pair, known)
        make_people([(row, pair) for row, pair in pairs if not row["contact"]], by)
    for row in rows:
        take(row, FOR_PERSON)
        borrow(row)
    place(rows)


def addresses(row):
    """(normalised e-mail or "", normalised number or "") of a row; "" also for what cannot be understood."""
    email, mail_status = normalise(EMAIL, row.get("email") or "")
    phone, phone_status = normalise(PHONE, row.get("phone") or "", country_code(row.get("country")))
    return email if mail_status == "ok" else "", phone if phone_status == "ok" else ""


def known_people(pairs, by):
    """{(type, value): visible contacts} behind the `addresses` of some rows; two statements."""
    emails, phones = {email for email, _phone in pairs} - {""}, {phone for _email, phone in pairs} - {""}
    if not emails | phones:
        return {}
    ways = list(ContactMechanism.objects.filter(
        contact__isnull=False, valid_to__isnull=True, type__in=[EMAIL, PHONE, MOBILE],
        normalised__any_of=sorted(emails | phones),
    ).values_list("type", "normalised", "contact_id"))  # fmt: skip
    people = reachable(Contact, by, "view").filter(deleted_at__isnull=True)
    seen = {c.pk: c for c in people.filter(pk__any_of={pk for _type, _value, pk in ways})}
    found = {}
    for kind, value, pk in sorted(ways, key=lambda way: way[2]):
        if pk in seen:
            found.setdefault((EMAIL if kind == EMAIL else PHONE, value), []).append(seen[pk])
    return found


def like(row, pair, known):
    """The contact of a row among those known, or None; of several with its e-mail address the one with its name."""
    email, phone = pair
    name = (row.get("last_name") or "").strip().lower()
    same = known.get((EMAIL, email), []) if email else []
    named = [contact for contact in same if contact.last_name.lower() == name]
    if not same and phone:
        named = [c for c in known.get((PHONE, phone), []) if c.last_name.lower() == name]
    return next(iter(named or same), None)


def make_people(pairs, by):
    """Make the contacts of rows for which none is known; rows with the same e-mail or number and name share one."""
    groups = {}
    for position, (row, (email, phone)) in enumerate(pairs):
        person = (phone, row["last_name"].lower()) if phone else position
        groups.setdefault(email or person, []).append(row)
    made = new_contacts([taken(group[0]) for group in groups.values()], by=by) if groups else []
    for contact, group in zip(made, groups.values(), strict=True):
        for row in group:
            row["contact"] = contact


def taken(row):
    """The values of a new contact."""
    values = {key: row[key] for key in TAKEN if row.get(key)} | {"first_name": row.get("first_name") or ""}
    if "owner" in row:
        values["owner"] = row["owner"]
    return values | ({"account": row["account"]} if row.get("account") else {})


def borrow(row):
    """Fill the row's names and addresses that were not given from its contact."""
    for key, source in SHARED:
        if not row.get(key) and (value := getattr(row["contact"], source)):
            row[key] = value


def place(rows):
    """Set the account and the customer of each row that has none: those of its contact; two statements."""
    links = []
    for row in rows:
        account, contact = row.pop("account", None), row["contact"]
        row["account_id"] = account.pk if account else row.get("account_id") or contact.account_id
        links.append({"account_id": row["account_id"], "contact_id": contact.pk})
    behind = customers_behind(links)
    for row, link in zip(rows, links, strict=True):
        customer = row.pop("customer", None)
        found = behind.get(("account", link["account_id"])) or behind.get(("contact", link["contact_id"]))
        row["customer_id"] = customer.pk if customer else found
