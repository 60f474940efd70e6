"""Campaigns: marketing efforts, what they cost and who is a member."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Record, alive, folded, given, link, list_indexes, rule, search_index
from crm_site.core.tracking import track


def money(label):
    """An amount in the campaign's currency, perhaps unknown."""
    return models.DecimalField(label, max_digits=18, decimal_places=2, null=True, blank=True)


@track()
class Campaign(Record):
    """A marketing effort between two days, with its budget, its costs and what is expected of it."""

    PLANNED, ACTIVE, COMPLETED, ABORTED = "planned", "active", "completed", "aborted"
    STATUSES = {
        PLANNED: _("Planned"), ACTIVE: _("Active"), COMPLETED: _("Completed"), ABORTED: _("Aborted"),
    }  # fmt: skip
    TYPES = {
        "email": _("E-mail"), "advertisement": _("Advertisement"), "event": _("Event"), "webinar": _("Webinar"),
        "trade_show": _("Trade show"), "conference": _("Conference"), "telemarketing": _("Telemarketing"),
        "direct_mail": _("Direct mail"), "social": _("Social media"), "partners": _("Partners"),
        "referral": _("Referral program"), "public_relations": _("Public relations"), "other": _("Other"),
    }  # fmt: skip
    NUMBER_PREFIX = "M"

    name = models.CharField(_("name"), max_length=200)
    type = models.CharField(_("type"), max_length=20, choices=TYPES, default="other")
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default=PLANNED)
    parent = link("self", _("part of"), "children")
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    budgeted_cost = money(_("budgeted cost"))
    expected_cost = money(_("expected cost"))
    actual_cost = money(_("actual cost"))
    expected_revenue = money(_("expected revenue"))
    expected_response = models.DecimalField(
        _("expected response, %"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = folded("name")

    class Meta(Record.Meta):
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            rule("campaign_name_given", given("name")),
            rule("campaign_status_known", models.Q(status__in=["planned", "active", "completed", "aborted"])),
            rule(
                "campaign_dates_in_order",
                models.Q(starts_on__isnull=True) | models.Q(ends_on__isnull=True)
                | models.Q(starts_on__lte=models.F("ends_on")),
            ),
            rule(
                "campaign_money_has_currency",
                models.Q(budgeted_cost__isnull=True, expected_cost__isnull=True, actual_cost__isnull=True,
                                   expected_revenue__isnull=True) | ~models.Q(currency=""),
            ),
            rule("campaign_own_parent", ~models.Q(parent=models.F("id"))),
        ]  # fmt: skip
        indexes = [
            *list_indexes("campaign", "name_sort", "-id", "-changed_at"),
            models.Index(fields=["status", "name_sort", "id"], name="campaign_status_ix", condition=alive()),
            models.Index(fields=["type", "name_sort", "id"], name="campaign_type_ix", condition=alive()),
            search_index("campaign_search_ix"),
        ]

    def __str__(self):
        return self.name


class CampaignMember(models.Model):
    """A person whom a campaign aims at, and how far they went; `responded_at` is set once and never cleared."""

    STATUSES = {
        "targeted": _("Targeted"), "sent": _("Sent"), "opened": _("Opened"), "clicked": _("Clicked"),
        "responded": _("Responded"), "converted": _("Converted"), "bounced": _("Bounced"),
        "opted_out": _("Opted out"),
    }  # fmt: skip

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="members")
    contact = models.ForeignKey("customers.Contact", models.CASCADE, related_name="campaign_memberships")
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default="targeted")
    added_at = models.DateTimeField(_("added"))
    responded_at = models.DateTimeField(_("responded"), null=True, blank=True)

    class Meta:
        verbose_name = _("campaign member")
        verbose_name_plural = _("campaign members")
        constraints = [models.UniqueConstraint(fields=["campaign", "contact"], name="campaign_member_once")]
        indexes = [models.Index(fields=["contact", "-added_at"], name="campaign_member_contact_ix")]
