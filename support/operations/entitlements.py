"""Operations on entitlements: whether work may start on a case, and what it takes of its entitlement."""

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import lock, new_rows, operation, refuse, update_record
from support import cover
from support.contracts import entitlement_for, entitlements_of, holds
from support.models import Entitlement, EntitlementUse
from support.operations.cases import update_case


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
