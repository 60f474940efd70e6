"""Whether we may: what the ledger of consents says now, of one contact or of many.

Every send and every call list asks here. `may_contact` answers for contacts that are known, with the reason;
`allowed` is the same as a condition of a query.
"""

from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from customers.models import Consent, Contact, Purpose

REASONS = {
    "gone": _("not here any more"), "opted_out": _("not to be contacted"), "withdrawn": _("withdrawn"),
    "denied": _("denied"), "pending": _("asked, no answer yet"), "expired": _("expired"),
    "missing": _("never granted"), "granted": _("granted"), "allowed": _("no objection"),
}  # fmt: skip


class Answer(NamedTuple):
    """Whether something may be done, and why: one of REASONS."""

    may: bool
    reason: str


class State(NamedTuple):
    """How a contact stands to a purpose: the entry that decides, or None, and what it comes to."""

    purpose: Purpose
    entry: Consent | None
    answer: Answer

    @property
    def channel(self):
        """The channel that the entry is narrowed to, empty for any."""
        return self.entry.channel if self.entry else ""

    @property
    def said(self):
        """The state in a word or two."""
        status = self.entry.get_status_display() if self.entry and self.answer.reason == "granted" else ""
        return status or capfirst(str(REASONS[self.answer.reason]))


def in_effect(purpose=None, channel="", at=None):
    """Entries that have begun, of a purpose and of a channel or all of them; the later deciding ones first."""
    rows = Consent.objects.filter(effective_from__lte=at or timezone.now(), channel__in={"", channel})
    rows = rows.filter(purpose=purpose) if purpose else rows
    return rows.order_by("contact_id", "purpose_id", "-effective_from", "-id")


def deciding(contacts, purpose=None, channel="", at=None):
    """The one entry that decides, of each of these contacts and of each purpose or the one; one statement."""
    rows = in_effect(purpose, channel, at).filter(contact__pk__any_of=contacts)
    return rows.distinct("contact_id", "purpose_id").select_related("purpose", "by")


def over(entry, at=None):
    """Whether an entry has come to its end."""
    return bool(entry.effective_to and entry.effective_to <= (at or timezone.now()))


def verdict(entry, purpose, at, *, silent=False):
    """What an entry, or that there is none, comes to; `silent` is whether the contact wants nothing from us at all."""
    if silent:
        return Answer(may=False, reason="opted_out")
    status = entry.status if entry else Consent.UNASKED
    ended = bool(entry) and over(entry, at)
    if status in Consent.REFUSED:
        return Answer(may=False, reason=status)
    if ended and purpose.needs_consent:
        return Answer(may=False, reason="expired")
    if status == Consent.PENDING:
        return Answer(may=False, reason="pending")
    if status == Consent.GRANTED and not ended:
        return Answer(may=True, reason="granted")
    return Answer(may=not purpose.needs_consent, reason="missing" if purpose.needs_consent else "allowed")


def may_contact(contacts, purpose, channel="", at=None):
    """{id: Answer} of these contacts (a query, records or ids) for a purpose, by its code; three statements.

    What counts, in this order: gone, not to be contacted, withdrawn or denied, expired, asked, never granted, granted.
    `at` is the moment asked about, now unless given. Raises Purpose.DoesNotExist for a code that nobody knows.
    """
    at, what = at or timezone.now(), Purpose.objects.get(code=purpose)
    ids = [getattr(contact, "pk", contact) for contact in contacts]
    rows = Contact.objects.unscoped("who may be contacted is asked for everybody").filter(pk__any_of=ids)
    silent = dict(rows.filter(deleted_at__isnull=True).values_list("pk", "do_not_contact"))
    rows = deciding(list(silent), what, channel, at).select_related(None).only("contact", "status", "effective_to")
    entries = {entry.contact_id: entry for entry in rows}
    found = dict.fromkeys(ids, Answer(may=False, reason="gone"))
    return found | {pk: verdict(entries.get(pk), what, at, silent=said) for pk, said in silent.items()}


def consent_state(contact, at=None, *, silent=None):
    """[State] of a contact: purposes in use or with an entry, and narrower channels with one; two statements.

    `silent` is whether the contact wants nothing from us, as the contact says unless given.
    """
    silent = contact.do_not_contact if silent is None else silent
    at = at or timezone.now()
    rows = Consent.objects.filter(contact=contact.pk, effective_from__lte=at).select_related("by")
    rows = rows.order_by("purpose_id", "channel", "-effective_from", "-id").distinct("purpose_id", "channel")
    entries = {}
    for entry in rows:
        entries.setdefault(entry.purpose_id, {"": None})[entry.channel] = entry
    found = []
    for purpose in Purpose.objects.filter(Q(is_active=True) | Q(pk__in=list(entries))):
        for entry in entries.get(purpose.pk, {"": None}).values():
            found.append(State(purpose, entry, verdict(entry, purpose, at, silent=silent)))
    return found


def standing(purpose=None, channel="", at=None):
    """The entries that decide about a purpose or each of them, of everybody, as a query."""
    same = {"contact": OuterRef("contact"), "purpose": OuterRef("purpose")}
    later = in_effect(purpose, channel, at).filter(**same).order_by()
    later = later.filter(
        Q(effective_from__gt=OuterRef("effective_from"))
        | Q(effective_from=OuterRef("effective_from"), pk__gt=OuterRef("pk"))
    )
    return in_effect(purpose, channel, at).filter(~Exists(later)).order_by()


def allowed(purpose, channel="", of="contact", at=None):
    """The condition that a row's contact allows a purpose, by its code; `of` is the field that names the contact.

    Whether the contact is here and wants to be contacted at all is for the query to ask.
    """
    at, what = at or timezone.now(), Purpose.objects.get(code=purpose)
    rows = standing(what, channel, at).filter(contact=OuterRef(of))
    if what.needs_consent:
        lasts = Q(effective_to__isnull=True) | Q(effective_to__gt=at)
        return Exists(rows.filter(lasts, status=Consent.GRANTED))
    return ~Exists(rows.filter(status__in=[*Consent.REFUSED, Consent.PENDING]))
