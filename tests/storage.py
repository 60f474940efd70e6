"""Static files for the tests, under their own names: the live server does not know hashed ones."""

from django.contrib.staticfiles.storage import StaticFilesStorage

from crm_site.assets import Addresses


class StaticFiles(Addresses, StaticFilesStorage):
    """See the module."""
