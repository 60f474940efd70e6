"""Operations of customers on themselves: their data, the changes that need a yes, ratings, being forgotten.

`by` is the customer's user, whose roles open nothing: the access is what allows, and the system writes.
"""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.models import User
from crm_site.core.notifications import notify
from crm_site.core.operations import lock, operation, refuse
from crm_site.core.outside import digest
from customers.languages import speaking_to
from customers.models import Consent, Contact
from customers.operations.consents import give_consent, refuse_consent
from customers.operations.contacts import update_contact
from support.links import LIVES, mail_link, secret_of
from support.models import Case, OutgoingMail, PortalSession, ProfileChange, Survey
from support.operations import surveys
from support.operations.cases import create_case
from support.operations.surveys import OPEN_DAYS

NAME, EMAIL, WAITING, DONE, REFUSED = (
    ProfileChange.NAME, ProfileChange.EMAIL, ProfileChange.WAITING, ProfileChange.DONE, ProfileChange.REFUSED,
)  # fmt: skip
OLD, NEW = "old", "new"


@operation
def change_profile(access, values, *, by):
    """Set what customers decide about themselves: language, time zone, job title, whether we may contact them."""
    update_contact(access.contact, values, by=None)
    if "time_zone" in values:
        User.objects.filter(pk=access.user_id).update(time_zone=values["time_zone"])


@operation
def decide_consent(access, purpose, *, by, allows, ip=None):
    """Enter what the customer decides about a purpose and return the entry that counts; once more changes nothing."""
    proof = _("Signed in as %(email)s") % {"email": access.user.email}
    verb = give_consent if allows else refuse_consent
    return verb(access.contact, purpose, by=None, speaker=by, source=Consent.PORTAL, proof=proof, ip=ip)


def begin_change(contact, what, old, new):
    """A change that waits; it takes the place of an earlier one of the same sort."""
    rows = ProfileChange.objects.select_for_update().filter(contact=contact, what=what, state=WAITING)
    rows.update(state=REFUSED)
    return ProfileChange.objects.create(contact=contact, what=what, old=old, new=new)


@operation
def ask_name(access, names, *, by):
    """Ask for another name; somebody of ours, who is told, says yes or no. Returns the change, None without any."""
    contact = lock(access.contact, None)
    old = {key: getattr(contact, key) for key in names}
    if old == names:
        return None
    text = _("%(name)s asks for another name: %(new)s")
    text %= {"name": contact, "new": f"{names['first_name']} {names['last_name']}"}
    # Asked again on the same day, nobody is told again.
    row = {"text": text, "url": reverse("support:profile_changes"), "key": f"name:{contact.pk}:{timezone.localdate()}"}
    notify([row | {"user_id": user.pk} for user in deciders(access)])
    return begin_change(contact, NAME, old, dict(names))


def deciders(access):
    """Who is asked about a customer's name: the contact's owner and who invited them, else who runs the site."""
    near = [user for user in (access.contact.owner, access.invited_by) if user and user.is_active]
    found = {user for user in near if Contact.objects.changeable_by(user).filter(pk=access.contact_id).exists()}
    return found or User.objects.filter(is_active=True, is_staff=True, door=User.STAFF)


@operation
def ask_email(access, email, *, by):
    """Ask for another e-mail address, which counts once it was confirmed at both; links go to both. Returns the change.

    Whether somebody else has the address is not said; then it cannot be confirmed.
    """
    contact, email = lock(access.contact, None), email.strip().lower()
    if email == access.user.email:
        refuse(_("That is your address already."), "email")
    change = begin_change(contact, EMAIL, {"email": access.user.email}, {"email": email})
    change.old_hash, change.new_hash = digest(secret_of(change, OLD)), digest(secret_of(change, NEW))
    change.save(update_fields=["old_hash", "new_hash"])
    subject, words = _("Confirm your new e-mail address"), {"old": access.user.email, "new": email}
    text = (
        _("Your e-mail address in our customer portal is to change from %(old)s to %(new)s. Confirm it here:") % words
    )
    mail_link(change, access.user.email, subject, [text], OLD)
    mail_link(change, email, subject, [text], NEW)
    return change


def change_of(secret):
    """(the waiting change of an address, its side) behind a secret address, of the last hour; (None, "") otherwise."""
    rows = ProfileChange.objects.select_related("contact").filter(what=EMAIL, state=WAITING)
    rows = rows.filter(created_at__gt=timezone.now() - LIVES, contact__deleted_at__isnull=True)
    hashed = digest(secret)
    change = rows.filter(
        Q(old_hash=hashed, old_confirmed_at__isnull=True) | Q(new_hash=hashed, new_confirmed_at__isnull=True)
    ).first()
    return (change, OLD if change.old_hash == hashed else NEW) if change else (None, "")


