"""Credit: who sold what, as an append-only ledger that targets are measured by."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Credit(models.Model):
    """A share of a sale that counts for a user on a day. A cancelled sale is taken back by rows that name theirs."""

    KINDS = {"revenue": _("Revenue"), "overlay": _("Overlay")}

    sale = models.ForeignKey("sales.Sale", models.CASCADE, related_name="credits")
    user = models.ForeignKey("core.User", models.PROTECT, related_name="+", db_index=False)
    team = models.ForeignKey("core.Team", models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=KINDS, default="revenue")
    family = models.CharField(max_length=100, blank=True)
    day = models.DateField()
    amount_base = models.DecimalField(max_digits=18, decimal_places=2)
    count = models.DecimalField(max_digits=8, decimal_places=5)
    reverses = models.OneToOneField("self", models.CASCADE, null=True, related_name="reversed_by")

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        indexes = [
            models.Index(fields=["user", "day"], name="credit_user_ix"),
            models.Index(fields=["team", "day"], name="credit_team_ix"),
        ]
