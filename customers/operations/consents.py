"""Operations on consents: each adds an entry to the ledger, or leaves it as it is where nothing new was said."""

from collections import defaultdict
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from crm_site.core.loading import insert_many
from crm_site.core.models import Job
from crm_site.core.operations import lock, operation, refuse
from crm_site.core.outside import digest
from customers.consent import deciding, over
from customers.models import Consent, Contact
from customers.operations.mechanisms import verify_address

# So long a mailed question may be answered.
OPEN_DAYS = 14


def standing_entry(contact, purpose, channel=""):
    """The entry that decides now about a contact and a purpose, or None."""
    return deciding([contact.pk], purpose, channel).first()


def need_proof(before, evidence):
    """Refuse a yes over a no that shows no proof: only the person can change their mind."""
    if before and before.status in Consent.REFUSED and not evidence.get("proof"):
        refuse(_("They refused this. Say how they changed their mind, and where that can be seen."), "proof")


def stamp(ids, by):
    """Count an entry as a change of its contact, whose history then tells who, when and through which door."""
    rows = Contact.objects.unscoped("the caller has locked or checked them").filter(pk__in=ids)
    rows.update(version=F("version") + 1, changed_at=timezone.now(), changed_by=by)


def enter(contact, purpose, status, by, evidence):
    """Add an entry for a locked contact and return it."""
    evidence = {"by": evidence.pop("speaker", by), "source": "talk"} | evidence
    if status == Consent.GRANTED:
        evidence.setdefault("text", purpose.text)
    entry = Consent.objects.create(contact=contact, purpose=purpose, status=status, **evidence)
    stamp([contact.pk], by)
    return entry


@operation
def give_consent(contact, purpose, *, by, **evidence):
    """Enter that a contact allows a purpose and return the entry that decides.

    `evidence` holds fields of Consent: source, basis, channel, address, text, proof, ip, effective_from, effective_to,
    and perhaps speaker: the user who says it, where the system acts. The same once more changes nothing. Refused over a
    refusal without a proof.
    """
    contact = lock(contact, by)
    before = standing_entry(contact, purpose, evidence.get("channel", ""))
    text = evidence.get("text") or purpose.text
    if before and before.status == Consent.GRANTED and before.text == text and not over(before):
        return before
    need_proof(before, evidence)
    return enter(contact, purpose, Consent.GRANTED, by, evidence | {"text": text})


@operation
def refuse_consent(contact, purpose, *, by, **evidence):
    """Enter that a contact does not allow a purpose and return the entry that decides; `evidence` as for give_consent.

    What was granted before is withdrawn, anything else denied. Once more changes nothing.
    """
    contact = lock(contact, by)
    before = standing_entry(contact, purpose, evidence.get("channel", ""))
    if before and before.status in Consent.REFUSED:
        return before
    granted = before and before.status == Consent.GRANTED
    return enter(contact, purpose, Consent.WITHDRAWN if granted else Consent.DENIED, by, evidence)


def carry_consents(contact, other, by, since=None):
    """Let what a contact says now (of what was said since a moment) count for another one, who is the same person.

    Where both said something the stricter stays; an open question is mailed anew. Once more changes nothing.
    """
    known, made = last_entries([other.pk]), []
    for entry in last_entries([contact.pk]).values():
        there = known.get((other.pk, entry.purpose_id, entry.channel))
        stands = there and there.status != Consent.UNASKED and not over(there)
        refusing = entry.status in Consent.REFUSED and not (stands and there.status in Consent.REFUSED)
        if over(entry) or entry.status == Consent.UNASKED or (since and entry.effective_from < since):
            continue
        if refusing or (entry.status == Consent.GRANTED and not stands):
            made.append(again(entry, by, entry.status, entry.proof))
        elif entry.status == Consent.PENDING and not stands and can_ask(other):
            ask_consent(other, entry.purpose, by=None, channel=entry.channel, source=entry.source, text=entry.text)
    for entry in made:
        entry.contact_id = other.pk
    insert_many(Consent, made)
    stamp({entry.contact_id for entry in made}, by)


def can_ask(contact):
    """Whether a contact can be asked by mail."""
    return bool(contact.email and not contact.do_not_contact)


def secret_of(entry):
    """The secret part of the address by which a question is answered; the ledger keeps its hash only."""
    said = f"{entry.contact_id}:{entry.purpose_id}:{entry.channel}:{entry.effective_from.timestamp():.6f}"
    return salted_hmac("customers.consent", said, algorithm="sha256").hexdigest()


@operation
def ask_consent(contact, purpose, *, by, **evidence):
    """Ask a contact by mail to confirm a purpose and return the entry that decides: pending, until they say yes.

    One mail goes, however often it is asked; nothing where it is granted already. Refused without an address, for who
    is not to be contacted, and for what needs no consent.
    """
    contact = lock(contact, by)
    before = standing_entry(contact, purpose, evidence.get("channel", ""))
    if before and before.status in (Consent.GRANTED, Consent.PENDING) and not over(before):
        return before
    if not can_ask(contact):
        refuse(_("They cannot be asked by mail: they are not to be contacted, or have no address."))
    if not purpose.needs_consent:
        refuse(_("This needs no consent; enter it when they object."), "purpose")
    now = timezone.now()
    asked = evidence | {
        "text": evidence.get("text") or purpose.text, "address": contact.email, "created_at": now, "mail_due": now,
        "effective_from": now, "effective_to": now + timedelta(days=OPEN_DAYS),
    }  # fmt: skip
    new = Consent(contact=contact, purpose=purpose, channel=evidence.get("channel", ""), effective_from=now)
    return enter(contact, purpose, Consent.PENDING, by, asked | {"token_hash": digest(secret_of(new))})


