"""The panels of accounts, contacts and customers: each a fragment of its own, through the gate."""

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Count, F, Q, TextField, Value
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm_site.core import lists, pages
from crm_site.core.kept import Slot, kept, kept_objects
from crm_site.core.models import User
from customers.countries import country_name
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from customers.kinds.parties import may_change
from customers.models import (
    Account,
    Activity,
    Affiliation,
    Contact,
    ContactMechanism,
    Customer,
    CustomerStatusChange,
)
from customers.operations.accounts import subtree

SHOWN = 10
LOOKED_AT = 100
WAY = tuple(field.name for field in ContactMechanism._meta.concrete_fields)
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


def places(here, other, model, *also):
    """Affiliations of a party `here` whose other side the user may see: current ones first, main before others.

    Ten and one more. Of the other side its name is read, and the fields that `also` names.
    """

    @kept_objects(*PLACE, *(f"{other}__{name}" for name in (*model.LABEL_FIELDS, *also)))
    def found(user):
        seen = model.objects.visible_to(user)
        rows = Affiliation.objects.filter(**{here: Slot("party"), f"{other}__in": seen})
        return rows.order_by(F("valid_to").desc(nulls_first=True), "-is_main", "-id")[: SHOWN + 1]

    return found


people_at = places("account", "contact", Contact, "job_title")
accounts_of = places("contact", "account", Account)


@require_GET
def account_contacts(request, pk):
    """Who is at the account, in which role, from when to when."""
    account = pages.get_visible_or_404(ACCOUNTS, request.user, pk)
    found = people_at(request.user, party=pk)
    return panel(
        request, ACCOUNTS, account, "_contacts", _("Contacts"), rows=found[:SHOWN], more=len(found) > SHOWN,
        all_url=f"{CONTACTS.base}?account={pk}", may_add=pages.may(request.user, CONTACTS, "add"),
        may_change=pages.may(request.user, CONTACTS, "change"),
    )  # fmt: skip


@require_GET
def contact_accounts(request, pk):
    """Where the contact is or was."""
    contact = pages.get_visible_or_404(CONTACTS, request.user, pk)
    found = accounts_of(request.user, party=pk)
    return panel(request, CONTACTS, contact, "_accounts", _("Accounts"), rows=found[:SHOWN], more=len(found) > SHOWN)


def shared_values(ways):
    """The e-mail addresses among these that somebody else has too: a fact, not an error; one statement."""
    values = {way.normalised for way in ways if way.type == ContactMechanism.EMAIL and not way.valid_to}
    return {value for (value,) in others_at(values=list(values), own=[way.pk for way in ways])} if values else set()


@kept
def others_at():
    """Those of some addresses that stand in other mechanisms than one's own, too."""
    rows = ContactMechanism.objects.filter(
        type=ContactMechanism.EMAIL, normalised__any_of=Slot("values", ArrayField(TextField())), valid_to__isnull=True
    )
    own = Q(pk__any_of=Slot("own", ArrayField(BigIntegerField())))
    return rows.exclude(own).order_by().values_list("normalised").distinct()


@kept_objects(*WAY)
def ways_of(noun):
    """The first mechanisms of a party, current ones first."""
    rows = ContactMechanism.objects.filter(**{noun: Slot("party")})
    return rows.order_by(F("valid_to").desc(nulls_first=True), "type", "-is_primary", "id")[: 5 * SHOWN]


@require_GET
def party_mechanisms(request, pk, kind):
    """The ways to reach an account or a contact."""
    party = pages.get_visible_or_404(kind, request.user, pk)
    ways = ways_of(kind.noun, party=pk)
    shared = shared_values(ways)
    for way in ways:
        way.is_shared = way.normalised in shared
        way.country_name = country_name(way.country)
    return panel(
        request, kind, party, "_mechanisms", _("Ways to reach"), current=[way for way in ways if not way.valid_to],
        ended=[way for way in ways if way.valid_to], types=ContactMechanism.TYPES.items(),
    )  # fmt: skip


@kept_objects(*WAY)
def ways_now():
    """The first current mechanisms of an account and a contact, of which either may be missing."""
    mine = Q(account=Slot("account")) | Q(contact=Slot("contact"))
    return ContactMechanism.objects.filter(mine, valid_to__isnull=True).order_by("type", "-is_primary", "id")[
        : 5 * SHOWN
    ]


@require_GET
def customer_mechanisms(request, pk):
    """The ways to reach a customer: those of its account and of its contact, as far as the user sees these."""
    customer = pages.get_visible_or_404(CUSTOMERS, request.user, pk)
    # One look-up a party: as sub-queries these would be read for every mechanism there is.
    seen = lists.linked((CUSTOMERS.column("account"), CUSTOMERS.column("contact")), [customer], request.user)
    account, contact = (ACCOUNTS.key, customer.account_id), (CONTACTS.key, customer.contact_id)
    ways = ways_now(account=customer.account_id if account in seen else None,
                    contact=customer.contact_id if contact in seen else None)  # fmt: skip
    shared = shared_values(ways)
    for way in ways:
        way.is_shared = way.normalised in shared
        way.of = seen[contact if way.contact_id else account]
    return panel(request, CUSTOMERS, customer, "_customer_ways", _("Ways to reach"), rows=ways)


