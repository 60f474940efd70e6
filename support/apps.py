from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    """Every promise made to a customer: cases, their clocks, mail, knowledge and the portal."""

    name = "support"
    verbose_name = _("Support")

    def ready(self):
        """Make the kinds of record known."""
        import support.imports  # noqa: PLC0415 - needs the models, which are there only now
        import support.kinds  # noqa: F401, PLC0415 - needs the models, which are there only now
