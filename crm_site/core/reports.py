"""Reports: numbers over the records that a viewer sees, in groups, each leading to the very records that it counts.

An app declares its reports and makes them known by `offer`; the page, the file and the filter behind each number are
here. A number's address carries a `Slice`, which narrows a list to the rows counted: both use the same conditions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import (
    Aggregate,
    Avg,
    Count,
    DateField,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    Sum,
)
from django.db.models.functions import TruncMonth
from django.utils import formats, timezone
from django.utils.dateparse import parse_date
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from crm_site.core.columns import money_text
from crm_site.core.kinds import kind_of
from crm_site.core.models import Record

MONTHS, MOST_GROUPS = 12, 300
MONTH = "month"


class Percentile(Aggregate):
    """The value below which the fraction of the rows lies, between two of them where need be."""

    function = "percentile_cont"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression, fraction, **extra):
        super().__init__(expression, fraction=float(fraction), **extra)


HOW = {
    "median": lambda value, rows: Percentile(value, 0.5, filter=rows),
    "ninetieth": lambda value, rows: Percentile(value, 0.9, filter=rows),
    "average": lambda value, rows: Avg(value, filter=rows),
    "sum": lambda value, rows: Sum(value, filter=rows),
}


@dataclass(frozen=True)
class Measure:
    """One number: how many rows fit `rows`, with `of` also as a share of those which fit that, or `how` over `value`.

    `rows` and `of` are conditions, or functions of none that return one. `form` says how a value reads: span for
    durations, money for amounts in the company's currency, score.
    """

    name: str
    label: Any
    means: Any
    rows: Any = field(default_factory=Q)
    of: Any = None
    value: Any = None
    how: str = ""
    form: str = ""

    def aggregates(self):
        """{name: aggregate} of what the number takes."""
        made = {f"{self.name}_n": Count("pk", filter=condition(self.rows))}
        if self.of is not None:
            made[f"{self.name}_of"] = Count("pk", filter=condition(self.of))
        if self.how:
            made[f"{self.name}_v"] = HOW[self.how](self.value, condition(self.rows))
        return made


def share(name, label, means, rows, of=None):
    """How many rows fit a condition, and their share of those which fit `of`, by default of all."""
    return Measure(name, label, means, rows, Q() if of is None else of)


def added(name, label, means, value, rows=None):
    """The sum of amounts in the company's currency over the rows that fit."""
    return Measure(name, label, means, Q() if rows is None else rows, None, F(value), "sum", "money")


def took(name, label, means, span_, rows=None, how="median"):
    """The middle one of the times between two moments, (start, end), by the clock on the wall."""
    start, end = (F(part) if isinstance(part, str) else part for part in span_)
    value = ExpressionWrapper(end - start, output_field=DurationField())
    return Measure(name, label, means, Q() if rows is None else rows, None, value, how, "span")


@dataclass(frozen=True)
class Grouping:
    """What the rows are put together by: a field, or an expression whose values are the keys of `choices`.

    `model` is what the field points at; MONTH as the source stands for the month of the report's moment.
    """

    name: str
    label: Any
    source: Any = ""
    choices: Any = None
    model: Any = None

    def read(self, text):
        """The value that an address names; ValueError for what can be none."""
        if self.source == MONTH:
            return date.fromisoformat(text)
        if self.model:
            return int(text)
        if self.choices is not None:
            return next(key for key in self.choices if str(key) == text)
        return text

    def labels(self, values, user):
        """{value: its name}; records that the viewer may not see have none."""
        if self.source == MONTH:
            return {value: formats.date_format(value, "F Y") for value in values if value}
        if self.choices is not None:
            return {value: str(self.choices.get(value, value)) for value in values}
        if self.model is None:
            return {value: value for value in values if value}
        scoped = issubclass(self.model, Record)
        rows = self.model.objects.visible_to(user) if scoped else self.model.objects.all()
        found = {row.pk: str(row) for row in rows.filter(pk__in=[value for value in values if value])}
        return {value: found.get(value, _("not visible to you")) for value in values if value}


