"""The panels of accounts, contacts and customers: each a fragment of its own, through the gate."""

from django.db.models import Count, F, Q, Value
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm_site.core import lists, pages
from crm_site.core.models import User
from customers.countries import country_name
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from customers.kinds.parties import may_change
from customers.models import Account, Activity, Affiliation, Contact, ContactMechanism, Customer
from customers.operations.accounts import subtree
from customers.operations.mechanisms import ways_to

SHOWN = 10
LOOKED_AT = 100
PLACE = ("contact_id", "account_id", "role", "valid_from", "valid_to", "is_main")
# The panels with buttons that change the record; the others need not ask for the right.
CHANGED_HERE = {"_accounts", "_consents", "_mechanisms", "_statuses"}


def panel(request, kind, record, template, title, **context):
    """One panel's fragment."""
    base = kind.record_url(record.pk)
    context |= {"kind": kind, "record": record, "title": title, "base": base}
    if template in CHANGED_HERE:
        context["may_change"] = may_change(request.user, record)
    return pages.fragment(request, f"customers/parties/{template}.html", context)


def places(rows, user, other, model, *also):
    """Affiliations whose other side the user may see: current ones first, main before others; ten and one more.

    Of the other side its name is read, and the fields that `also` names.
    """
    seen = rows.filter(**{f"{other}__in": model.objects.visible_to(user)}).select_related(other)
    seen = seen.only(*PLACE, *(f"{other}__{name}" for name in (*model.LABEL_FIELDS, *also)))
    return list(seen.order_by(F("valid_to").desc(nulls_first=True), "-is_main", "-id")[: SHOWN + 1])


@require_GET
def account_contacts(request, pk):
    """Who is at the account, in which role, from when to when."""
    account = pages.get_visible_or_404(ACCOUNTS, request.user, pk)
    found = places(Affiliation.objects.filter(account=account), request.user, "contact", Contact, "job_title")
    return panel(
        request, ACCOUNTS, account, "_contacts", _("Contacts"), rows=found[:SHOWN], more=len(found) > SHOWN,
        all_url=f"{CONTACTS.base}?account={pk}", may_add=pages.may(request.user, CONTACTS, "add"),
        may_change=pages.may(request.user, CONTACTS, "change"),
    )  # fmt: skip


@require_GET
def contact_accounts(request, pk):
    """Where the contact is or was."""
    contact = pages.get_visible_or_404(CONTACTS, request.user, pk)
    found = places(Affiliation.objects.filter(contact=contact), request.user, "account", Account)
    return panel(request, CONTACTS, contact, "_accounts", _("Accounts"), rows=found[:SHOWN], more=len(found) > SHOWN)


def shared_values(ways):
    """The e-mail addresses among these that somebody else has too: a fact, not an error; one statement."""
    values = {way.normalised for way in ways if way.type == ContactMechanism.EMAIL and not way.valid_to}
    if not values:
        return set()
    others = ContactMechanism.objects.filter(
        type=ContactMechanism.EMAIL, normalised__in=values, valid_to__isnull=True
    ).exclude(pk__in=[way.pk for way in ways])
    return set(others.order_by().values_list("normalised", flat=True).distinct())


@require_GET
def party_mechanisms(request, pk, kind):
    """The ways to reach an account or a contact."""
    party = pages.get_visible_or_404(kind, request.user, pk)
    ways = list(ways_to(party)[: 5 * SHOWN])
    shared = shared_values(ways)
    for way in ways:
        way.is_shared = way.normalised in shared
        way.country_name = country_name(way.country)
    return panel(
        request, kind, party, "_mechanisms", _("Ways to reach"), current=[way for way in ways if not way.valid_to],
        ended=[way for way in ways if way.valid_to], types=ContactMechanism.TYPES.items(),
    )  # fmt: skip


@require_GET
def customer_mechanisms(request, pk):
    """The ways to reach a customer: those of its account and of its contact, as far as the user sees these."""
    customer = pages.get_visible_or_404(CUSTOMERS, request.user, pk)
    # One look-up a party: as sub-queries these would be read for every mechanism there is.
    seen = lists.linked((CUSTOMERS.column("account"), CUSTOMERS.column("contact")), [customer], request.user)
    account, contact = (ACCOUNTS.key, customer.account_id), (CONTACTS.key, customer.contact_id)
    mine = Q(account=customer.account_id) if account in seen else Q(pk__in=[])
    mine |= Q(contact=customer.contact_id) if contact in seen else Q(pk__in=[])
    rows = ContactMechanism.objects.filter(mine, valid_to__isnull=True)
    ways = list(rows.order_by("type", "-is_primary", "id")[: 5 * SHOWN])
    shared = shared_values(ways)
    for way in ways:
        way.is_shared = way.normalised in shared
        way.of = seen[contact if way.contact_id else account]
    return panel(request, CUSTOMERS, customer, "_customer_ways", _("Ways to reach"), rows=ways)


