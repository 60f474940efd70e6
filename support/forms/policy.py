"""The form of a service level: its conditions in lines, its targets per priority and metric, its steps in lines."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.condition_forms import FIELDSET, add_lines, line_names, put_lines, read_lines, room_for, take_lines
from crm_site.core.models import Calendar
from crm_site.core.operations import Refused
from support.conditions import FIELDS
from support.models import METRIC_NAMES, METRICS, Case, Policy
from support.operations.policies import checked_targets, hours_as_now
from support.steps import COLUMNS, checked_steps, lines_of, step_columns, step_of_line

TARGETS = [[f"{metric}_{priority}" for metric in METRICS] for priority in Case.PRIORITIES]
LIMITS = ("calendar", "warn_percent", "reopen_days", "grace_minutes")


class PolicyForm(forms.ModelForm):
    """A service level with what its current version promises; what is changed of that makes the next version."""

    calendar = forms.ModelChoiceField(
        Calendar.objects.all(), label=gettext_lazy("working hours"), required=False,
        empty_label=gettext_lazy("Around the clock"),
    )  # fmt: skip
    warn_percent = forms.IntegerField(
        label=gettext_lazy("warn at percent of the time"), min_value=1, max_value=100, initial=75
    )
    reopen_days = forms.IntegerField(
        label=gettext_lazy("reopened within days, the clock goes on"), min_value=0, max_value=3650, initial=7
    )
    grace_minutes = forms.IntegerField(
        label=gettext_lazy("minutes left at least when reopened"), min_value=0, max_value=100_000, initial=60
    )

    class Meta:
        model = Policy
        fields = ["name", "order", "is_default", "is_active"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        version = self.instance.current
        add_lines(self, list(self.instance.conditions or []), FIELDS)
        for priority, row in zip(Case.PRIORITIES, TARGETS, strict=True):
            for metric, name in zip(METRICS, row, strict=True):
                words = {"priority": Case.PRIORITIES[priority], "metric": METRIC_NAMES[metric]}
                self.fields[name] = forms.IntegerField(
                    label=_("%(priority)s: %(metric)s, in minutes") % words, required=False, min_value=1,
                    max_value=5_000_000, initial=version and version.targets.get(metric, {}).get(str(priority)),
                )  # fmt: skip
        put_lines(self, step_columns(), lines_of(version.steps) if version else [], step_count(self.instance))
        if version:
            self.initial |= {name: getattr(version, name) for name in LIMITS} | {"calendar": version.calendar_id}

    def clean(self):
        """The values of a version in `version_values`; what makes no sense stands at its field."""
        values = super().clean()
        self.instance.conditions = read_lines(self, values, FIELDS)
        targets = {metric: {str(p): values.get(f"{metric}_{p}") for p in Case.PRIORITIES} for metric in METRICS}
        steps = take_lines(self, values, COLUMNS, step_of_line, step_count(self.instance))
        self.version_values = {name: values.get(name) for name in LIMITS} | {
            "targets": self.checked(None, lambda: checked_targets(targets)),
            "steps": self.checked(None, lambda: checked_steps(steps)),
        }
        self.checked("calendar", lambda: hours_as_now(values.get("calendar")))
        return values

    def checked(self, name, check):
        """What a check answers; what it finds wrong stands at the field."""
        try:
            return check()
        except ValidationError as error:
            self.add_error(name, error)
        except Refused as error:
            self.add_error(name, str(error))
        return None


def step_count(policy):
    """How many lines for steps a level's form has."""
    return room_for(policy.current.steps if policy and policy.current else ())


GROUPS = [
    (None, {"fields": ["name", "order", "is_active", "is_default"]}),
    (gettext_lazy("For which cases: all have to hold"), {"fields": FIELDSET}),
    (gettext_lazy("Targets in minutes; an empty one promises nothing"), {"fields": [tuple(row) for row in TARGETS]}),
    (gettext_lazy("Time"), {"fields": list(LIMITS)}),
]


def groups_for(policy):
    """The groups of the form of a level, the steps last."""
    said = gettext_lazy("What happens before or after a promise falls due; empty the first box to take a step away.")
    return [*GROUPS, (gettext_lazy("Escalation"), {"fields": line_names(COLUMNS, step_count(policy)),
                                                   "description": said})]  # fmt: skip