@dataclass(frozen=True)
class Report:
    """A question with its answer by groups. `moment` is the field whose time counts, empty for how things stand now.

    `rows(user)` are the rows that the viewer may see, by default those of the model; `address` is the list to which
    the numbers lead, by default the kind's.
    """

    name: str
    title: Any
    means: Any
    model: type
    measures: tuple
    groupings: tuple
    moment: str = ""
    base: Any = field(default_factory=Q)
    rows: Callable | None = None
    address: str = ""

    def visible(self, user):
        """The rows that the viewer may see."""
        return self.rows(user) if self.rows else self.model.objects.visible_to(user)

    def within(self, rows, first, last):
        """The report's own rows between two days, both whole, in the viewer's time zone."""
        rows = rows.filter(condition(self.base))
        if not self.moment:
            return rows
        if not isinstance(self.model._meta.get_field(self.moment), DateTimeField):
            return rows.filter(**{f"{self.moment}__range": (first, last)})
        return rows.filter(**{
            f"{self.moment}__gte": midnight(first), f"{self.moment}__lt": midnight(last + timedelta(days=1))
        })  # fmt: skip

    def grouping(self, name):
        """The grouping of this name, or None."""
        return next((grouping for grouping in self.groupings if grouping.name == name), None)

    def list_url(self, **query):
        """The list to which numbers lead."""
        return f"{self.address or kind_of(self.model).base}?{urlencode(query, doseq=True)}"


OFFERED = []


def offer(reports):
    """Make an app's reports known: `reports()` returns them."""
    OFFERED.append(reports)


def condition(said):
    """A condition as given, or as the function makes it now."""
    return said() if callable(said) else said


def midnight(day):
    """When the day begins in the viewer's time zone."""
    return timezone.make_aware(datetime.combine(day, time()))


@dataclass(frozen=True, eq=False)
class Slice:
    """The rows behind one number: its report, measure and days; `picks` are the groups as ((grouping, value), …)."""

    report: Report
    measure: Measure
    first: date
    last: date
    picks: tuple = ()

    def narrow(self, rows):
        """Those of the rows that the number counts."""
        first, last, plain = self.first, self.last, {}
        for number, (grouping, value) in enumerate(self.picks):
            if grouping.source == MONTH:
                first, last = max(first, value), min(last, month_after(value) - timedelta(days=1))
                continue
            name = grouping.source if isinstance(grouping.source, str) else f"slice{number}"
            if name != grouping.source:
                rows = rows.alias(**{name: grouping.source})
            plain[f"{name}__isnull" if value is None else name] = True if value is None else value
        return self.report.within(rows, first, last).filter(condition(self.measure.rows), **plain)

    def __str__(self):
        return f"{self.report.title}, {self.measure.label}"

    @property
    def text(self):
        """The slice as an address carries it; see `slice_of`."""
        picks = [g.name if value is None else f"{g.name}={value}" for g, value in self.picks]
        return "|".join([self.report.name, self.measure.name, str(self.first), str(self.last), *picks])


def slice_of(text):
    """The slice that an address names; ValueError where it names none."""
    try:
        name, measure, first, last, *picks = text.split("|")
        report = next(r for offered in OFFERED for r in offered() if r.name == name)
        found = []
        for pick in picks:
            key, equals, value = pick.partition("=")
            grouping = next(g for g in report.groupings if g.name == key)
            found.append((grouping, grouping.read(value) if equals else None))
        measure = next(m for m in report.measures if m.name == measure)
        return Slice(report, measure, date.fromisoformat(first), date.fromisoformat(last), tuple(found))
    except StopIteration:
        raise ValueError(text) from None


def month_after(day):
    """The first day of the month after the day's."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def days_of(params):
    """(first, last) day of an address; the last twelve months where it says none, or nonsense."""
    last = day_of(params.get("last")) or timezone.localdate()
    first = day_of(params.get("first"))
    if first is None or first > last:
        months = last.year * 12 + last.month - MONTHS
        first = date(months // 12, months % 12 + 1, 1)
    return first, last


def day_of(text):
    """The day that a text names, None for anything else."""
    try:
        found = parse_date(text or "")
    except ValueError:
        return None
    return found if found and 1970 <= found.year <= 9000 else None


@dataclass(frozen=True)
class Table:
    """A report's answer: `rows` are [(names of the groups, cells)], `total` are cells over all groups."""

    rows: list
    total: list
    more: bool


