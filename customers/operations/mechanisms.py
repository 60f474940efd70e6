"""Operations on contact mechanisms: the ways to reach an account or a contact."""

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import Refused, lock, operation, refuse
from customers.countries import country_code
from customers.models import Contact, ContactMechanism
from customers.operations.reach import (
    ADDRESS,
    EMAIL,
    MOBILE,
    PHONE,
    POSTAL,
    SINGLE,
    field_of,
    fill,
    fill_address,
    refresh,
    shown_phone,
)  # fmt: skip


def touch(party, by):
    """Count a change of what hangs on a record as a change of the record, so that a stale form is noticed."""
    party.version += 1
    party.changed_at, party.changed_by = timezone.now(), by
    party.save(update_fields=["version", "changed_at", "changed_by"])


def settle(party, by=None, *, stale=True):
    """Let the columns follow after mechanisms of the party changed, and read them back into the object."""
    refresh(field_of(party), [party.pk])
    party.refresh_from_db(fields=["email", "phone", "city", "country"])
    if stale:
        touch(party, by)


def country_of(party):
    """The country whose numbers a party's phones are: its own, or that of a contact's account."""
    account = party.account if isinstance(party, Contact) else None
    return party.country or (account.country if account else "")


def wanted_ways(reach, primary):
    """{type: text or address parts} that a form or a row gives; parts of an address it does not name stay."""
    wanted = {kind: str(reach[key] or "").strip() for key, kind in SINGLE.items() if key in reach}
    if given := {key: str(reach[key] or "").strip() for key in ADDRESS if key in reach}:
        old = primary.get(POSTAL)
        parts = {key: getattr(old, key) if old else "" for key in ADDRESS} | given
        wanted[POSTAL] = parts if any(parts.values()) else ""
    return wanted


def unchanged(way, value):
    """Whether a mechanism says already what is wanted; the type of `value` is that of wanted_ways."""
    if isinstance(value, dict):
        return all(getattr(way, key) == value[key] for key in ADDRESS)
    shown = {EMAIL: way.normalised, PHONE: shown_phone(way), MOBILE: shown_phone(way)}.get(way.type, way.value)
    return value in (way.value, shown)


def set_reach(party, reach):
    """Make the primary ways of a locked party what a form or a row says; returns whether anything changed.

    A blank one is removed, and the next of its type becomes the primary one.
    """
    field = field_of(party)
    rows = ContactMechanism.objects.select_for_update().filter(**{field: party}, is_primary=True)
    primary = {way.type: way for way in rows}
    country = country_code(reach.get("country")) or country_of(party)
    changed = False
    for kind, value in wanted_ways(reach, primary).items():
        way = primary.get(kind)
        if (way is None and not value) or (way and value and unchanged(way, value)):
            continue
        changed = True
        if not value:
            way.delete()
            promote(field, party, kind)
            continue
        way = way or ContactMechanism(type=kind, is_primary=True, **{field: party})
        if isinstance(value, dict):
            fill_address(way, value)
        else:
            fill(way, value, country)
        put_primary(way, field, party)
    if changed:
        settle(party, stale=False)
    return changed


def put_primary(way, field, party):
    """Save a primary mechanism; where the party has the same one already, that one becomes primary instead."""
    twins = ContactMechanism.objects.filter(
        **{field: party}, type=way.type, normalised=way.normalised, valid_to__isnull=True
    )
    twin = twins.exclude(pk=way.pk).first()
    if twin is None:
        way.save()
        return way
    ContactMechanism.objects.filter(**{field: party}, type=way.type, is_primary=True).update(is_primary=False)
    ContactMechanism.objects.filter(pk=twin.pk).update(is_primary=True)
    return twin


def promote(field, party, kind):
    """Where no mechanism of the type is primary, make the oldest usable one so."""
    rows = ContactMechanism.objects.filter(**{field: party}, type=kind)
    if not rows.filter(is_primary=True).exists():
        first = rows.filter(valid_to__isnull=True, do_not_use=False).order_by("id").first()
        if first:
            ContactMechanism.objects.filter(pk=first.pk).update(is_primary=True)


def party_of(mechanism, by):
    """The mechanism's contact or account, locked; PermissionDenied when the user may not change it."""
    return lock(mechanism.contact or mechanism.account, by)


