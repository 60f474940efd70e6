"""Filters of cases."""

from datetime import timedelta

import django_filters as df
from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import PickFilter, RecordFilters, Several
from customers.filters.common import flag
from customers.models import Account, Contact, Customer
from customers.operations.accounts import subtree
from sales.models import Product
from support import asked
from support.models import NEVER, Case, CaseField, Queue, Status

DUE = {"running": _("Something is due"), "late": _("Overdue"), "day": _("Due within a day")}


class AnswerFilter(df.Filter):
    """Cases on which a field of cases was answered just so; an index over all answers serves it."""

    def __init__(self, row):
        super().__init__(label=row.label)
        self.row = row

    @property
    def field(self):
        """The field that asks for it, none of those that must be filled."""
        found = asked.form_field(self.row)
        found.required = found.widget.is_required = False
        return found

    def filter(self, rows, value):
        """The cases with the answer."""
        answer = asked.kept(value)
        return rows if answer is None else rows.filter(details__contains={self.row.key: answer}).exclude(details={})


class CaseFilters(RecordFilters):
    """Cases by state, status, priority, queue, due time, type, channel, party and product."""

    category = Several(label=_("State"), choices=Status.CATEGORIES)
    status = df.ModelChoiceFilter(label=_("Status"), queryset=Status.objects.all())
    priority = Several(label=_("Priority"), choices=Case.PRIORITIES)
    queue = df.ModelChoiceFilter(label=_("Queue"), queryset=Queue.objects.all())
    unowned = df.BooleanFilter(
        label=_("Without agent"), method="only_unowned", widget=forms.Select(choices=[("", "—"), ("true", _("Yes"))])
    )
    due = df.ChoiceFilter(label=_("Due"), choices=DUE, method="by_due")
    breached = flag(_("Promise broken"))
    type = df.ChoiceFilter(label=_("Type"), choices=Case.TYPES)
    channel = df.ChoiceFilter(label=_("Channel"), choices=Case.CHANNELS)
    contact = PickFilter(label=_("Reporter"), queryset=Contact.objects.none(), options_url="/contacts/options/")
    customer = PickFilter(label=_("Customer"), queryset=Customer.objects.none(), options_url="/customers/options/")
    account = PickFilter(label=_("Account"), queryset=Account.objects.none(), options_url="/accounts/options/")
    within = df.NumberFilter(label=_("Account and all below it"), method="within_account", widget=forms.HiddenInput)
    sale = df.NumberFilter(label=_("Sale"), method="of_record", widget=forms.HiddenInput)
    installed = df.NumberFilter(label=_("Installed product"), method="of_record", widget=forms.HiddenInput)
    entitlement = df.NumberFilter(label=_("Entitlement"), method="of_record", widget=forms.HiddenInput)
    issue = df.NumberFilter(label=_("Known issue"), method="of_record", widget=forms.HiddenInput)
    partner = df.NumberFilter(label=_("Partner"), method="of_record", widget=forms.HiddenInput)
    product = PickFilter(label=_("Product"), queryset=Product.objects.none(), options_url="/products/options/")
    is_spam = flag(_("Spam"))

    class Meta:
        model = Case
        fields = []

    def __init__(self, *args, named=False, **kwargs):
        super().__init__(*args, named=named, **kwargs)
        keys = [name.removeprefix(asked.PREFIX) for name in self.data or () if name.startswith(asked.PREFIX)]
        # A saved view goes on to mean what it says when a field is out of use.
        wanted = Q(key__in=keys) if named else Q(is_active=True) | Q(key__in=keys)
        for row in CaseField.objects.filter(wanted):
            self.filters[asked.PREFIX + row.key] = AnswerFilter(row)

    def only_unowned(self, rows, _name, value):
        """Cases that nobody has."""
        return rows.filter(owner__isnull=True) if value else rows

    def by_due(self, rows, _name, value):
        """Cases with a running clock: all, those that are late, those due within a day."""
        now = timezone.now()
        ends = {"running": NEVER, "late": now, "day": now + timedelta(days=1)}
        return rows.filter(due_at__lt=ends[value])

    def within_account(self, rows, _name, value):
        """Cases of an account and of all accounts below it."""
        return rows.filter(account__in=subtree(int(value))) if 0 < value < 2**63 else rows.none()

    def of_record(self, rows, name, value):
        """Cases about one record."""
        return rows.filter(**{name: int(value)}) if 0 < value < 2**63 else rows.none()
