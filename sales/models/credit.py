"""Credit: who sold what, as an append-only ledger that targets are measured by."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

# Rows are only ever added, and go with their sale; in one order, so that two who add to the same cells do not deadlock.
SUMMED = """
    INSERT INTO sales_creditcell (user_id, team_id, month, kind, amount)
    SELECT user_id, team_id, date_trunc('month', day::timestamp)::date, kind, {sign}sum(amount_base)
    FROM {rows} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT ON CONSTRAINT credit_cell_once DO UPDATE SET amount = sales_creditcell.amount + excluded.amount
"""
ALL_SUMMED = SUMMED.format(rows="sales_credit", sign="")


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
        triggers = [
            pgtrigger.Protect(name="is_a_ledger", operation=pgtrigger.Update),
            pgtrigger.Trigger(
                name="summed", when=pgtrigger.After, operation=pgtrigger.Insert, level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="new_values"),
                func=f"{SUMMED.format(rows='new_values', sign='')}; RETURN NULL;",
            ),
            pgtrigger.Trigger(
                name="taken_off", when=pgtrigger.After, operation=pgtrigger.Delete, level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(old="old_values"),
                func=f"{SUMMED.format(rows='old_values', sign='-')}; RETURN NULL;",
            ),
        ]  # fmt: skip


class CreditCell(models.Model):
    """The sum of one user's credit in one team, month and kind, in the company's currency; triggers keep it exact."""

    user = models.ForeignKey("core.User", models.CASCADE, related_name="+", db_index=False)
    team = models.ForeignKey("core.Team", models.CASCADE, null=True, related_name="+", db_index=False)
    month = models.DateField()
    kind = models.CharField(max_length=10, choices=Credit.KINDS)
    amount = models.DecimalField(max_digits=20, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "team", "month", "kind"], nulls_distinct=False, name="credit_cell_once"
            )
        ]
        indexes = [models.Index(fields=["team", "month"], name="credit_cell_team_ix")]
