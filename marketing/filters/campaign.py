"""Filters of campaigns."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import RecordFilters
from marketing.models import Campaign


class CampaignFilters(RecordFilters):
    """Campaigns by status and type."""

    status = df.ChoiceFilter(label=_("Status"), choices=Campaign.STATUSES)
    type = df.ChoiceFilter(label=_("Type"), choices=Campaign.TYPES)

    class Meta:
        model = Campaign
        fields = []
