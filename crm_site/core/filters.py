"""Filters of lists, built on django-filter: each offered one has an index that serves it."""

import django_filters as df
from django import forms
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, users_for
from crm_site.core.models import ExternalId, ImportChange, Record, Team, User
from crm_site.core.reports import slice_of


class PickFilter(df.ModelChoiceFilter):
    """A filter by one user, team or record, picked by typing."""

    field_class = PickField

    def __init__(self, *args, options_url, **kwargs):
        super().__init__(*args, options_url=options_url, **kwargs)

    @property
    def field(self):
        """The form field; made without what only django-filter's own choice fields take."""
        extra = {key: self.extra[key] for key in ("required", "options_url") if key in self.extra}
        return PickField(self.extra["queryset"], label=self.label, **extra)


class Several(df.MultipleChoiceFilter):
    """Rows with one of several values of their own column: no row can come twice, so nothing looks for doubles."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, distinct=False, **kwargs)


class FromTo:
    """Two boxes, from and to, each with a name of its own for those who hear the form."""

    label, attributes = "", {}

    def __init__(self, label):
        super().__init__(self.attributes)
        self.label = label

    def get_context(self, name, value, attrs):
        """The context of both inputs."""
        context = super().get_context(name, value, attrs)
        for part, end in zip(context["widget"]["subwidgets"], (_("from"), _("to")), strict=True):
            part["attrs"]["aria-label"] = f"{self.label}: {end}"
        return context


class DaysWidget(FromTo, df.widgets.DateRangeWidget):
    """Two days."""

    attributes = {"type": "date"}


class NumbersWidget(FromTo, df.widgets.RangeWidget):
    """Two numbers."""

    attributes = {"inputmode": "decimal"}


class SliceField(forms.CharField):
    """What a number of a report counts; its text is the slice's."""

    def clean(self, value):
        """The slice, None for no text."""
        text = super().clean(value)
        try:
            return slice_of(text) if text else None
        except ValueError:
            raise ValidationError(_("There is no such number in a report."), code="invalid") from None


class SliceFilter(df.Filter):
    """Rows that a number of a report counts."""

    field_class = SliceField

    def filter(self, rows, value):
        """The rows counted; none where the number is one of other records."""
        if value is None:
            return rows
        return value.narrow(rows) if value.report.model is rows.model else rows.none()


class RecordFilters(df.FilterSet):
    """The filters that every record has; subclasses add theirs and name the model.

    Records to filter by are picked among those that the user may see. With `named`, only the filters that the data
    name are there: to narrow rows takes no more, and thirty of them cost more than reading the rows.
    """

    mine = df.BooleanFilter(
        label=_("Mine"), method="only_mine",
        widget=forms.Select(choices=[("", "—"), ("true", _("Only mine")), ("false", _("Only others'"))]),
    )  # fmt: skip
    owner = PickFilter(label=_("Owner"), queryset=User.objects.none(), options_url="/users/options/")
    team = PickFilter(label=_("Team"), queryset=Team.objects.all(), options_url="/teams/options/")
    tag = df.CharFilter(label=_("Tag"), method="with_tag")
    created = df.DateFromToRangeFilter(label=_("Created"), method="created_between", widget=DaysWidget(_("Created")))

    report = SliceFilter(label=_("Report"), widget=forms.HiddenInput)
    imported = df.NumberFilter(label=_("Import"), method="from_import", widget=forms.HiddenInput)

    def __init__(self, data=None, queryset=None, *, user, named=False, **kwargs):
        self.user = user
        if named:
            self.base_filters = {name: made for name, made in self.base_filters.items() if is_named(name, data)}
        super().__init__(data, queryset, **kwargs)
        for name, made in self.filters.items():
            if isinstance(made, PickFilter):
                made.extra["queryset"] = self.offered(name, made.extra["queryset"])

    def offered(self, name, rows):
        """What one filter is picked among, of the rows that it was declared with."""
        if name == "owner":
            return users_for(self.user)
        return rows.model.objects.visible_to(self.user) if issubclass(rows.model, Record) else rows

    @property
    def implied(self):
        """What holds of the rows anyway, said for the planner: an index has the rows with tags in the order of a list.

        It is not part of the filters, as the planner would take it for one more thing that makes the rows fewer.
        """
        return ~Q(tags=[]) if self.is_valid() and self.form.cleaned_data.get("tag") else None

    def only_mine(self, rows, _name, value):
        """Own rows, or all but the own ones."""
        return rows.filter(owner=self.user) if value else rows.exclude(owner=self.user)

    def with_tag(self, rows, _name, value):
        """Rows that carry the tag."""
        return rows.filter(tags__contains=[value.strip()])

    def from_import(self, rows, _name, value):
        """Rows that one import made or changed."""
        kind = ContentType.objects.get_for_model(rows.model)
        made = ExternalId.objects.filter(job_id=int(value), content_type=kind).values("object_id")
        changed = ImportChange.objects.filter(job_id=int(value), job__record_kind=rows.model._meta.label_lower)
        return rows.filter(Q(pk__in=made) | Q(pk__in=changed.values("object_id")))

    def created_between(self, rows, _name, value):
        """Rows created from the first day to the last, both whole, in the viewer's zone."""
        if value.start:
            rows = rows.filter(created_at__gte=aware(value.start))
        return rows.filter(created_at__lte=aware(value.stop)) if value.stop else rows


def is_named(name, data):
    """Whether the data hold a value of the filter, or one end of its range."""
    return any(key == name or key.startswith(f"{name}_") for key in data)


def aware(moment):
    """A moment in the current zone."""
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
