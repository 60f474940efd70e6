from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The roof: navigation, home, demo company. Knows every app."""

    name = "crm_site"
    label = "site"
