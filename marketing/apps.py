from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    """Campaigns and the lists of people they aim at."""

    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self):
        """Make the kinds of record known."""
        import marketing.imports  # noqa: PLC0415 - needs the models, which are there only now
        import marketing.kinds  # noqa: F401, PLC0415 - needs the models, which are there only now