@require_GET
def party_customers(request, pk, kind):
    """The customers that stand for an account or a contact."""
    party = pages.get_visible_or_404(kind, request.user, pk)
    for row in (found := customers_of(request.user, kind.noun, party=pk)):
        row.tone = CUSTOMERS.column("status").tones.get(row.status, "")
    return panel(
        request, kind, party, "_customers", _("Customers"), rows=found[:SHOWN],
        make_url=pages.may(request.user, CUSTOMERS, "add") and not found and f"{CUSTOMERS.base}new/?{kind.noun}={pk}",
    )  # fmt: skip


@kept_objects("name", "status")
def customers_of(user, noun):
    """The first customers that stand for a party."""
    return Customer.objects.visible_to(user).filter(**{noun: Slot("party")}).order_by("id")[: SHOWN + 1]


def rolled_up(account, user):
    """{what: how many} over an account and all below it: customers by status, open activities; one statement."""
    below = subtree(account.pk)
    accounts = Account.objects.visible_to(user).filter(pk__in=below).order_by()
    customers = Customer.objects.visible_to(user).filter(account__in=below).order_by()
    activities = Activity.objects.visible_to(user).filter(account__in=below, status=Activity.OPEN).order_by()
    parts = [
        accounts.values_list(Value("accounts")).annotate(n=Count("pk")),
        customers.values_list("status").annotate(n=Count("pk")),
        activities.values_list(Value("activities")).annotate(n=Count("pk")),
    ]
    return dict(parts[0].union(*parts[1:], all=True))


@kept_objects("name", "city")
def children_of(user):
    """The first accounts right below one."""
    rows = Account.objects.visible_to(user).filter(parent=Slot("parent"))
    return rows.order_by("name_sort", "id")[: SHOWN + 1]


@require_GET
def account_tree(request, pk):
    """The accounts below an account, and sums over all of them."""
    account = pages.get_visible_or_404(ACCOUNTS, request.user, pk)
    found = children_of(request.user, parent=pk)
    sums = rolled_up(account, request.user) if found else {}
    lines = [(label, sums[key]) for key, label in Customer.STATUSES.items() if sums.get(key)]
    return panel(
        request, ACCOUNTS, account, "_tree", _("Below this account"), rows=found[:SHOWN], more=len(found) > SHOWN,
        accounts=sums.get("accounts", 1) - 1, activities=sums.get("activities", 0), customers=lines,
        all_url=f"{ACCOUNTS.base}?parent={pk}",
    )  # fmt: skip


@kept
def people_now():
    """The contacts who are at an account now, its main ones first."""
    now = Affiliation.objects.filter(account=Slot("account"), valid_to__isnull=True)
    return now.order_by("-is_main", "id").values_list("contact")[:LOOKED_AT]


@kept_objects(*Contact.LABEL_FIELDS, "job_title")
def named_people(user):
    """The first of some contacts by name."""
    rows = Contact.objects.visible_to(user).filter(pk__any_of=Slot("ids"))
    return rows.order_by("name_sort", "id")[: SHOWN + 1]


@require_GET
def customer_people(request, pk):
    """The people of a customer: its primary contact and those at its account now, of whom a hundred are looked at."""
    customer = pages.get_visible_or_404(CUSTOMERS, request.user, pk)
    ids = [customer.contact_id] if customer.contact_id else []
    ids += [pk for (pk,) in people_now(account=customer.account_id)] if customer.account_id else []
    found = named_people(request.user, ids=ids) if ids else []
    found.sort(key=lambda contact: contact.pk != customer.contact_id)
    return panel(
        request, CUSTOMERS, customer, "_people", _("People"), rows=found[:SHOWN], more=len(found) > SHOWN,
        all_url=customer.account_id and f"{CONTACTS.base}?account={customer.account_id}",
    )  # fmt: skip


@kept_objects("to_status", "reason", "at", *(f"by__{name}" for name in User.LABEL_FIELDS))
def changes_of():
    """The last changes of a customer's status."""
    return CustomerStatusChange.objects.filter(customer=Slot("customer")).order_by("-at", "-id")[:SHOWN]


@require_GET
def customer_statuses(request, pk):
    """How a customer's status changed, and the way to change it."""
    customer = pages.get_visible_or_404(CUSTOMERS, request.user, pk)
    for row in (found := changes_of(customer=pk)):
        row.tone = CUSTOMERS.column("status").tones.get(row.to_status, "")
    return panel(request, CUSTOMERS, customer, "_statuses", _("Status"), rows=found)
