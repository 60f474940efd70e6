"""The form of an assignment rule: conditions in lines that people can fill and, on the site's own page, its members."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm_site.core.condition_forms import (
    CONDITION,
    add_lines,
    bound_lines,
    put_lines,
    read_lines,
    room_for,
    take_lines,
)
from crm_site.core.models import User
from sales.conditions import FIELDS
from sales.models import AssignmentRule
from sales.rights import answerers

MEMBER = ("user", "capacity", "away_until", "hours_from", "hours_to")


class RuleForm(forms.ModelForm):
    """A rule with its conditions, three boxes a line: the field, how it is compared, and with what."""

    class Meta:
        model = AssignmentRule
        fields = ["name", "order", "is_active", "team", "respond_minutes", "escalate_minutes", "escalate_to"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        add_lines(self, list(self.instance.conditions or []), FIELDS)

    def clean(self):
        """The conditions as the rule keeps them; each line that makes no sense says why."""
        values = super().clean()
        self.instance.conditions = read_lines(self, values, FIELDS)
        return values


class RuleSheet(RuleForm):
    """A rule with its members, a line each; their order is that of the lines, the rule's own that of the page."""

    class Meta(RuleForm.Meta):
        fields = ["name", "is_active", "team", "respond_minutes", "escalate_minutes", "escalate_to"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rule = self.instance
        known = list(rule.members.order_by("order", "id").values(*MEMBER)) if rule.pk else []
        kept = {rule.escalate_to_id, *(row["user"] for row in known)}
        able = [*answerers(), *User.objects.filter(pk__in=kept)]
        self.fields["escalate_to"].queryset = User.objects.filter(pk__in=[user.pk for user in able])
        people = [("", "—"), *((user.pk, str(user)) for user in dict.fromkeys(able))]
        self.member_lines = room_for(known)
        put_lines(self, {
            "user": lambda n: forms.TypedChoiceField(
                label=_("Member %(number)s") % {"number": n}, choices=people, coerce=int, empty_value=None,
                required=False,
            ),
            "capacity": lambda _n: forms.IntegerField(label=_("open leads at most"), min_value=0, required=False),
            "away_until": lambda _n: day_field(_("away until")),
            "hours_from": lambda _n: time_field(_("works from")), "hours_to": lambda _n: time_field(_("works until")),
        }, known, self.member_lines)  # fmt: skip

    def clean(self):
        """The members as the operation takes them; nobody twice."""
        values = super().clean()
        self.members = take_lines(self, values, MEMBER, checked_member, self.member_lines)
        if len({row["user"] for row in self.members}) < len(self.members):
            raise ValidationError(_("Somebody is a member twice."))
        return values

    def clean_name(self):
        """A name tells a rule from the others, and a form that is sent twice makes one."""
        name = self.cleaned_data["name"].strip()
        if AssignmentRule.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is a rule of this name already."))
        return name

    def condition_rows(self):
        """The fields of the conditions, line by line."""
        return bound_lines(self, CONDITION)

    def member_rows(self):
        """The fields of the members, line by line."""
        return bound_lines(self, MEMBER, self.member_lines)


def day_field(label):
    """A day, by the browser's own picker."""
    picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=picker)


def time_field(label):
    """A time of day, by the browser's own picker."""
    picker = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=picker)


def checked_member(line):
    """A member's line as it is kept; ValidationError for hours that are none."""
    line = {name: None if value == "" else value for name, value in line.items()}
    if line["user"] is None:
        raise ValidationError(_("Choose who it is."))
    hours = (line["hours_from"], line["hours_to"])
    if (None in hours and any(hours)) or (None not in hours and hours[0] >= hours[1]):
        raise ValidationError(_("Give when the hours begin and when they end."))
    return line
