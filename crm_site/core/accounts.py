"""Signing in: nobody signs up by themselves."""

from allauth.account.adapter import DefaultAccountAdapter
from django.utils.http import url_has_allowed_host_and_scheme


class Adapter(DefaultAccountAdapter):
    """What we decide differently from allauth."""

    def is_open_for_signup(self, request):
        """Users are invited by an administrator."""
        return False

    def is_safe_url(self, url):
        """Only addresses of this site."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)
