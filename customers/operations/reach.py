"""What mechanisms say: values as typed made comparable, and the columns that repeat the primary ones.

The primary way of each type is repeated in the columns email, phone, city and country of its contact or account, and
of the customers behind them, so that lists filter, sort and search without a join; `refresh` writes these.
"""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from crm_site.core.imports.values import parse_email, parse_phone
from crm_site.core.loading import fresh, insert_many
from customers.countries import country_code, country_name
from customers.models import Account, Contact, ContactMechanism

EMAIL, PHONE, MOBILE = ContactMechanism.EMAIL, ContactMechanism.PHONE, ContactMechanism.MOBILE
POSTAL, WEB = ContactMechanism.POSTAL, ContactMechanism.WEB
ADDRESS = ("street", "city", "region", "postal_code", "country")
SINGLE = {"email": EMAIL, "phone": PHONE, "mobile": MOBILE, "website": WEB}
# The keys of a row that make mechanisms; an account's website is a column of its own.
CONTACT_REACH = (*SINGLE, *ADDRESS)
ACCOUNT_REACH = tuple(key for key in CONTACT_REACH if key != "website")
CODE_AFTER_PLACE = {"US", "CA", "GB", "AU", "NZ", "IN", "IE", "ZA", "SG"}


def take(values, keys):
    """Take the keys out of a dict and return them as a dict of their own."""
    return {key: values.pop(key) for key in keys if key in values}


def lines_of(address):
    """The lines of a postal address, the postal code where its country puts it."""
    if address["country"] in CODE_AFTER_PLACE:
        middle = [address["city"], f"{address['region']} {address['postal_code']}".strip()]
    else:
        middle = [f"{address['postal_code']} {address['city']}".strip(), address["region"]]
    return [part for part in (address["street"], *middle, address["country"]) if part]


def one_line(address):
    """A postal address in one line."""
    return ", ".join(lines_of(address))[:500]


def letter_address(account, contact):
    """The lines under the name on a letter: the account's, else the contact's address, for bills first; one statement.

    Both are ids or None. An address that was typed as a whole is one line.
    """
    if not (account or contact):
        return []
    rows = ContactMechanism.objects.filter(**({"account": account} if account else {"contact": contact}))
    today = timezone.localdate()
    rows = rows.filter(type=POSTAL, do_not_use=False).exclude(valid_to__lt=today).exclude(valid_from__gt=today)
    ways = rows.exclude(status="invalid").order_by("-is_primary", "id")
    way = min(ways, key=lambda way: way.purpose != "billing", default=None)
    if way is None:
        return []
    found = lines_of({key: getattr(way, key) for key in ADDRESS})
    return [*found[:-1], country_name(way.country).upper()] if way.country else found or [way.value]


def normalise(kind, value, country=""):
    """(what is compared, status) of a value as typed; what cannot be understood is kept and flagged invalid."""
    if kind == EMAIL:
        try:
            return parse_email(value) or "", "ok"
        except ValidationError:
            return value.strip().lower(), "invalid"
    if kind in (PHONE, MOBILE):
        _typed, number, valid = parse_phone(value, country or settings.DEFAULT_COUNTRY)
        return (number, "ok") if valid else ("".join(c for c in value if c.isdigit()), "invalid")
    text = " ".join(value.split()).lower()
    if kind == POSTAL:
        return text, "ok"
    return text.removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/"), "ok"


def fill(way, value, country):
    """Give a mechanism a value; an address that is typed anew is no longer bounced, and not yet verified."""
    way.verified_at = None
    way.value = str(value).strip()[:500]
    way.normalised, way.status = normalise(way.type, way.value, country)
    return way


def fill_address(way, address):
    """Give a postal mechanism its parts; a country that nobody knows stays readable in the line."""
    typed = {key: str(address.get(key) or "").strip() for key in ADDRESS}
    known = country_code(typed["country"])
    for key in ADDRESS[:-1]:
        setattr(way, key, typed[key][: ContactMechanism._meta.get_field(key).max_length])
    way.country = known
    return fill(way, one_line(typed | {"country": known or typed["country"]}), known)


def ways_of(reach, country=""):
    """New primary mechanisms of a row's e-mail, phone, mobile, website and address, not yet anybody's."""
    home = country_code(reach.get("country")) or country
    made = []
    for key, kind in SINGLE.items():
        if value := str(reach.get(key) or "").strip():
            made.append(fill(fresh(ContactMechanism, type=kind, is_primary=True), value, home))
    if any(str(reach.get(key) or "").strip() for key in ADDRESS):
        made.append(fill_address(fresh(ContactMechanism, type=POSTAL, is_primary=True), reach))
    return made


