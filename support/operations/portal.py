"""Operations around the door of the portal: who is let in, the links that they sign in by, their sessions."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import CharField, F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.kept import Slot, kept
from crm_site.core.models import User
from crm_site.core.operations import lock, operation, refuse
from crm_site.core.outside import digest, whole
from customers.languages import speaking_to
from customers.models import Account, Contact
from customers.operations.contacts import create_contact
from support.links import LIVES, mail_link, secret_of
from support.models import Case, PortalAccess, PortalSession, PortalToken

KEPT = timedelta(days=30)


def may_let_in(user):
    """Whether the user works on cases: only they decide who comes into the portal, and how far."""
    return user.reach(Case, "change") != "none"


@operation
def invite_contact(contact, *, by, reach=PortalAccess.OWN, may_invite=False):
    """Let a contact into the portal and mail them a link; returns the access. Once more, it sets how far they see.

    Raises PermissionDenied unless the user may change the contact, works on cases and, for more than own cases, sees
    the account; Refused without an address, and when the address is that of somebody else who signs in.
    """
    contact = lock(contact, by)
    if by and not may_let_in(by):
        raise PermissionDenied
    if may_invite and reach == PortalAccess.OWN:
        refuse(_("Who looks after colleagues sees what these ask: choose more than their own cases."), "reach")
    if reach != PortalAccess.OWN:
        need_account(contact, by)
    user = user_of(contact)
    values = {"reach": reach, "may_invite": may_invite, "revoked_at": None}
    access, made = PortalAccess.objects.get_or_create(
        contact=contact, defaults=values | {"user": user, "invited_by": by}
    )
    if not made:
        PortalAccess.objects.filter(pk=access.pk).update(**values)
        access.refresh_from_db()
    if access.accepted_at is None:
        send_link(user, PortalToken.INVITE)
    return access


def need_account(contact, by):
    """Refuse a reach over an account that there is not, and PermissionDenied for one out of the user's reach."""
    if contact.account_id is None:
        refuse(_("The contact belongs to no account."), "reach")
    if by and not Account.objects.visible_to(by).filter(pk=contact.account_id).exists():
        raise PermissionDenied


def user_of(contact):
    """The user that a contact signs in as, made where there is none; Refused when the address is somebody else's."""
    found = User.objects.filter(portal_access__contact=contact).first()
    if found:
        User.objects.filter(pk=found.pk).update(is_active=True)
        return found
    if not contact.email:
        refuse(_("Without an e-mail address nobody can be invited."))
    if User.objects.filter(email__iexact=contact.email).exists():
        refuse(_("Somebody else signs in with this e-mail address."))
    return User.objects.create_user(
        contact.email, first_name=contact.first_name[:100], last_name=contact.last_name[:100], door=User.PORTAL,
        time_zone=contact.time_zone,
    )  # fmt: skip


@operation
def revoke_access(access, *, by):
    """Turn a contact out of the portal: every session ends, every link is void. Staff of cases only, or the system."""
    lock(access.contact, by)
    if by and not may_let_in(by):
        raise PermissionDenied
    now = timezone.now()
    PortalAccess.objects.filter(pk=access.pk).update(revoked_at=now)
    PortalToken.objects.filter(user=access.user_id, used_at__isnull=True).update(used_at=now)
    User.objects.filter(pk=access.user_id).update(is_active=False, session_generation=F("session_generation") + 1)
    PortalSession.objects.filter(access=access, ended_at__isnull=True).update(ended_at=now)


@operation
def invite_colleague(access, values, *, by):
    """Let somebody of the customer's own account in, with a view of their own cases only; returns the access.

    `values` holds first_name, last_name and email. A contact of the account with the address is taken, else one is
    made. Refused when the address is known otherwise, without saying how.
    """
    manager = PortalAccess.objects.select_related("contact__account").get(pk=access.pk)
    account = manager.contact.account
    if not manager.may_invite or account is None:
        raise PermissionDenied
    rows = Contact.objects.unscoped("the customer's own account").filter(account=account, deleted_at__isnull=True)
    contact = rows.filter(email__iexact=values["email"]).order_by("id").first()
    if contact is None and User.objects.filter(email__iexact=values["email"]).exists():
        refuse(_("We cannot add this address. Please ask us."), "email")
    contact = contact or create_contact(values | {"account": account, "owner": account.owner}, by=None)
    there = PortalAccess.objects.filter(contact=contact, revoked_at__isnull=True).first()
    if there:
        refuse(_("This person can sign in already."), "email")
    return invite_contact(contact, by=None)


