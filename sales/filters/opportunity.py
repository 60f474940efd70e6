"""Filters of deals, shared by the list, the board and the calendar."""

import django_filters as df
from django import forms
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import DaysWidget, NumbersWidget, PickFilter, RecordFilters, Several
from crm_site.core.models import Team, TeamClosure, User
from customers.filters.common import StartsWith
from customers.models import Account, Contact, Customer
from customers.operations.accounts import subtree
from marketing.models import Campaign
from sales import hygiene
from sales.models import CATEGORIES, ContactRole, Opportunity, Pipeline, Stage

ATTENTION = [("any", _("Needs attention")), *hygiene.LABELS.items()]


class OpportunityFilters(RecordFilters):
    """Deals by stage, pipeline, state, forecast category, close date, amount, party, origin and hygiene."""

    state = df.ChoiceFilter(label=_("State"), choices=Stage.STATES)
    stage = df.ModelChoiceFilter(label=_("Stage"), queryset=Stage.objects.select_related("pipeline"))
    pipeline = df.ModelChoiceFilter(label=_("Pipeline"), queryset=Pipeline.objects.all())
    category = Several(label=_("Forecast category"), choices=CATEGORIES)
    team_below = PickFilter(
        label=_("Team and below"), queryset=Team.objects.all(), options_url="/teams/options/", method="of_team_below"
    )
    without = df.ChoiceFilter(label=_("Without an owner"), choices=[("owner", _("Yes"))], method="without_any")
    without_team = df.ChoiceFilter(label=_("Without a team"), choices=[("true", _("Yes"))], method="without_any")
    attention = df.ChoiceFilter(label=_("Needs attention"), choices=ATTENTION, method="needs_attention")
    close_date = df.DateFromToRangeFilter(label=_("Close date"), widget=DaysWidget(_("Close date")))
    next_step_date = df.DateFromToRangeFilter(label=_("Next step on"), widget=DaysWidget(_("Next step on")))
    amount = df.RangeFilter(
        label=_("Amount in the company's currency"), field_name="amount_base", widget=NumbersWidget(_("Amount"))
    )
    account = PickFilter(label=_("Account"), queryset=Account.objects.none(), options_url="/accounts/options/")
    within = df.NumberFilter(label=_("Account and all below it"), method="within_account", widget=forms.HiddenInput)
    contact = PickFilter(
        label=_("Contact"), queryset=Contact.objects.none(), options_url="/contacts/options/", method="with_contact"
    )
    customer = PickFilter(label=_("Customer"), queryset=Customer.objects.none(), options_url="/customers/options/")
    campaign = PickFilter(label=_("Campaign"), queryset=Campaign.objects.none(), options_url="/campaigns/options/")
    partner = PickFilter(
        label=_("Sourced by partner"), queryset=Account.objects.none(), options_url="/accounts/options/"
    )
    serviced_by = PickFilter(
        label=_("Serviced by partner"), queryset=Account.objects.none(), options_url="/accounts/options/"
    )
    source = StartsWith(label=_("Lead source"))
    type = df.ChoiceFilter(label=_("Type"), choices=Opportunity.TYPES)

    class Meta:
        model = Opportunity
        fields = []

    def offered(self, name, rows):
        """As elsewhere; but deals outlast their owners' time in the company."""
        return User.objects.filter(door=User.STAFF) if name == "owner" else super().offered(name, rows)

    def of_team_below(self, rows, _name, value):
        """Deals of the team and of all teams below it."""
        return rows.filter(team__in=TeamClosure.objects.filter(ancestor=value).values("descendant"))

    def without_any(self, rows, name, _value):
        """Deals that nobody owns, or that no team has."""
        return rows.filter(**{"team" if name == "without_team" else "owner": None})

    def within_account(self, rows, _name, value):
        """Deals of an account and of all accounts below it."""
        return rows.filter(account__in=subtree(int(value))) if 0 < value < 2**63 else rows.none()

    def with_contact(self, rows, _name, contact):
        """Deals whose primary contact it is, or in which it has a role."""
        first = Opportunity.objects.unscoped("rows passed the gate").filter(contact=contact).values("pk")
        # A union of two look-ups by index; an OR of both would read the whole table.
        return rows.filter(pk__in=first.union(ContactRole.objects.filter(contact=contact).values("opportunity")))

    def needs_attention(self, rows, _name, value):
        """Open deals that a rule of hygiene fits."""
        return hygiene.flagged(rows, value)
