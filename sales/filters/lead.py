"""Filters of leads."""

import django_filters as df
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import PickFilter, RecordFilters, Several
from customers.countries import country_choices
from customers.filters.common import StartsWith
from marketing.models import Campaign
from sales.models import Lead

YES = forms.Select(choices=[("", "—"), ("true", _("Yes"))])


class LeadFilters(RecordFilters):
    """Leads by status, rating, score, source, campaign and country; those of a queue, and late ones."""

    status = Several(label=_("Status"), choices=Lead.STATUSES)
    rating = df.ChoiceFilter(label=_("Rating"), choices=[pair for pair in Lead.RATINGS.items() if pair[0]])
    score = df.NumberFilter(
        label=_("Score from"), field_name="score", lookup_expr="gte", min_value=-32_000, max_value=32_000
    )
    unowned = df.BooleanFilter(label=_("Without owner"), method="only_unowned", widget=YES)
    overdue = df.BooleanFilter(label=_("Answer overdue"), method="only_overdue", widget=YES)
    source = StartsWith(label=_("Source"))
    campaign = PickFilter(label=_("Campaign"), queryset=Campaign.objects.none(), options_url="/campaigns/options/")
    country = df.ChoiceFilter(label=_("Country"), choices=country_choices)

    class Meta:
        model = Lead
        fields = []

    def only_unowned(self, rows, _name, value):
        """Leads that wait in a queue."""
        return rows.filter(owner__isnull=True) if value else rows

    def only_overdue(self, rows, _name, value):
        """Open leads whose first answer is late."""
        late = {"respond_by__lt": timezone.now(), "responded_at__isnull": True, "status__in": Lead.OPEN}
        return rows.filter(**late) if value else rows
