"""What leads to the site from outside: whole addresses, the host's name, and what is kept of a secret part.

All addresses begin with the site's own, whatever host a request named.
"""

import hashlib
from urllib.parse import urlsplit

from django.conf import settings


def whole(path):
    """The whole address of a page of the site."""
    return settings.BASE_URL.rstrip("/") + path


def host():
    """The site's host, as Message-IDs and the ids of calendar entries bear it."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def digest(secret):
    """What is kept of a secret part of an address: a text of 64 signs from which it cannot be told."""
    return hashlib.sha256(secret.encode()).hexdigest()
