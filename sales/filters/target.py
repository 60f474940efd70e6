"""Filters of targets."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import DaysWidget, PickFilter, RecordFilters
from crm_site.core.models import Team, User
from sales.models import Target


class TargetFilters(RecordFilters):
    """Targets by whom they are for, what counts and when they start."""

    user = PickFilter(label=_("User"), queryset=User.objects.filter(door=User.STAFF), options_url="/users/options/")
    for_team = PickFilter(label=_("For the team"), queryset=Team.objects.all(), options_url="/teams/options/")
    metric = df.ChoiceFilter(label=_("What counts"), choices=Target.METRICS)
    period = df.ChoiceFilter(label=_("Period"), choices=Target.PERIODS)
    starts_on = df.DateFromToRangeFilter(label=_("From"), widget=DaysWidget(_("From")))

    class Meta:
        model = Target
        fields = []
