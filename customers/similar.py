"""Likely duplicates of what is being typed into a form: few statements, each served by an index, each limited.

Reasons are the same e-mail address, the same number, the same or a similar name, the same web site. A record out of
the user's reach is counted and never shown.
"""

from django.core.exceptions import ValidationError
from django.db.models import Q, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from crm_site.core.converters import read_id
from crm_site.core.imports.values import parse_url
from crm_site.core.kinds import KINDS
from crm_site.core.models import Fold
from customers.countries import country_code
from customers.models import Account, Contact, ContactMechanism, Customer
from customers.operations.reach import EMAIL, MOBILE, PHONE, normalise

EACH, SHOWN, SHORTEST = 5, 8, 4


def reasons():
    """The words of the reasons, the strongest first."""
    return {
        "email": _("same e-mail"), "phone": _("same phone"), "site": _("same web site"), "name": _("same name"),
        "like": _("similar name"), "customer": _("is a customer already"),
    }  # fmt: skip


def typed(data, name):
    """A field as typed, without what the database could not hold."""
    return " ".join(str(data.get(name) or "").replace("\0", "").split())[:200]


def way_queries(data, field):
    """Queries of (kind, id, reason) for the same e-mail address or number among accounts or contacts."""
    rows = ContactMechanism.objects.filter(
        **{f"{field}__isnull": False, f"{field}__deleted_at__isnull": True}, valid_to__isnull=True
    )
    country = country_code(typed(data, "country"))
    email, status = normalise(EMAIL, typed(data, "email"))
    numbers = [normalise(PHONE, typed(data, key), country) for key in ("phone", "mobile") if typed(data, key)]
    found = []
    if email and status == "ok":
        found.append((rows.filter(type=EMAIL, normalised=email), "email"))
    if valid := [number for number, status in numbers if status == "ok"]:
        found.append((rows.filter(type__in=[PHONE, MOBILE], normalised__in=valid), "phone"))
    return [query.order_by().values_list(Value(field), f"{field}_id", Value(why))[:EACH] for query, why in found]


def name_queries(model, name, folded_name):
    """Queries of (kind, id, reason) for the same and for a similar name; `folded_name` is in the order of name_sort."""
    if len(name) < SHORTEST:
        return []
    rows = model.objects.unscoped("those out of reach are counted").filter(deleted_at__isnull=True).order_by()
    key = Value(model._meta.model_name)
    return [
        rows.filter(name_sort=Fold(Value(folded_name))).values_list(key, "pk", Value("name"))[:EACH],
        rows.filter(search_text__trigram_word_similar=Fold(Value(name))).values_list(key, "pk", Value("like"))[:EACH],
    ]


def site_queries(data):
    """The query for accounts with the same web site."""
    try:
        host = (parse_url(typed(data, "website")) or "").partition("://")[2].split("/")[0].removeprefix("www.")
    except ValidationError:
        return []
    if len(host) < SHORTEST:
        return []
    rows = Account.objects.unscoped("those out of reach are counted").filter(deleted_at__isnull=True).order_by()
    pattern = Fold(Value(f"%{host.replace('_', chr(92) + '_')}%"))
    return [rows.filter(search_text__like=pattern).values_list(Value("account"), "pk", Value("site"))[:EACH]]


def contact_names(data):
    """The queries for a person's name."""
    first, last = typed(data, "first_name"), typed(data, "last_name")
    return name_queries(Contact, f"{first} {last}", f"{last} {first}") if first and last else []


def found_by(queries, data, own):
    """{(kind, id): [reasons]} of the queries, all asked at once; a form of an existing record leaves that out."""
    if not queries:
        return {}
    itself = (own, read_id(data["itself"])) if read_id(data.get("itself") or "") else None
    found = {}
    for kind, pk, why in queries[0].union(*queries[1:], all=True) if len(queries) > 1 else queries[0]:
        if (kind, pk) != itself:
            found.setdefault((kind, pk), []).append(why)
    return found


def labels(found, user, *, customers=False):
    """[(kind, id, label)] of what was found and the user may see, and of the customers behind it; one statement."""
    ids = {key: [pk for kind, pk in found if kind == key] for key in ("account", "contact")}
    name = Concat("first_name", Value(" "), "last_name")
    parts = [
        model.objects.visible_to(user).filter(pk__in=ids[key]).order_by().values_list(Value(key), "pk", label)
        for key, model, label in (("account", Account, "name"), ("contact", Contact, name)) if ids[key]
    ]  # fmt: skip
    if customers and parts:
        theirs = Q(account__in=ids["account"]) | Q(contact__in=ids["contact"])
        rows = Customer.objects.visible_to(user).filter(theirs).order_by()
        parts.append(rows.values_list(Value("customer"), "pk", "name")[:EACH])
    if not parts:
        return []
    return list(parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0])


def told(found, user, *, customers=False):
    """([{label, url, reasons}] best first, number of those out of reach)."""
    words, shown = reasons(), []
    seen = labels(found, user, customers=customers)
    for kind, pk, label in seen:
        why = [key for key in words if key in found.get((kind, pk), ["customer"])]
        if "name" in why and "like" in why:
            why.remove("like")
        url = KINDS[f"customers.{kind}"].record_url(pk)
        place = list(words).index(why[0])
        shown.append((place, label, {"label": label, "url": url, "reasons": [str(words[key]) for key in why]}))
    hidden = len(found) - sum(1 for kind, pk, _label in seen if (kind, pk) in found)
    return [item for _place, _label, item in sorted(shown, key=lambda row: row[:2])[:SHOWN]], hidden


def similar_contacts(data, user):
    """Contacts like the one being typed; two statements."""
    return told(found_by([*way_queries(data, "contact"), *contact_names(data)], data, "contact"), user)


def similar_accounts(data, user):
    """Accounts like the one being typed; two statements."""
    name = typed(data, "name")
    queries = [*way_queries(data, "account"), *site_queries(data), *name_queries(Account, name, name)]
    return told(found_by(queries, data, "account"), user)


def similar_customers(data, user):
    """Accounts, contacts and customers like the customer being typed; two statements."""
    if read_id(data.get("itself") or ""):
        return [], 0
    company = typed(data, "company")
    queries = [*way_queries(data, "account"), *way_queries(data, "contact"), *contact_names(data)]
    queries += name_queries(Account, company, company)
    return told(found_by(queries, data, "customer"), user, customers=True)
