"""Forecasts: sums kept up to date, managers' adjustments, the odds that history gives, and how good all that was."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import given, rule
from sales.models.pipeline import CATEGORIES


class ForecastCell(models.Model):
    """The sums of all deals of one owner, team, month of the close date, stage and category; kept by the roll-up.

    amount and weighted are in the company's currency; `unrated` counts deals whose currency has no rate.
    """

    owner = models.ForeignKey("core.User", models.CASCADE, null=True, related_name="+", db_index=False)
    team = models.ForeignKey("core.Team", models.CASCADE, null=True, related_name="+", db_index=False)
    month = models.DateField()
    stage = models.ForeignKey("sales.Stage", models.CASCADE, related_name="+", db_index=False)
    category = models.CharField(max_length=10, choices=CATEGORIES)
    deals = models.BigIntegerField(default=0)
    unrated = models.BigIntegerField(default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    weighted = models.DecimalField(max_digits=20, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "team", "month", "stage", "category"], nulls_distinct=False, name="forecast_cell_once"
            )
        ]
        indexes = [
            models.Index(fields=["team", "month"], name="forecast_cell_team_ix"),
            models.Index(fields=["month"], name="forecast_cell_month_ix"),
        ]


class Adjustment(models.Model):
    """A manager's own number for a category of a period, of a person or a team; the deals stay as they are.

    `original` is what the deals said then. The newest row that was not reset counts.
    """

    user = models.ForeignKey("core.User", models.CASCADE, null=True, related_name="+")
    team = models.ForeignKey("core.Team", models.CASCADE, null=True, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    category = models.CharField(max_length=10, choices=CATEGORIES)
    original = models.DecimalField(max_digits=20, decimal_places=2)
    adjusted = models.DecimalField(max_digits=20, decimal_places=2)
    note = models.CharField(_("reason"), max_length=300)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")
    reset_at = models.DateTimeField(null=True)
    reset_by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("adjustment of a forecast")
        verbose_name_plural = _("adjustments of forecasts")
        constraints = [
            rule(
                "adjustment_user_or_team",
                models.Q(user__isnull=False, team__isnull=True) | models.Q(user__isnull=True, team__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["user", "team", "starts_on", "ends_on", "category"], nulls_distinct=False,
                condition=models.Q(reset_at__isnull=True), name="adjustment_one_active",
            ),
            rule("adjustment_reason_given", given("note")),
        ]  # fmt: skip


class OddsModel(models.Model):
    """A table of win rates, learned from the company's own history up to a day; the newest one is used."""

    learned_at = models.DateTimeField(default=timezone.now)
    up_to = models.DateField()
    samples = models.BigIntegerField()
    table = models.JSONField(default=dict)
    quality = models.JSONField(default=dict)


class DealOdds(models.Model):
    """What history gives an open deal: the probability that it is won within its period, as of the last run."""

    opportunity = models.OneToOneField("sales.Opportunity", models.CASCADE, primary_key=True, related_name="odds")
    probability = models.FloatField()
    spread = models.FloatField()


class OddsCell(models.Model):
    """What the odds give the open deals of one owner, team and month of the close date; kept with the odds.

    Or, where `coming`, what is expected beside them of deals that are not there yet.

    `expected` is the sum of probability times amount, `variance` that of p (1 - p) amount², and `doubt` that of
    amount times spread: how far the rates themselves may be off, all in the same direction.
    """

    owner = models.ForeignKey("core.User", models.CASCADE, null=True, related_name="+", db_index=False)
    team = models.ForeignKey("core.Team", models.CASCADE, null=True, related_name="+", db_index=False)
    month = models.DateField()
    coming = models.BooleanField(default=False)
    expected = models.DecimalField(max_digits=20, decimal_places=2)
    variance = models.FloatField()
    doubt = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "team", "month", "coming"], nulls_distinct=False, name="odds_cell_once"
            )
        ]
        indexes = [models.Index(fields=["month"], name="odds_cell_month_ix")]


class BacktestRow(models.Model):
    """What each number said for a past period some days before its end, of a team and all below, or of everybody.

    There is no interval (`low`, `high`) where no quarter was settled yet that it could be learned from.
    """

    team = models.ForeignKey("core.Team", models.CASCADE, null=True, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    days_before = models.PositiveSmallIntegerField()
    closed = models.DecimalField(max_digits=20, decimal_places=2)
    commit = models.DecimalField(max_digits=20, decimal_places=2)
    best = models.DecimalField(max_digits=20, decimal_places=2)
    pipeline = models.DecimalField(max_digits=20, decimal_places=2)
    weighted = models.DecimalField(max_digits=20, decimal_places=2)
    calibrated = models.DecimalField(max_digits=20, decimal_places=2)
    low = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    high = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    actual = models.DecimalField(max_digits=20, decimal_places=2)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "starts_on", "ends_on", "days_before"], nulls_distinct=False, name="backtest_once"
            )
        ]
