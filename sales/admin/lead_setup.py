"""The administration of assignment rules: conditions in lines that people can fill, members in their order."""

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.admin_base import Admin, Linking
from crm_site.core.condition_forms import FIELDSET
from sales.conditions import said_all
from sales.forms.assignment import RuleForm
from sales.models import AssignmentRule, RuleMember


class MemberInline(Linking, admin.TabularInline):
    """Who gets leads by the rule, in this order."""

    model = RuleMember
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(AssignmentRule)
class AssignmentRuleAdmin(Admin):
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
        return [
            (None, {"fields": ["name", "order", "is_active"]}),
            (_("Conditions: all have to hold"), {"fields": FIELDSET}),
            (_("Clocks"), {"fields": ["team", "respond_minutes", "escalate_minutes", "escalate_to"]}),
        ]
