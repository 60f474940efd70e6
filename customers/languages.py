"""The language that a person is addressed in: their own, where we have it."""

from django.conf import settings
from django.utils import translation


def language_of(contact):
    """The code of the person's language among those of the site; None where that is unknown."""
    code = contact.language.partition("-")[0].lower() if contact else ""
    return code if code in dict(settings.LANGUAGES) else None


def speaking_to(contact):
    """A context in which all is said in the person's language, in the site's own where we do not have it."""
    return translation.override(language_of(contact) or settings.LANGUAGE_CODE)