@require_GET
def party_customers(request, pk, kind):
    """The customers that stand for an account or a contact."""
    party = pages.get_visible_or_404(kind, request.user, pk)
    rows = Customer.objects.visible_to(request.user).filter(**{kind.noun: party}).reading("name", "status")
    rows = rows.order_by("id")[: SHOWN + 1]
    for row in (found := list(rows)):
        row.tone = CUSTOMERS.column("status").tones.get(row.status, "")
    return panel(
        request, kind, party, "_customers", _("Customers"), rows=found[:SHOWN],
        make_url=pages.may(request.user, CUSTOMERS, "add") and not found and f"{CUSTOMERS.base}new/?{kind.noun}={pk}",
    )  # fmt: skip


def rolled_up(account, user):
    """{what: how many} over an account and all below it: customers by status, open activities; one statement."""
    below = subtree(account)
    accounts = Account.objects.visible_to(user).filter(pk__in=below).order_by()
    customers = Customer.objects.visible_to(user).filter(account__in=below).order_by()
    activities = Activity.objects.visible_to(user).filter(account__in=below, status=Activity.OPEN).order_by()
    parts = [
        accounts.values_list(Value("accounts")).annotate(n=Count("pk")),
        customers.values_list("status").annotate(n=Count("pk")),
        activities.values_list(Value("activities")).annotate(n=Count("pk")),
    ]
    return dict(parts[0].union(*parts[1:], all=True))


@require_GET
def account_tree(request, pk):
    """The accounts below an account, and sums over all of them."""
    account = pages.get_visible_or_404(ACCOUNTS, request.user, pk)
    children = Account.objects.visible_to(request.user).filter(parent=account).reading("name", "city")
    found = list(children.order_by("name_sort", "id")[: SHOWN + 1])
    sums = rolled_up(account, request.user) if found else {}
    lines = [(label, sums[key]) for key, label in Customer.STATUSES.items() if sums.get(key)]
    return panel(
        request, ACCOUNTS, account, "_tree", _("Below this account"), rows=found[:SHOWN], more=len(found) > SHOWN,
        accounts=sums.get("accounts", 1) - 1, activities=sums.get("activities", 0), customers=lines,
        all_url=f"{ACCOUNTS.base}?parent={pk}",
    )  # fmt: skip


@require_GET
def customer_people(request, pk):
    """The people of a customer: its primary contact and those at its account now, of whom a hundred are looked at."""
    customer = pages.get_visible_or_404(CUSTOMERS, request.user, pk)
    seen = Contact.objects.visible_to(request.user)
    ids = [customer.contact_id] if customer.contact_id else []
    if customer.account_id:
        now = Affiliation.objects.filter(account=customer.account_id, valid_to__isnull=True)
        ids += now.order_by("-is_main", "id").values_list("contact", flat=True)[:LOOKED_AT]
    named = seen.only(*Contact.LABEL_FIELDS, "job_title")
    found = list(named.filter(pk__in=ids).order_by("name_sort", "id")[: SHOWN + 1]) if ids else []
    found.sort(key=lambda contact: contact.pk != customer.contact_id)
    return panel(
        request, CUSTOMERS, customer, "_people", _("People"), rows=found[:SHOWN], more=len(found) > SHOWN,
        all_url=customer.account_id and f"{CONTACTS.base}?account={customer.account_id}",
    )  # fmt: skip


@require_GET
def customer_statuses(request, pk):
    """How a customer's status changed, and the way to change it."""
    customer = pages.get_visible_or_404(CUSTOMERS, request.user, pk)
    rows = customer.status_changes.select_related("by").order_by("-at", "-id")
    rows = rows.only("customer", "to_status", "reason", "at", *(f"by__{name}" for name in User.LABEL_FIELDS))[:SHOWN]
    for row in (found := list(rows)):
        row.tone = CUSTOMERS.column("status").tones.get(row.to_status, "")
    return panel(request, CUSTOMERS, customer, "_statuses", _("Status"), rows=found)
