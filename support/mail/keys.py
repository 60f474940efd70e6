"""The keys with which mail providers post mails: shown once, kept as a hash."""

from django.utils.crypto import get_random_string

from crm_site.core.outside import digest
from support.models import Mailbox


def new_key(mailbox):
    """Give a mailbox a new key and return it; the old one ends."""
    key = get_random_string(40)
    Mailbox.objects.filter(pk=mailbox.pk).update(key_hash=digest(key))
    return key
