"""Signing in, as far as it differs for customers: they come into the portal, and their devices are listed there."""

from django.urls import reverse

from crm_site.core.accounts import Adapter as StaffAdapter
from crm_site.core.middleware import PORTAL
from crm_site.core.models import User
from support.operations.portal import note_session
from support.portal import access_of


class Adapter(StaffAdapter):
    """What we decide differently from allauth, for both doors."""

    def authenticate(self, request, **credentials):
        """Each door lets its own people in; the others are strangers to it, and their tries count as wrong ones."""
        user = super().authenticate(request, **credentials)
        own = user and (access_of(user) if request.path.startswith(PORTAL) else user.door == User.STAFF)
        if user and not own:
            self.pre_authenticate(request, **credentials)
        return user if own else None

    def get_login_redirect_url(self, request):
        """Customers come into the portal, staff home."""
        if request.user.door == User.PORTAL:
            return reverse("support:portal_home")
        return super().get_login_redirect_url(request)

    def get_password_change_redirect_url(self, request):
        """Customers go back to where they manage how they sign in."""
        if request.user.is_authenticated and request.user.door == User.PORTAL:
            return reverse("support:portal_security")
        return super().get_password_change_redirect_url(request)

    def post_login(self, request, user, **details):
        """Note the device of a customer who signed in."""
        response = super().post_login(request, user, **details)
        if user.door == User.PORTAL:
            note_session(user, request.session.session_key, request.headers.get("User-Agent", ""), by=user)
        return response
