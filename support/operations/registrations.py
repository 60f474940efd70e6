"""Operations on deal registrations: partners bring prospects, managers decide, the days of protection end."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.notifications import notify
from crm_site.core.operations import lock, new_rows, operation, refuse, write, write_many
from sales.operations.opportunities import update_opportunity
from support.cover import day
from support.models import Certification, DealRegistration

PROTECTED_DAYS = 90


def decides(user):
    """Whether somebody decides on registrations and may know of clashes: who may change more than their own."""
    return user.reach(DealRegistration, "change") not in ("none", "own")


def bare_domain(text):
    """The domain of a web page or a mail address: "kith.test" of "https://www.Kith.test/start" or "a@kith.test"."""
    found = (text or "").strip().lower().rpartition("@")[2]
    return found.rpartition("//")[2].partition("/")[0].removeprefix("www.")


@operation
def register_deals(rows, *, by):
    """Register many prospects and return the registrations in order, all pending; the import's way in.

    Raises Refused for an account that is no partner. Nothing here tells of other registrations of the same prospect.
    """
    of = by.partner if by else None
    return new_rows(DealRegistration, [checked({"partner": of} | row) for row in rows], by=by)


def checked(row):
    """A row of a partner's, with a bare domain; the account is the opportunity's unless given."""
    if "partner" in row and not (row["partner"] and row["partner"].is_partner):
        refuse(_("This account is no partner."), "partner")
    if "domain" in row:
        row["domain"] = bare_domain(row["domain"])
    deal = row.get("opportunity")
    if deal and not row.get("account"):
        row["account"] = deal.account
    return row


def register_deal(values, *, by):
    """Register one prospect and return the registration."""
    return register_deals([values], by=by)[0]


@operation
def update_registration(registration, values, *, by, version=None):
    """Change a registration and return it. Raises Stale. What was decided on stays: prospect and partner are fixed."""
    registration = lock(registration, by)
    about = {name: getattr(registration, name) for name in ("partner", "account", "domain")}
    fixed = [name for name, was in about.items() if values.get(name, was) != was]
    if fixed and registration.state != DealRegistration.PENDING:
        refuse(_("Whom a decided registration is about stays. Register it anew."), fixed[0])
    changed = {name: value for name, value in values.items() if name in fixed or getattr(registration, name) != value}
    return write(registration, checked(changed), by=by, version=version)[0]


def same_prospect(registration):
    """The condition that a registration is about the same account or domain; an empty one where neither is known."""
    same = Q(account=registration.account_id) if registration.account_id else Q()
    return same | Q(domain=registration.domain) if registration.domain else same


def clashes_of(registration):
    """Other partners' approved registrations of the same prospect whose protection lasts; for managers only."""
    rows, same = DealRegistration.objects.unscoped("only managers are told"), same_prospect(registration)
    if not same:
        return rows.none()
    live = {"state": DealRegistration.APPROVED, "protected_until__gte": timezone.localdate(), "deleted_at": None}
    return rows.filter(same, **live).exclude(pk=registration.pk).exclude(partner=registration.partner_id)


@operation
def approve_registration(registration, *, by, days=PROTECTED_DAYS, note="", anyway=False):
    """Protect a prospect for its partner for so many days from today; returns the registration.

    Raises Refused when another partner's protection lasts, unless `anyway`. Of two that are approved at the same moment
    the second sees the first. The partner becomes the one who sourced the deal, where nobody is named.
    """
    same = Q(pk=registration.pk) | same_prospect(registration)
    rows = DealRegistration.objects.unscoped("whoever is about the same prospect waits").filter(same)
    list(rows.select_for_update(of=("self",)).order_by("pk").values("pk"))
    registration = decidable(registration, by)
    if registration.state == DealRegistration.APPROVED:
        refuse(_("It is approved already."))
    clash = clashes_of(registration).select_related("partner").first()
    if clash and not anyway:
        text = _("%(partner)s has this prospect until %(day)s.")
        refuse(text % {"partner": clash.partner, "day": day(clash.protected_until)}, "anyway")
    until = timezone.localdate() + timedelta(days=days)
    made = decide(registration, DealRegistration.APPROVED, note, by, protected_until=until)
    if made.opportunity_id and made.opportunity.partner_id is None:
        update_opportunity(made.opportunity, {"partner": made.partner}, by=None)
    return made


def decidable(registration, by):
    """The registration, locked, for who decides."""
    if by and not decides(by):
        refuse(_("Only managers decide on registrations."))
    return lock(registration, by)


@operation
def reject_registration(registration, note, *, by):
    """Turn a registration down with a reason; returns it."""
    registration = decidable(registration, by)
    if registration.state == DealRegistration.REJECTED:
        refuse(_("It is rejected already."))
    return decide(registration, DealRegistration.REJECTED, note, by, protected_until=None)


def decide(registration, state, note, by, **values):
    """Write a decision and tell whose registration it is."""
    values |= {"state": state, "decided_at": timezone.now(), "decision_note": note}
    made = write(registration, values, by=by)[0]
    tell_owners([made], _("%(name)s: %(state)s"))
    return made


def tell_owners(registrations, text):
    """News for those who registered, once for each moment of decision."""
    notify([
        {"user_id": made.owner_id, "url": f"/registrations/{made.pk}/",
         "key": f"registration-{made.pk}-{made.state}-{made.protected_until or made.decided_at.date()}",
         "text": text % {"name": made, "state": made.get_state_display()}}
        for made in registrations if made.owner_id
    ])  # fmt: skip


@operation
def expire_registrations(limit=500, *, by=None):
    """End the protections whose last day is over, a batch under SKIP LOCKED; returns how many."""
    rows = DealRegistration.objects.unscoped("the sweep acts for itself").filter(
        state=DealRegistration.APPROVED, protected_until__lt=timezone.localdate()
    )
    due = list(rows.select_for_update(of=("self",), skip_locked=True).order_by("protected_until", "pk")[:limit])
    over = DealRegistration.objects.unscoped("as above").filter(pk__in=[made.pk for made in due])
    write_many(over, {"state": DealRegistration.EXPIRED}, by=by)
    for made in due:
        made.state = DealRegistration.EXPIRED
    tell_owners(due, _("The protection of %(name)s is over."))
    return len(due)


@operation
def certify_partner(partner, product, *, by, until=None):
    """Say that a partner is certified for a product, perhaps until a day; returns the certification."""
    partner = lock(partner, by)
    if not partner.is_partner:
        refuse(_("This account is no partner."))
    return Certification.objects.update_or_create(partner=partner, product=product, defaults={"until": until})[0]


@operation
def uncertify_partner(partner, pk, *, by):
    """Take a certification back; returns the partner."""
    partner = lock(partner, by)
    partner.certifications.filter(pk=pk).delete()
    return partner