@operation
def confirm_email(secret, *, by):
    """Confirm one side of a change of an address and return the change, None when there is none to confirm.

    With both sides confirmed the contact and the sign-in have the new address, and all sessions end.
    """
    found, side = change_of(secret)
    if found is None:
        return None
    change = ProfileChange.objects.select_for_update(of=("self",)).select_related("contact").get(pk=found.pk)
    setattr(change, f"{side}_confirmed_at", timezone.now())
    if change.old_confirmed_at and change.new_confirmed_at:
        change.state = DONE if settle_email(change) else REFUSED
    change.save()
    return change


def settle_email(change):
    """Write a confirmed address; False when it became somebody else's, or the customer was turned out."""
    email = change.new["email"]
    user = User.objects.select_for_update().filter(portal_access__contact=change.contact, is_active=True).first()
    if user is None or User.objects.filter(email__iexact=email).exclude(pk=user.pk).exists():
        return False
    update_contact(change.contact, {"email": email}, by=None)
    # The sign-in library keeps a copy of the address, by which the old one would go on opening the door.
    EmailAddress.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(email=email, session_generation=F("session_generation") + 1)
    PortalSession.objects.filter(access__user=user, ended_at__isnull=True).update(ended_at=timezone.now())
    return True


@operation
def decide_change(change, *, by, approve):
    """Say yes or no to a name that waits, and mail that; PermissionDenied unless the user may change the contact."""
    contact = lock(change.contact, by)
    current = ProfileChange.objects.select_for_update().get(pk=change.pk)
    if current.state != WAITING or current.what != NAME:
        refuse(_("Somebody has decided already."))
    if approve:
        update_contact(contact, current.new, by=by)
        names = {key: current.new[key] for key in ("first_name", "last_name")}
        User.objects.filter(portal_access__contact=contact).update(**names)
    current.state, current.decided_by = DONE if approve else REFUSED, by
    current.save(update_fields=["state", "decided_by"])
    mail_decision(current)
    return current


def mail_decision(change):
    """Let the customer, who may still come in, know what became of a name."""
    user = User.objects.filter(portal_access__contact=change.contact, is_active=True).first()
    if user is None:
        return
    with speaking_to(change.contact):
        tell_decision(change, user)


def tell_decision(change, user):
    """Mail the customer what became of a name."""
    done = _("Your name in our customer portal is now “%(name)s”.")
    refused = _("We did not change your name to “%(name)s”. If you think that we should, please send us a request.")
    words = {"name": f"{change.new['first_name']} {change.new['last_name']}"}
    OutgoingMail.objects.create(
        kind=OutgoingMail.NOTICE, to=user.email, subject=_("Your name in our customer portal"), is_automatic=True,
        body=(done if change.state == DONE else refused) % words, key=f"name:{change.pk}",
    )  # fmt: skip


def changes_for(user):
    """The names that wait for somebody who may change these contacts, oldest first."""
    rows = ProfileChange.objects.filter(what=NAME, state=WAITING, contact__in=Contact.objects.changeable_by(user))
    return rows.select_related("contact").order_by("id")


@operation
def ask_erasure(access, *, by):
    """Ask to be forgotten: a request for our staff, as any other; an open one is not asked again. Returns the case."""
    lock(access.contact, None)
    subject = _("Please delete my personal data")
    rows = Case.objects.unscoped("the customer's own").filter(contact=access.contact_id, subject=subject)
    there = rows.filter(deleted_at__isnull=True).exclude(category__in=["resolved", "closed"]).first()
    text = _("I ask you to delete the personal data that you hold on me.")
    return there or create_case({
        "subject": subject, "type": Case.REQUEST, "contact": access.contact, "channel": Case.PORTAL,
        "description": text, "first": {"contact": access.contact, "body": text, "channel": Case.PORTAL},
    }, by=None)  # fmt: skip


@operation
def rate_case(access, case, score, comment, *, by):
    """Say how satisfied the customer was with how an ended case was solved, 1 to 5; it may be changed for a day."""
    current, now = lock(case, None), timezone.now()
    if current.resolved_at is None:
        refuse(_("You can rate it once it is solved."))
    survey, _made = Survey.objects.get_or_create(
        case=current, resolved_at=current.resolved_at,
        defaults={
            "contact": access.contact, "agent": current.owner, "expires_at": now + timedelta(days=OPEN_DAYS),
            "token_hash": digest(surveys.token_of(current.pk, current.resolved_at)),
        },
    )  # fmt: skip
    return surveys.answer(survey, score, comment, by=None)
