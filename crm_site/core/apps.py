from django.apps import AppConfig


class CoreConfig(AppConfig):
    """The ground: what every record can do. Knows no app."""

    name = "crm_site.core"
    label = "core"

    def ready(self):
        """Make the import of users and its job known."""
        import crm_site.core.imports.run  # noqa: PLC0415 - needs the models, which are there only now
        import crm_site.core.imports.users  # noqa: F401, PLC0415 - needs the models, which are there only now
