from datetime import UTC

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.postgresql.psycopg_any import get_adapters_template

from crm_site.core.loading import Moment


class CoreConfig(AppConfig):
    """The ground: what every record can do. Knows no app."""

    name = "crm_site.core"
    label = "core"

    def ready(self):
        """Make the import of users and its job known, and how every connection reads moments."""
        import crm_site.core.imports.run  # noqa: PLC0415 - needs the models, which are there only now
        import crm_site.core.imports.users  # noqa: F401, PLC0415 - needs the models, which are there only now

        get_adapters_template(settings.USE_TZ, UTC).register_loader("timestamptz", Moment)
