"""Targets: what a person or a team should reach in a period."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Record, alive, folded, given, link, list_indexes, rule, search_index
from crm_site.core.tracking import track


@track("notified", "median")
class Target(Record):
    """A quota of one user or one team for one period; `value` is in the company's currency where the metric is money.

    `starts_on` and `ends_on` are the period's first and last day. `notified` holds the per cents that were told of,
    `median` what half of the deals that were won in the last year are above; 0 without any, None until it is learned.
    """

    PERIODS = {"month": _("Month"), "quarter": _("Quarter"), "year": _("Year")}
    METRICS = {
        "won_amount": _("Won amount"), "won_count": _("Won deals"), "activities": _("Activities done"),
        "leads_converted": _("Leads converted"),
    }  # fmt: skip
    NUMBER_PREFIX = "G"

    name = models.CharField(_("name"), max_length=200, blank=True)
    user = link("core.User", _("user"), "targets")
    for_team = link("core.Team", _("for the team"), "targets")
    metric = models.CharField(_("what counts"), max_length=20, choices=METRICS, default="won_amount")
    family = models.CharField(_("only this product family"), max_length=100, blank=True)
    period = models.CharField(_("period"), max_length=10, choices=PERIODS, default="quarter")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"), editable=False)
    value = models.DecimalField(_("target"), max_digits=18, decimal_places=2)
    notified = models.JSONField(default=list, blank=True, editable=False)
    median = models.DecimalField(max_digits=18, decimal_places=2, null=True, editable=False)
    name_sort = folded("name")
    search_text = folded("name")

    class Meta(Record.Meta):
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        constraints = [
            rule(
                "target_user_or_team",
                models.Q(user__isnull=False, for_team__isnull=True)
                | models.Q(user__isnull=True, for_team__isnull=False),
            ),
            rule("target_positive", models.Q(value__gt=0)),
            rule("target_name_given", given("name")),
            rule("target_dates_in_order", models.Q(starts_on__lte=models.F("ends_on"))),
            models.UniqueConstraint(
                fields=["user", "for_team", "metric", "family", "period", "starts_on"], nulls_distinct=False,
                condition=alive(), name="target_once",
            ),
        ]  # fmt: skip
        indexes = [
            *list_indexes("target", "-starts_on", "name_sort", "-id", "-changed_at"),
            models.Index(fields=["user", "starts_on"], name="target_user_ix", condition=alive()),
            models.Index(fields=["for_team", "starts_on"], name="target_team_ix", condition=alive()),
            search_index("target_search_ix"),
        ]

    def __str__(self):
        return self.name
