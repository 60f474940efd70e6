"""The keys with which mail providers post mails: shown once, kept as a hash."""

import hashlib

from django.utils.crypto import get_random_string

from support.models import Mailbox


def hash_of(key):
    """What is kept of a provider's key."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_key(mailbox):
    """Give a mailbox a new key and return it; the old one ends."""
    key = get_random_string(40)
    Mailbox.objects.filter(pk=mailbox.pk).update(key_hash=hash_of(key))
    return key
