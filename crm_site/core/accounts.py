"""Signing in: nobody signs up by themselves, guessing is slow without locking the owner out; a user's own settings."""

import secrets
import unicodedata

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm
from django.conf import settings
from django.core import signing
from django.utils.http import url_has_allowed_host_and_scheme

from crm_site.core.models import User
from crm_site.core.operations import operation
from crm_site.core.outside import digest

KNOWN_FOR = 180 * 24 * 3600
SALT = "kith.known-device"


class Adapter(DefaultAccountAdapter):
    """What we decide differently from allauth."""

    def is_open_for_signup(self, request):
        """Users are invited by an administrator."""
        return False

    def is_safe_url(self, url):
        """Only addresses of this site, from its root."""
        return bool(url) and url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def pre_authenticate(self, request, **credentials):
        """Count the try: all spellings of an address together, a device that its owner signed in on by itself.

        Whoever guesses from elsewhere uses up the tries of the address, not those of the owner's own browser.
        """
        address = folded(credentials.get("email", ""))
        device = known_device(request, address)
        super().pre_authenticate(request, **credentials | {"email": f"{address} {device}" if device else address})

    def post_login(self, request, user, **details):
        """Let the browser of who signed in be known for half a year."""
        response = super().post_login(request, user, **details)
        value = signing.dumps([digest(folded(user.email)), secrets.token_urlsafe(12)], salt=SALT)
        response.set_cookie(
            settings.KNOWN_DEVICE_COOKIE, value, max_age=KNOWN_FOR, secure=settings.SESSION_COOKIE_SECURE,
            httponly=True, samesite="Lax",
        )  # fmt: skip
        return response

    def get_reauthentication_methods(self, user):
        """Who has a second factor proves that one: the password alone must not be able to take it off."""
        methods = super().get_reauthentication_methods(user)
        return [method for method in methods if method["id"] != "reauthenticate"] or methods


class ResetForm(ResetPasswordForm):
    """Asking for a new password at the staff door: customers have a door of their own and are unknown at this one."""

    def clean_email(self):
        """The address; a link goes only to staff, the answer is the same for all."""
        email = super().clean_email()
        self.users = [user for user in self.users if user.door == User.STAFF]
        return email


def folded(address):
    """The address as the sign-in compares it, so that no other spelling of it is counted apart."""
    return unicodedata.normalize("NFKC", address.strip()).casefold()


def known_device(request, address):
    """The device's name, if this address signed in on it before; otherwise an empty text."""
    try:
        kept = signing.loads(request.COOKIES.get(settings.KNOWN_DEVICE_COOKIE, ""), salt=SALT, max_age=KNOWN_FOR)
    except signing.BadSignature:
        return ""
    whose, device = kept
    return device if secrets.compare_digest(whose, digest(address)) else ""


@operation
def change_settings(user, values, *, by):
    """Set what users decide about themselves, such as their time zone; `values` passed the form."""
    User.objects.filter(pk=user.pk).update(**values)