def question_of(secret):
    """The entry that asked, behind a secret address, or None."""
    rows = Consent.objects.select_related("contact", "purpose").filter(token_hash=digest(secret))
    return rows.filter(contact__deleted_at__isnull=True).first()


def is_open(question):
    """Whether a question can still be answered: nothing was entered since, and its address is still the contact's."""
    last = standing_entry(question.contact, question.purpose, question.channel)
    return last == question and not over(question) and question.address == question.contact.email


@operation
def confirm_consent(question, *, by, ip=None):
    """Enter the yes to a question and return it; None when it was answered, is too old, or the address changed.

    It proves that the address reaches the contact, which is noted there.
    """
    question.contact = lock(question.contact, by)
    if not is_open(question):
        return None
    verify_address(question.contact, question.address)
    proof = _("Confirmed by the link mailed to %(address)s") % {"address": question.address}
    return enter(question.contact, question.purpose, Consent.GRANTED, by, {
        "channel": question.channel, "address": question.address, "source": Consent.LINK, "text": question.text,
        "proof": proof, "ip": ip,
    })  # fmt: skip


@operation
def create_consents(rows, *, by):
    """Add many entries from dicts of fields of Consent and return them in order; the import's way in.

    Raises PermissionDenied unless the user may change all the contacts, Refused where a yes would decide over a
    refusal without a proof. The number of statements does not grow with the rows of a batch.
    """
    ids = {row["contact"].pk for row in rows}
    contacts = Contact.objects.changeable_by(by) if by else Contact.objects.unscoped("the system enters for itself")
    if len(contacts.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").values_list("pk")) != len(ids):
        raise PermissionDenied
    last = last_entries(ids)
    made = []
    for row in rows:
        entry = Consent(**{"by": by, "source": Consent.IMPORT, "status": Consent.GRANTED} | row)
        if entry.status == Consent.GRANTED and not entry.text:
            entry.text = entry.purpose.text
        settle(entry, last)
        made.append(entry)
    stamp(ids, by)
    return insert_many(Consent, made)


def last_entries(ids):
    """{(contact id, purpose id, channel): the entry that began last} of these contacts; one statement."""
    rows = Consent.objects.filter(contact__in=ids, effective_from__lte=timezone.now())
    return {(row.contact_id, row.purpose_id, row.channel): row for row in rows.order_by("effective_from", "id")}


def settle(entry, last):
    """Refuse an entry that would decide over a refusal without a proof; remember it where it decides."""
    key = (entry.contact_id, entry.purpose_id, entry.channel)
    before = [last[known] for known in {key, (*key[:2], "")} & last.keys()]
    if all(entry.effective_from >= earlier.effective_from for earlier in before):
        for earlier in before if entry.status == Consent.GRANTED else ():
            need_proof(earlier, {"proof": entry.proof})
        last[key] = entry


@operation
def refuse_consents(refusals, *, by):
    """As refuse_consent, of any channel, for many (contact, purpose, since when or None): returns the new entries.

    Raises PermissionDenied unless the user may change all the contacts. Four statements, however many.
    """
    last, rows = last_entries({contact.pk for contact, _purpose, _since in refusals}) if refusals else {}, {}
    for contact, purpose, since in refusals:
        before = last.get((contact.pk, purpose.pk, ""))
        if not before or before.status not in Consent.REFUSED:
            status = Consent.WITHDRAWN if before and before.status == Consent.GRANTED else Consent.DENIED
            row = {"contact": contact, "purpose": purpose, "status": status}
            rows[contact.pk, purpose.pk] = row | ({"effective_from": since} if since else {})
    return create_consents(list(rows.values()), by=by) if rows else []


@operation
def take_back_consents(ids, *, by):
    """Let what was entered before decide again in the place of these entries; returns how many did decide.

    Nothing is removed: an entry that says so is added, a copy of the earlier one or that nobody was asked.
    """
    rows = Consent.objects.filter(pk__in=ids, contact__in=Contact.objects.changeable_by(by))
    mine, made = list(rows.select_related("contact", "purpose")), []
    stories = defaultdict(list)
    for entry in Consent.objects.filter(contact__in={row.contact_id for row in mine}).order_by("effective_from", "id"):
        stories[entry.contact_id, entry.purpose_id, entry.channel].append(entry)
    gone = set(ids)
    for story in stories.values():
        if story[-1].pk in gone:
            before = next((entry for entry in reversed(story) if entry.pk not in gone), None)
            lasts = before and not over(before)
            status = before.status if lasts else Consent.UNASKED
            made.append(again(before or story[-1], by, status, _("An import was taken back.")))
    insert_many(Consent, made)
    stamp({entry.contact_id for entry in made}, by)
    return len(made)


def again(entry, by, status, proof):
    """A copy of an entry that begins now."""
    kept = ("contact_id", "purpose_id", "channel", "address", "basis", "source", "text")
    ends = None if status == Consent.UNASKED else entry.effective_to
    values = {name: getattr(entry, name) for name in kept} | {"effective_to": ends}
    return Consent(**values, status=status, by=by, proof=proof)


@operation
def note_export(query, count, *, by):
    """Write into the log of exports that somebody took entries of the ledger out."""
    return Job.objects.create(
        kind="export", record_kind="customers.consent", user=by, state=Job.DONE, finished_at=timezone.now(),
        options={"query": query, "operation": "export_consents"}, counts={"rows": count},
    )  # fmt: skip
