"""Fields that models of several apps have, and what their constraints ask for."""

from django.db import models
from django.db.models.functions import Concat

from crm_site.core.models.record import Fold


def link(to, label=None, back=None, on_delete=models.PROTECT, **options):
    """A link to another record that may be left empty; `back` is what the other side calls it."""
    return models.ForeignKey(to, on_delete, null=True, blank=True, related_name=back, verbose_name=label, **options)


def seldom_given(prefix, *links):
    """The indexes of links that most rows leave empty, made with `db_index=False`: an empty link costs them nothing."""
    return [
        models.Index(fields=[name], name=f"{prefix}_{name}_fk", condition=models.Q(**{f"{name}__isnull": False}))
        for name in links
    ]


def amount(label="", **kwargs):
    """An amount of money in the currency beside it; three digits after the point hold every currency."""
    return models.DecimalField(label, max_digits=18, decimal_places=3, **kwargs)


def folded(*fields):
    """The stored, folded text of some text fields: what lists sort and search by."""
    parts = [part for field in fields for part in (field, models.Value(" "))][:-1]
    text = Concat(*parts, output_field=models.TextField()) if len(parts) > 1 else fields[0]
    return models.GeneratedField(
        expression=Fold(text), output_field=models.TextField(db_collation="C"), db_persist=True
    )


def given(field):
    """The condition that a text is more than blanks."""
    return ~models.Q(**{f"{field}__regex": r"^\s*$"})


def known(field, values):
    """The condition that a text is one of these."""
    return models.Q(**{f"{field}__in": list(values)})


def rule(name, condition):
    """A condition that every row has to fulfil."""
    return models.CheckConstraint(condition=condition, name=name)
