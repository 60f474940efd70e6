"""The administration of assignment rules: conditions in lines that people can fill, members in their order."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales.conditions import FIELDS, OPS, check_condition, said_all
from sales.models import AssignmentRule, RuleMember

# A rule has at most so many conditions; an empty line is none.
LINES = 6


class RuleForm(forms.ModelForm):
    """A rule with its conditions, three boxes a line: the field, how it is compared, and with what."""

    class Meta:
        model = AssignmentRule
        fields = ["name", "order", "is_active", "team", "respond_minutes", "escalate_minutes", "escalate_to"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        kept = list(self.instance.conditions or [])
        names = [("", "—"), *((name, field.label) for name, field in FIELDS.items())]
        for line in range(LINES):
            had = kept[line] if line < len(kept) else {}
            number = {"number": line + 1}
            self.fields[f"field_{line}"] = forms.ChoiceField(
                label=_("Condition %(number)s") % number, choices=names, required=False, initial=had.get("field", "")
            )
            self.fields[f"op_{line}"] = forms.ChoiceField(
                label=_("how"), choices=list(OPS.items()), required=False, initial=had.get("op", "equals")
            )
            self.fields[f"value_{line}"] = forms.CharField(
                label=_("value"), required=False, max_length=500, initial=had.get("value", "")
            )

    def clean(self):
        """The conditions as the rule keeps them; each line that makes no sense says why."""
        values, found = super().clean(), []
        for line in range(LINES):
            if not values.get(f"field_{line}"):
                continue
            condition = {name: values.get(f"{name}_{line}", "") for name in ("field", "op", "value")}
            try:
                found.append(check_condition(condition))
            except forms.ValidationError as error:
                self.add_error(f"value_{line}", error)
        self.instance.conditions = found
        return values


class MemberInline(admin.TabularInline):
    """Who gets leads by the rule, in this order."""

    model = RuleMember
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(AssignmentRule)
class AssignmentRuleAdmin(admin.ModelAdmin):
    """Assignment rules; what they would have done is shown at /leads/assignment/."""

    form = RuleForm
    list_display = ["name", "order", "is_active", "said", "team"]
    list_select_related = ["team"]
    autocomplete_fields = ["team", "escalate_to"]
    inlines = [MemberInline]
    view_on_site = False

    @admin.display(description=gettext_lazy("asks"))
    def said(self, rule):
        """The conditions in words."""
        return said_all(rule.conditions)

    def get_form(self, request, obj=None, **kwargs):
        """The form itself: its lines are no fields of the model."""
        return super().get_form(request, obj, **(kwargs | {"fields": RuleForm.Meta.fields}))

    def get_fieldsets(self, request, obj=None):
        """The rule, its conditions line by line, its clocks."""
        lines = [(f"field_{line}", f"op_{line}", f"value_{line}") for line in range(LINES)]
        return [
            (None, {"fields": ["name", "order", "is_active"]}),
            (_("Conditions: all have to hold"), {"fields": lines}),
            (_("Clocks"), {"fields": ["team", "respond_minutes", "escalate_minutes", "escalate_to"]}),
        ]
