"""Lines of opportunities, quotes and sales: one shape and one rule of rounding for all three."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import amount, given, link, rule


class Line(models.Model):
    """A quantity of something at a price. `net`, `tax` and `total` are computed by sales.operations.totals.

    net = quantity x unit price, less discount_percent, less discount_amount, rounded half up to the currency, line by
    line; tax is a percentage of that, rounded likewise; total is their sum.
    """

    position = models.PositiveSmallIntegerField(default=0)
    product = link("sales.Product", _("product"), "+")
    description = models.CharField(_("description"), max_length=300)
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=4, default=1)
    unit_price = models.DecimalField(_("unit price"), max_digits=18, decimal_places=4)
    discount_percent = models.DecimalField(_("discount, %"), max_digits=7, decimal_places=4, default=0)
    discount_amount = amount(_("discount"), default=0)
    tax_rate = models.DecimalField(_("tax, %"), max_digits=7, decimal_places=4, default=0)
    net = amount(_("net"))
    tax = amount(_("tax"))
    total = amount(_("total"))

    class Meta:
        abstract = True
        ordering = ["position", "id"]

    def __str__(self):
        return self.description


def line_rules(name):
    """The constraints of a table of lines."""
    return [
        rule(f"{name}_described", given("description")),
        rule(f"{name}_quantity_positive", models.Q(quantity__gt=0)),
        rule(f"{name}_discount_within", models.Q(discount_percent__gte=0, discount_percent__lte=100)),
        rule(f"{name}_adds_up", models.Q(total=models.F("net") + models.F("tax"))),
    ]
