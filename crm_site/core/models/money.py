"""Exchange rates: what one unit of a foreign currency was worth in the company's own, from a day on."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.core.tracking import track


@track()
class ExchangeRate(models.Model):
    """From `day` on, until a later row says otherwise, one unit of `currency` is `rate` units of the base currency."""

    currency = models.CharField(_("currency"), max_length=3)
    day = models.DateField(_("from"))
    rate = models.DecimalField(_("worth in the company's currency"), max_digits=18, decimal_places=8)

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        ordering = ["currency", "-day"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "day"], name="exchange_rate_once"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="exchange_rate_positive"),
            models.CheckConstraint(condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="exchange_rate_currency"),
        ]

    def __str__(self):
        return f"{self.currency} {self.rate} ({self.day})"