def shown_phone(way):
    """A number as lists show it: E.164 when it is known, as typed otherwise."""
    return (way.normalised if way.normalised.startswith("+") else way.value)[:60]


def columns_of(ways):
    """The columns email, phone, city and country that these primary mechanisms feed; as FROM_MECHANISMS has them."""
    by_type = {way.type: way for way in ways}
    phone = by_type.get(PHONE) or by_type.get(MOBILE)
    postal = by_type.get(POSTAL)
    return {
        "email": by_type[EMAIL].normalised[:254] if EMAIL in by_type else "",
        "phone": shown_phone(phone) if phone else "",
        "city": postal.city if postal else "",
        "country": postal.country if postal else "",
    }


def save_ways(field, parties, ways):
    """Insert the mechanisms of new parties by one statement; `ways` holds one list a party."""
    made = []
    for party, own in zip(parties, ways, strict=True):
        for way in own:
            setattr(way, f"{field}_id", party.pk)
            made.append(way)
    insert_many(ContactMechanism, made)


NUMBER = "CASE WHEN normalised LIKE '+%%' THEN normalised ELSE value END"
FROM_MECHANISMS = f"""
    SELECT p.id, left(COALESCE(max(normalised) FILTER (WHERE type = 'email'), ''), 254) AS email,
        left(COALESCE(
            max({NUMBER}) FILTER (WHERE type = 'phone'), max({NUMBER}) FILTER (WHERE type = 'mobile'), ''
        ), 60) AS phone,
        COALESCE(max(m.city) FILTER (WHERE type = 'postal'), '') AS city,
        COALESCE(max(m.country) FILTER (WHERE type = 'postal'), '') AS country
    FROM {{table}} p LEFT JOIN customers_contactmechanism m ON m.{{field}} = p.id AND m.is_primary
    WHERE {{which}} GROUP BY p.id
"""  # noqa: S608 - put together from the names below only
FIRST_OF_BOTH = """
    COALESCE(NULLIF(CASE c.kind WHEN 'individual' THEN p.{0} ELSE a.{0} END, ''),
             CASE c.kind WHEN 'individual' THEN a.{0} ELSE p.{0} END, '') AS {0}
"""
FROM_PARTIES = f"""
    SELECT c.id, {", ".join(FIRST_OF_BOTH.format(name) for name in ("email", "phone", "city", "country"))}
    FROM customers_customer c LEFT JOIN customers_account a ON a.id = c.account_id
        LEFT JOIN customers_contact p ON p.id = c.contact_id
    WHERE {{which}}
"""  # noqa: S608 - put together from the names above only
WRITE = """
    UPDATE {table} t SET email = n.email, phone = n.phone, city = n.city, country = n.country FROM ({source}) n
    WHERE t.id = n.id AND (t.email, t.phone, t.city, t.country)
        IS DISTINCT FROM (n.email::varchar, n.phone::varchar, n.city::varchar, n.country::varchar)
"""


def field_of(party):
    """The column of a mechanism that names its party."""
    return "contact" if isinstance(party, Contact) else "account"


def refresh(field, ids):
    """Write the columns that mechanisms feed, of these contacts or accounts and their customers; two statements."""
    table = {"contact": Contact, "account": Account}[field]._meta.db_table
    own = FROM_MECHANISMS.format(table=table, field=f"{field}_id", which="p.id = ANY(%s)")
    with connection.cursor() as cursor:
        cursor.execute(WRITE.format(table=table, source=own), [list(ids)])
    refresh_customers(f"{field}_id", ids)


def refresh_customers(column, ids):
    """Write the columns that customers take from their account and contact; `column` is what the ids are of."""
    source = FROM_PARTIES.format(which=f"c.{column} = ANY(%s)")
    with connection.cursor() as cursor:
        cursor.execute(WRITE.format(table="customers_customer", source=source), [list(ids)])


def drifted():
    """How many contacts, accounts and customers have columns that differ from their mechanisms; always three zeros."""
    sources = {
        "customers_contact": FROM_MECHANISMS.format(table="customers_contact", field="contact_id", which="true"),
        "customers_account": FROM_MECHANISMS.format(table="customers_account", field="account_id", which="true"),
        "customers_customer": FROM_PARTIES.format(which="true"),
    }
    found = {}
    with connection.cursor() as cursor:
        for table, source in sources.items():
            columns = "email, {0}.phone, {0}.city, {0}.country"
            cursor.execute(  # added up once, whatever the planner takes the tables to hold
                f"WITH n AS MATERIALIZED ({source}) SELECT count(*) FROM {table} t JOIN n ON n.id = t.id "  # noqa: S608 - names above
                f"WHERE (t.{columns.format('t')}) IS DISTINCT FROM (n.{columns.format('n')})".replace("%%", "%")
            )
            found[table] = cursor.fetchone()[0]
    return found