def table_of(report, rows, user, groupings, days, keep=()):
    """The table of a report over rows that passed the gate, by one statement for the groups and one for the total.

    `keep` are further parameters that the addresses of the numbers carry, as a dict of lists.
    """
    rows = report.within(rows, *days).order_by()
    made = {name: found for measure in report.measures for name, found in measure.aggregates().items()}
    names = [f"group{number}" for number in range(len(groupings))]
    found = rows.annotate(**{name: source_of(report, g) for name, g in zip(names, groupings, strict=True)})
    found = list(found.values(*names).annotate(**made)[: MOST_GROUPS + 1]) if names else []
    labels = [
        g.labels({row[name] for row in found}, user) for name, g in zip(names, groupings, strict=True)
    ]  # fmt: skip
    more, found = len(found) > MOST_GROUPS, found[:MOST_GROUPS]
    found.sort(key=lambda row: [place(g, row[n], row, report) for n, g in zip(names, groupings, strict=True)])
    whole = Slice(report, report.measures[0], *days)
    shown = []
    for row in found:
        values = [row[name] for name in names]
        heads = [known.get(value, _("None")) for known, value in zip(labels, values, strict=True)]
        picks = tuple(zip(groupings, values, strict=True))
        shown.append((heads, cells(replace(whole, picks=picks), row, keep)))
    scale = max((row[0].value for _heads, row in shown if row), default=0) or 1
    for _heads, row in shown:
        row[0].width = round(100 * row[0].value / scale)
    return Table(shown, cells(whole, rows.aggregate(**made), keep), more)


def source_of(report, grouping):
    """The expression by which rows are put together."""
    if grouping.source == MONTH:
        return TruncMonth(report.moment, output_field=DateField())
    return F(grouping.source) if isinstance(grouping.source, str) else grouping.source


def place(grouping, value, row, report):
    """Where a group stands: months and choices in their order, others by the first number, the greatest first."""
    if value is None:
        return (1, 0, "")
    if grouping.source == MONTH:
        return (0, value.toordinal(), "")
    if grouping.choices is not None:
        keys = list(grouping.choices)
        return (0, keys.index(value) if value in keys else len(keys), "")
    return (0, -row[f"{report.measures[0].name}_n"], str(value))


@dataclass
class Number:
    """One number of a table: the text, what stands behind it, the value for a file, and where its rows are."""

    value: Any
    text: str
    hint: str = ""
    url: str = ""
    width: int | None = None


def cells(within, row, keep):
    """The numbers of one row of the database's answer, each with the way to its records."""
    made = []
    for measure in within.report.measures:
        count = row[f"{measure.name}_n"]
        query = {**dict(keep), "report": replace(within, measure=measure).text}
        number = shown(measure, row, count)
        number.url = within.report.list_url(**query) if count else ""
        made.append(number)
    return made


def shown(measure, row, count):
    """A measure's number in words."""
    if measure.how:
        value = row[f"{measure.name}_v"]
        text = "–" if value is None else FORMS[measure.form](value)
        return Number(plain(value), text, formats.number_format(count, force_grouping=True) if count else "")
    number = Number(count, formats.number_format(count, force_grouping=True))
    if measure.of is not None and (whole := row[f"{measure.name}_of"]):
        number.hint = f"{formats.number_format(round(100 * count / whole))} %"
    return number


def plain(value):
    """A value for a file: durations in hours, others as they are."""
    if isinstance(value, timedelta):
        return round(value.total_seconds() / 3600, 2)
    return round(value, 2) if isinstance(value, float) else value


def span(value):
    """A duration in the unit in which people say it."""
    hours = value.total_seconds() / 3600
    if hours < 1:
        return _("%(n)s min") % {"n": formats.number_format(round(hours * 60))}
    if hours < 48:
        return _("%(n)s h") % {"n": formats.number_format(round(hours, 1), 1)}
    return _("%(n)s days") % {"n": formats.number_format(round(hours / 24, 1), 1)}


FORMS = {
    "span": span,
    "money": lambda value: money_text(value, settings.BASE_CURRENCY),
    "score": lambda value: formats.number_format(round(Decimal(value), 2), 2),
}
