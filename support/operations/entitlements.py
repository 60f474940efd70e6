"""Operations on entitlements: which one holds for a case, whether work may start, and what a case takes of it."""

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Case, F, Func, IntegerField, Q, Value, When
from django.db.models.functions import Cast, Least
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.kept import Slot, kept_objects
from crm_site.core.operations import lock, new_rows, operation, refuse, update_record
from customers.models import Account
from support import cover
from support.models import Entitlement, EntitlementUse
from support.operations.cases import update_case

MOST_LEVELS = 20


@operation
def create_entitlements(rows, *, by):
    """Make many entitlements and return them in order; the import's way in. Without a first day it holds from today."""
    if any(not (row.get("customer") or row.get("account")) for row in rows):
        refuse(_("Say whose it is: a customer or an account."), "customer")
    today = timezone.localdate()
    return new_rows(Entitlement, [row | {"starts_on": row.get("starts_on") or today} for row in rows], by=by)


def create_entitlement(values, *, by):
    """Make one entitlement and return it."""
    return create_entitlements([values], by=by)[0]


def update_entitlement(entitlement, values, *, by, version=None):
    """Change an entitlement and return it. Raises Stale."""
    return update_record(entitlement, values, by=by, version=version)


def accounts_up(account):
    """The ids of an account and of those above it, the nearest first."""
    found, account_id = ([account.pk], account.parent_id) if account else ([], None)
    while account_id and account_id not in found and len(found) < MOST_LEVELS:
        found.append(account_id)
        above = Account.objects.unscoped("a contract of the parent holds below it").filter(pk=account_id)
        account_id = above.values_list("parent", flat=True).first()
    return found


def entitlements_of(values):
    """Entitlements of a case's parties for its product, today's and others: the nearest first.

    `values` holds customer, account, contact, product and installed, as a case's form gives them, or lacks them. One
    for the very product comes before one for all; the customer's own before the account's, that before its parents';
    of equals the one that ends first.
    """
    installed, customer, contact = (values.get(name) for name in ("installed", "customer", "contact"))
    product = values.get("product") or (installed.product if installed else None)
    holder = values.get("account") or next(
        (p.account for p in (customer, contact, installed) if p and p.account_id), None
    )
    accounts = accounts_up(holder)
    if not customer and not accounts:
        return []
    return nearest(customer=customer and customer.pk, accounts=accounts, product=product and product.pk)


@kept_objects("name", "starts_on", "ends_on", "cases_total", "cases_used", "minutes_total", "minutes_used")
def nearest():
    """The entitlements of a customer or of accounts, in the order of these, for a product or for all."""
    customer, product, accounts = (
        Slot("customer"),
        Slot("product"),
        Cast(Slot("accounts"), ArrayField(BigIntegerField())),
    )
    rows = Entitlement.objects.unscoped("what a customer is entitled to holds whoever works").filter(
        Q(account__pk__any_of=accounts) | Q(customer__account__pk__any_of=accounts) | Q(customer=customer),
        Q(product=None) | Q(product=product), deleted_at=None,
    )  # fmt: skip
    far = [Func(accounts, F(name), function="array_position", output_field=IntegerField())
           for name in ("account", "customer__account")]  # fmt: skip
    away = Case(When(customer=customer, then=Value(0)), default=Least(*far))
    return rows.order_by(F("product").asc(nulls_last=True), away, F("ends_on").asc(nulls_last=True), "pk")


def holds(entitlement, day):
    """Whether it holds on a day and has something left."""
    return cover.standing_of(entitlement, day)[1] == "green"


def entitlement_for(values, on=None):
    """The entitlement that fits a case's values on a day (default: today), or None; see entitlements_of."""
    day = on or timezone.localdate()
    return next((row for row in entitlements_of(values) if holds(row, day)), None)


def values_of(case):
    """What entitlement_for asks for, of a case."""
    return {name: getattr(case, name) for name in ("customer", "account", "contact", "product", "installed")}


def check_entitlement(case):
    """{entitlement, covered, text, tone} of a case before work starts: by what it is covered, or why it is not.

    The case's own entitlement decides; without one, the one that would fit. A case that was counted stays covered.
    """
    own, today = case.entitlement, timezone.localdate()
    near = [] if own else entitlements_of(values_of(case))
    found = own or next((row for row in near if holds(row, today)), None)
    if found is None:
        lapsed = near[-1] if near else None
        text = _("Not covered: %(name)s. %(why)s") % {"name": lapsed, "why": words(lapsed)} if lapsed else None
        return {
            "entitlement": None,
            "covered": False,
            "tone": "red",
            "text": text or _("No support contract is known."),
        }
    if own and EntitlementUse.objects.filter(case=case, entitlement=own).exists():
        return {
            "entitlement": own,
            "covered": True,
            "tone": "green",
            "text": _("Counted. %(state)s.") % {"state": words(own)},
        }
    covered = holds(found, today)
    return {"entitlement": found, "covered": covered, "tone": "green" if covered else "red", "text": f"{words(found)}."}


def words(entitlement):
    """Its state today."""
    return cover.standing_of(entitlement, timezone.localdate())[0]


@operation
def use_entitlement(case, *, by, minutes=0):
    """Count a case against its entitlement, or else the one that fits; returns the use.

    However often, and by however many at once, a case counts once; `minutes` of work add up. Raises Refused when there
    is no entitlement, it does not hold today, or nothing is left of it.
    """
    case = lock(case, by)
    use = EntitlementUse.objects.filter(case=case).first()
    wanted = use.entitlement if use else case.entitlement or entitlement_for(values_of(case))
    if wanted is None:
        refuse(_("No support contract is known."))
    rows = Entitlement.objects.unscoped("counting needs no right to change the contract").filter(pk=wanted.pk)
    held = rows.select_for_update(of=("self",)).get()
    if use is None:
        if not holds(held, timezone.localdate()):
            refuse(_("%(name)s does not cover it: %(why)s.") % {"name": held, "why": words(held)})
        use = EntitlementUse.objects.create(case=case, entitlement=held, minutes=minutes)
        rows.update(cases_used=F("cases_used") + 1, minutes_used=F("minutes_used") + minutes)
        if case.entitlement_id != held.pk:
            # By the case's own operation, so that its promises follow.
            update_case(case, {"entitlement": held}, by=by)
    elif minutes:
        EntitlementUse.objects.filter(pk=use.pk).update(minutes=F("minutes") + minutes)
        rows.update(minutes_used=F("minutes_used") + minutes)
    return use
