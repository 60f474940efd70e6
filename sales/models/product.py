"""Products and what they cost."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Record, alive, amount, folded, given, link, list_indexes, rule, search_index
from crm_site.core.tracking import track


@track()
class Product(Record):
    """Something we sell."""

    NUMBER_PREFIX = "P"

    name = models.CharField(_("name"), max_length=200)
    code = models.CharField(_("code"), max_length=60, blank=True)
    family = models.CharField(_("family"), max_length=100, blank=True)
    unit = models.CharField(_("unit"), max_length=30, blank=True)
    tax_rate = models.DecimalField(_("tax, %"), max_digits=5, decimal_places=2, default=0)
    cost = amount(_("cost"), null=True, blank=True)
    currency = models.CharField(_("currency of the cost"), max_length=3, blank=True)
    is_active = models.BooleanField(_("on sale"), default=True)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = folded("name", "code", "family")

    class Meta(Record.Meta):
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            rule("product_name_given", given("name")),
            models.UniqueConstraint(fields=["code"], condition=alive() & ~models.Q(code=""), name="product_code_once"),
            rule("product_tax_not_negative", models.Q(tax_rate__gte=0)),
        ]
        indexes = [
            *list_indexes("product", "name_sort", "-id", "-changed_at"),
            models.Index(fields=["family", "name_sort", "id"], name="product_family_ix", condition=alive()),
            search_index("product_search_ix"),
        ]

    def __str__(self):
        return self.name


@track()
class PriceBook(Record):
    """A list of prices for some customers, beside the standard prices.

    A differential one gives discounts: `ranges` are texts such as "10: 5", from ten pieces on five per cent.
    """

    MODELS = {"flat": _("Flat"), "differential": _("Differential")}
    NUMBER_PREFIX = "PB"

    name = models.CharField(_("name"), max_length=200)
    pricing = models.CharField(_("pricing model"), max_length=12, choices=MODELS, default="flat")
    ranges = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, verbose_name=_("discounts by quantity")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = folded("name")

    class Meta(Record.Meta):
        verbose_name = _("price book")
        verbose_name_plural = _("price books")
        constraints = [rule("price_book_name_given", given("name"))]
        indexes = [*list_indexes("pbook", "name_sort", "-id", "-changed_at"), search_index("pbook_search_ix")]

    def __str__(self):
        return self.name

    def percent(self, quantity):
        """The discount on so many pieces, Decimal per cent: that of the highest range reached; 0 in a flat book."""
        steps = (text.split(": ") for text in self.ranges) if self.pricing == "differential" else ()
        reached = [(Decimal(least), Decimal(percent)) for least, percent in steps if Decimal(least) <= quantity]
        return max(reached)[1] if reached else Decimal(0)


class Price(models.Model):
    """A product's price in a currency, from a day to a day; without a book it is the standard price."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="prices", verbose_name=_("product"))
    book = link(PriceBook, _("price book"), "prices", models.CASCADE)
    currency = models.CharField(_("currency"), max_length=3)
    amount = amount(_("price"))
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_to = models.DateField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(
                fields=["product", "book", "currency", "valid_from"], nulls_distinct=False, name="price_once"
            ),
            rule("price_not_negative", models.Q(amount__gte=0)),
            rule(
                "price_dates_in_order",
                models.Q(valid_from__isnull=True) | models.Q(valid_to__isnull=True)
                | models.Q(valid_from__lte=models.F("valid_to")),
            ),
        ]  # fmt: skip
