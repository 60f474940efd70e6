"""Filters that several kinds of party offer, each served by an index."""

import re

import django_filters as df
from django import forms
from django.db.models import F, Value
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import RecordFilters
from crm_site.core.models import Fold
from customers.countries import country_choices


def pattern(text):
    """A text without what the database would read as wildcards."""
    return re.sub(r"([\\%_])", r"\\\1", text.strip().replace("\0", ""))


class StartsWith(df.CharFilter):
    """Rows whose text begins with what was typed, in any case and with any accents, by an index on the folded text."""

    def filter(self, rows, value):
        """The rows; all for an empty text."""
        if not value:
            return rows
        name = f"{self.field_name}_folded"
        folded = {name: Fold(F(self.field_name))}
        return rows.alias(**folded).filter(**{f"{name}__like": Fold(Value(f"{pattern(value)}%"))})


class PartyFilters(RecordFilters):
    """Accounts, contacts and customers by country."""

    country = df.ChoiceFilter(label=_("Country"), choices=country_choices)


def flag(label, **how):
    """A filter by a yes or no, of which only yes is offered: its partial index holds those rows alone."""
    return df.BooleanFilter(label=label, widget=forms.Select(choices=[("", "—"), ("true", _("Yes"))]), **how)
