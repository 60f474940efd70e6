from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    """Everyone the company knows: accounts, contacts, customers and what was done with them."""

    name = "customers"
    verbose_name = _("Customers")

    def ready(self):
        """Make the kinds of record known."""
        import customers.imports  # noqa: PLC0415 - needs the models, which are there only now
        import customers.kinds  # noqa: F401, PLC0415 - needs the models, which are there only now
