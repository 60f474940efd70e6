"""`flush`, which Django calls after each test that commits: the database is as the migrations left it."""

from django.core.management.commands import flush
from django.db import connections

from tests import shipped


class Command(flush.Command):
    """Put the shipped rows back, or do as Django does where that is not possible."""

    def handle(self, **options):
        """See the class."""
        if not shipped.put_back(connections[options["database"]]):
            super().handle(**options)
