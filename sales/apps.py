from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SalesConfig(AppConfig):
    """From a first inquiry to a sale, and what will be sold."""

    name = "sales"
    verbose_name = _("Sales")

    def ready(self):
        """Make the kinds of record known."""
        import sales.imports  # noqa: PLC0415 - needs the models, which are there only now
        import sales.kinds  # noqa: PLC0415 - needs the models, which are there only now
        import sales.kinds.lead_setup  # noqa: F401, PLC0415 - needs the kinds
