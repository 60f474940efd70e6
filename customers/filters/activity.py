"""Filters of activities."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import PickFilter, RecordFilters
from customers.days import day_start, week_end
from customers.models import Account, Activity, Contact, Customer


class ActivityFilters(RecordFilters):
    """Activities by kind, status, due day and whom they concern."""

    DUE = {
        "overdue": _("Overdue"),
        "today": _("Today"),
        "tomorrow": _("Tomorrow"),
        "week": _("This week"),
        "later": _("Later"),
    }

    kind = df.ChoiceFilter(label=_("Kind"), choices=Activity.KINDS)
    status = df.ChoiceFilter(label=_("Status"), choices=Activity.STATUSES)
    due = df.ChoiceFilter(label=_("Due"), choices=DUE, method="due_in")
    contact = PickFilter(label=_("Contact"), queryset=Contact.objects.none(), options_url="/contacts/options/")
    account = PickFilter(label=_("Account"), queryset=Account.objects.none(), options_url="/accounts/options/")
    customer = PickFilter(label=_("Customer"), queryset=Customer.objects.none(), options_url="/customers/options/")

    class Meta:
        model = Activity
        fields = []

    def due_in(self, rows, _name, value):
        """Open activities whose day lies in the span, as days are in the reader's zone."""
        rows = rows.filter(status=Activity.OPEN)
        first, last = {
            "overdue": (None, day_start()),
            "today": (day_start(), day_start(1)),
            "tomorrow": (day_start(1), day_start(2)),
            "week": (day_start(), week_end()),
            "later": (week_end(), None),
        }[value]
        rows = rows.filter(at__gte=first) if first else rows
        return rows.filter(at__lt=last) if last else rows
