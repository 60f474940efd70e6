"""Campaigns as a kind of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Dependent, Kind, Panel, add_panel, register
from crm_site.core.operations import delete_record, restore_record
from crm_site.core.pages import RULES
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from marketing.columns.campaign import CAMPAIGN_COLUMNS
from marketing.filters.campaign import CampaignFilters
from marketing.forms.campaign import CampaignForm
from marketing.models import Campaign
from marketing.operations.campaigns import create_campaign, update_campaign

RULES.update({
    "campaign_name_given": _("A campaign needs a name."),
    "campaign_dates_in_order": _("The end lies before the start."),
    "campaign_money_has_currency": _("Give the currency of the amounts."),
    "campaign_own_parent": _("A campaign is not part of itself."),
})  # fmt: skip


CAMPAIGNS = register(
    Kind(
        model=Campaign, slug="campaigns", menu=110, icon="megaphone", label=_("Campaign"),
        label_plural=_("Campaigns"), purpose=_("What you do to be heard of, what it costs and what it brings."),
        columns=CAMPAIGN_COLUMNS, sorts={"name": BY_NAME, "new": NEWEST, "changed": CHANGED}, default_sort="new",
        form=CampaignForm, filters=CampaignFilters, create=create_campaign, update=update_campaign,
        delete=delete_record, restore=restore_record, quick=("name", "type", "status", "starts_on", "ends_on"),
        highlights=("status", "type", "starts_on", "ends_on", "budgeted_cost", "actual_cost", "owner"),
        groups=(
            (_("About"), ("number", "type", "status", "parent", "starts_on", "ends_on", "description")),
            (_("Money"), ("budgeted_cost", "expected_cost", "actual_cost", "expected_revenue", "expected_response",
                          "currency")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        dependents=(
            Dependent(
                _("Campaigns that are part of it"),
                lambda campaign, user: Campaign.objects.visible_to(user).filter(parent=campaign).count(),
            ),
        ),
        bulk_fields=("status", "type"),
    )
)  # fmt: skip
add_panel("marketing.campaign", Panel(_("Members"), "marketing:campaign_members", order=10))
