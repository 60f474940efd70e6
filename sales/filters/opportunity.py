"""Filters of deals, shared by the list, the board and the calendar."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import DaysWidget, PickFilter, RecordFilters
from customers.filters.common import StartsWith
from customers.models import Account, Contact, Customer
from marketing.models import Campaign
from sales import hygiene
from sales.models import CATEGORIES, Opportunity, Pipeline, Stage

ATTENTION = [("any", _("Needs attention")), *hygiene.LABELS.items()]


class OpportunityFilters(RecordFilters):
    """Deals by stage, pipeline, state, forecast category, close date, amount, party, origin and hygiene."""

    state = df.ChoiceFilter(label=_("State"), choices=Stage.STATES)
    stage = df.ModelChoiceFilter(label=_("Stage"), queryset=Stage.objects.select_related("pipeline"))
    pipeline = df.ModelChoiceFilter(label=_("Pipeline"), queryset=Pipeline.objects.all())
    category = df.ChoiceFilter(label=_("Forecast category"), choices=CATEGORIES)
    attention = df.ChoiceFilter(label=_("Needs attention"), choices=ATTENTION, method="needs_attention")
    close_date = df.DateFromToRangeFilter(label=_("Close date"), widget=DaysWidget(_("Close date")))
    next_step_date = df.DateFromToRangeFilter(label=_("Next step on"), widget=DaysWidget(_("Next step on")))
    amount = df.RangeFilter(label=_("Amount in the company's currency"), field_name="amount_base")
    account = PickFilter(label=_("Account"), queryset=Account.objects.none(), options_url="/accounts/options/")
    contact = PickFilter(label=_("Contact"), queryset=Contact.objects.none(), options_url="/contacts/options/")
    customer = PickFilter(label=_("Customer"), queryset=Customer.objects.none(), options_url="/customers/options/")
    campaign = PickFilter(label=_("Campaign"), queryset=Campaign.objects.none(), options_url="/campaigns/options/")
    source = StartsWith(label=_("Lead source"))
    type = df.ChoiceFilter(label=_("Type"), choices=Opportunity.TYPES)

    class Meta:
        model = Opportunity
        fields = []

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        for name, model in (("account", Account), ("contact", Contact), ("customer", Customer), ("campaign", Campaign)):
            self.filters[name].extra["queryset"] = model.objects.visible_to(user)

    def needs_attention(self, rows, _name, value):
        """Open deals that a rule of hygiene fits."""
        return hygiene.flagged(rows, value)
