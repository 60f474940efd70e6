from django.apps import AppConfig


class CoreConfig(AppConfig):
    """The ground: what every record can do. Knows no app."""

    name = "crm_site.core"
    label = "core"