def send_link(user, purpose):
    """Mail a user a link that works once, unless one of the last hour is still unused; returns the token."""
    now = timezone.now()
    rows = PortalToken.objects.filter(user=user, used_at__isnull=True, expires_at__gt=now)
    if meant(rows, purpose).exists():
        return None
    token = PortalToken(user=user, purpose=purpose, created_at=now, expires_at=now + LIVES)
    token.token_hash = digest(secret_of(token))
    token.save()
    with speaking_to(user.portal_access.contact):
        mail_token(token, user, purpose)
    return token


def mail_token(token, user, purpose):
    """Mail a link that works once, with what it is for."""
    hello = _("Hello %(name)s,") % {"name": user.get_short_name()}
    if purpose == PortalToken.INVITE:
        text = _("You are invited to our customer portal: your requests, quotes and orders in one place. Sign in here:")
        later = _("Later than that, get a new link with this e-mail address here:")
        later += f"\n{whole(reverse('support:portal_sign_in'))}"
        mail_link(token, user.email, _("Your way into our customer portal"), [hello, text], later=later)
    elif purpose == PortalToken.RESET:
        mail_link(token, user.email, _("Your new password"), [hello, _("Here you choose a new password:")])
    else:
        mail_link(token, user.email, _("Your link to sign in"), [hello, _("Here you sign in:")])


def meant(rows, purpose):
    """Those of the tokens that do what one of a purpose does: set a password, or sign in."""
    if purpose == PortalToken.RESET:
        return rows.filter(purpose=PortalToken.RESET)
    return rows.exclude(purpose=PortalToken.RESET)


@operation
def ask_link(email, *, by, purpose=PortalToken.SIGN_IN):
    """Mail a link to whoever of the portal has the address; nothing tells whether there is somebody."""
    rows = PortalAccess.objects.filter(revoked_at__isnull=True, contact__deleted_at__isnull=True)
    users = User.objects.filter(email=email.strip().lower(), door=User.PORTAL, is_active=True)
    user = users.filter(pk__in=rows.values("user")).select_for_update().first()
    if user:
        send_link(user, purpose)


def open_token(secret, purpose=PortalToken.SIGN_IN):
    """The unused token behind a secret address that does what one of the purpose does, or None."""
    rows = PortalToken.objects.select_related("user").filter(token_hash=digest(secret), used_at__isnull=True)
    rows = meant(rows, purpose)
    let_in = PortalAccess.objects.filter(revoked_at__isnull=True, contact__deleted_at__isnull=True)
    return rows.filter(expires_at__gt=timezone.now(), user__is_active=True, user__in=let_in.values("user")).first()


@operation
def use_link(secret, *, by):
    """Use a link up and return the user that it signs in, or None; who was invited has come with it."""
    return used_up(open_token(secret))


def used_up(token):
    """Use a token up and return its user, who has come with it; None for none, or one that was used meanwhile."""
    used = token and PortalToken.objects.filter(pk=token.pk, used_at__isnull=True).update(used_at=timezone.now())
    if not used:
        return None
    PortalAccess.objects.filter(user=token.user_id, accepted_at__isnull=True).update(accepted_at=timezone.now())
    return token.user


@operation
def renew_password(secret, password, *, by):
    """Set a new password by a mailed link and return the user, or None; all devices and other links end with it."""
    user = used_up(open_token(secret, PortalToken.RESET))
    if user is None:
        return None
    now = timezone.now()
    user.set_password(password)
    user.save(update_fields=["password"])
    PortalToken.objects.filter(user=user, used_at__isnull=True).update(used_at=now)
    PortalSession.objects.filter(access__user=user, ended_at__isnull=True).update(ended_at=now)
    return user


def key_hash(key):
    """What is kept of a session's key."""
    return digest(key or "")


@operation
def note_session(user, key, agent, *, by):
    """Remember that a customer signed in on a device, and forget those of long ago."""
    access = PortalAccess.objects.filter(user=user).first()
    if access is None or not key:
        return
    PortalSession.objects.filter(access=access, started_at__lt=timezone.now() - KEPT).delete()
    PortalSession.objects.get_or_create(key_hash=key_hash(key), defaults={"access": access, "agent": agent[:200]})


def has_ended(access, key):
    """Whether a session was ended from another device."""
    return bool(ended(access=access.pk, key_hash=key_hash(key)))


@kept
def ended():
    """A row where it was."""
    mine = PortalSession.objects.filter(access=Slot("access"), key_hash=Slot("key_hash", CharField()))
    return mine.filter(ended_at__isnull=False).values_list("pk")[:1]


@operation
def end_session(session, *, by):
    """Sign a customer out on one device."""
    PortalSession.objects.filter(pk=session.pk, ended_at__isnull=True).update(ended_at=timezone.now())