def fill_from(way, values, party):
    """Set a mechanism's fields from a form's values."""
    for name in ("purpose", "do_not_use", "valid_from"):
        if name in values:
            setattr(way, name, values[name])
    if way.type == POSTAL:
        given = {key: values.get(key, getattr(way, key)) for key in ADDRESS}
        if not any(given.values()) and values.get("value"):
            given["street"] = values["value"]
        if not any(given.values()):
            refuse(_("Give at least one line of the address."), "street")
        fill_address(way, given)
    elif not (value := str(values.get("value", way.value) or "").strip()):
        refuse(_("Give the number or address itself."), "value")
    elif value != way.value or not way.normalised:
        fill(way, value, values.get("country") or country_of(party))
    return way


@operation
def add_mechanism(party, values, *, by):
    """Add a way to reach a contact or an account and return it; the first of its type becomes the primary one.

    `values` holds type and value (or the parts of an address), and perhaps purpose, is_primary, valid_from.
    Raises Refused for an empty one and for one that the party has already.
    """
    party = lock(party, by)
    field = field_of(party)
    way = fill_from(ContactMechanism(type=values["type"], **{field: party}), values, party)
    current = ContactMechanism.objects.filter(**{field: party}, type=way.type, valid_to__isnull=True)
    if current.filter(normalised=way.normalised).exists():
        refuse(_("This is here already."), "value")
    way.save()
    if values.get("is_primary"):
        make_primary(way, field, party)
    elif not way.do_not_use:
        promote(field, party, way.type)
    settle(party, by)
    way.refresh_from_db()
    return way


@operation
def update_mechanism(mechanism, values, *, by):
    """Change a mechanism and return it; its type stays. Raises Refused for an empty value."""
    party = party_of(mechanism, by)
    field = field_of(party)
    way = ContactMechanism.objects.select_for_update().get(pk=mechanism.pk)
    fill_from(way, values, party)
    if way.do_not_use and way.is_primary:
        way.is_primary = False
    way.save()
    if values.get("is_primary") and not way.is_primary:
        make_primary(way, field, party)
    promote(field, party, way.type)
    settle(party, by)
    way.refresh_from_db()
    return way


def make_primary(way, field, party):
    """Take the mark from the others of the type and give it to this one."""
    if way.valid_to or way.do_not_use:
        raise Refused(_("What has ended or must not be used cannot be the primary one."))
    ContactMechanism.objects.filter(**{field: party}, type=way.type, is_primary=True).update(is_primary=False)
    ContactMechanism.objects.filter(pk=way.pk).update(is_primary=True)
    way.is_primary = True


@operation
def set_primary(mechanism, *, by):
    """Make a mechanism the primary one of its type. Raises Refused for one that ended or must not be used."""
    party = party_of(mechanism, by)
    way = ContactMechanism.objects.select_for_update().get(pk=mechanism.pk)
    if not way.is_primary:
        make_primary(way, field_of(party), party)
        settle(party, by)
    return way


@operation
def end_mechanism(mechanism, *, by, on=None):
    """Mark a mechanism as valid until a day, today by default; it stays for the record. Refuses days to come."""
    party = party_of(mechanism, by)
    on = on or timezone.localdate()
    if on > timezone.localdate():
        raise Refused(_("The end lies in the future."))
    if mechanism.valid_from and on < mechanism.valid_from:
        raise Refused(_("It cannot end before it began."))
    way = ContactMechanism.objects.select_for_update().get(pk=mechanism.pk)
    way.valid_to, way.is_primary = on, False
    way.save(update_fields=["valid_to", "is_primary"])
    promote(field_of(party), party, way.type)
    settle(party, by)
    return way


@operation
def remove_mechanism(mechanism, *, by):
    """Remove a mechanism that was a mistake; the history keeps it."""
    party = party_of(mechanism, by)
    ContactMechanism.objects.filter(pk=mechanism.pk).delete()
    promote(field_of(party), party, mechanism.type)
    settle(party, by)
    return party


def verify_address(contact, address):
    """Note on a locked contact's mechanism that somebody answered a mail sent to it: the address reaches them."""
    ways = ContactMechanism.objects.filter(contact=contact, type=EMAIL, normalised=address, valid_to__isnull=True)
    ways.update(verified_at=timezone.now(), status="ok")


@operation
def mark_bounced(address, *, by):
    """Mark an e-mail address as bounced wherever it is somebody's now; returns how many mechanisms that were."""
    rows = ContactMechanism.objects.filter(
        type=EMAIL, normalised=address.strip().lower(), valid_to__isnull=True, status="ok"
    ).select_related("contact", "account")
    found = list(rows)
    for way in found:
        party = party_of(way, by)
        ContactMechanism.objects.filter(pk=way.pk).update(status="bounced")
        touch(party, by)
    return len(found)
