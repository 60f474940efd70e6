"""The administration of service levels: saving what a level promises makes its next version; clocks are only read."""

from django.contrib import admin, messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.admin import ReadOnly
from crm_site.core.admin_base import Admin
from support.conditions import said_all
from support.forms.policy import PolicyForm, groups_for
from support.models import Clock, Policy, PolicyVersion
from support.operations.policies import new_version, re_apply


class VersionInline(ReadOnly, admin.TabularInline):
    """The versions of a level, which never change."""

    model = PolicyVersion
    fk_name = "policy"
    fields = ["number", "calendar", "targets", "warn_percent", "created_at", "created_by"]


@admin.register(Policy)
class PolicyAdmin(Admin):
    """Service levels, in the order in which they are asked."""

    form = PolicyForm
    list_display = ["name", "order", "said", "current", "is_default", "is_active", "applied"]
    list_select_related = ["current__policy"]
    search_fields = ["name"]
    inlines = [VersionInline]
    view_on_site = False

    @admin.display(description=gettext_lazy("asks"))
    def said(self, policy):
        """The conditions in words; without any it holds only where it is the default or named."""
        if not policy.conditions and not policy.is_default:
            return _("cases whose contract or queue names it")
        return said_all(policy.conditions)

    @admin.display(description=gettext_lazy("open cases"))
    def applied(self, policy):
        """The way to the preview of applying the current version."""
        return format_html('<a href="{}">{}</a>', reverse("admin:support_policy_apply", args=[policy.pk]), _("Apply…"))

    def get_form(self, request, obj=None, **kwargs):
        """The form itself: its lines are no fields of the model."""
        return super().get_form(request, obj, **(kwargs | {"fields": PolicyForm.Meta.fields}))

    def get_fieldsets(self, request, obj=None):
        """The level, whom it is for, what it promises, what happens when it does not hold."""
        return groups_for(obj)

    def has_delete_permission(self, request, obj=None):
        """Only one that nothing was promised by; others are put out of use."""
        used = obj is not None and Clock.objects.filter(version__policy=obj).exists()
        return not used and super().has_delete_permission(request, obj)

    def save_model(self, request, obj, form, change):
        """The level, then its next version if what it promises changed."""
        super().save_model(request, obj, form, change)
        new_version(obj, form.version_values, by=request.user)

    def delete_model(self, request, obj):
        """The level with its versions, which point at each other."""
        Policy.objects.filter(pk=obj.pk).update(current=None)
        obj.versions.all().delete()
        super().delete_model(request, obj)

    def get_urls(self):
        """The addresses of every level, and the preview."""
        own = path("<path:pk>/apply/", self.admin_site.admin_view(self.apply), name="support_policy_apply")
        return [own, *super().get_urls()]

    def apply(self, request, pk):
        """What the current version would change for open cases; on POST it does."""
        policy = Policy.objects.filter(pk=pk).first() if pk.isascii() and pk.isdigit() and len(pk) < 19 else None
        if policy is None or not self.has_change_permission(request, policy):
            raise Http404
        count, rows = re_apply(policy, by=request.user, dry_run=request.method != "POST")
        if request.method == "POST":
            messages.success(request, _("%(count)s cases go by the current version now.") % {"count": count})
            return redirect("admin:support_policy_changelist")
        context = {**self.admin_site.each_context(request), "title": _("Apply to open cases"), "policy": policy,
                   "count": count, "rows": rows, "opts": Policy._meta}  # fmt: skip
        return TemplateResponse(request, "admin/support/policy/apply.html", context)


@admin.register(Clock)
class ClockAdmin(ReadOnly, admin.ModelAdmin):
    """Clocks as they stand; the page of a case explains them."""

    list_display = ["case_id", "metric", "state", "version", "due_at", "stopped_at", "breached_at", "over_seconds"]
    list_filter = ["state", "metric"]
    list_select_related = ["version__policy"]
    search_fields = ["case__subject"]
    show_full_result_count = False
    ordering = ["-id"]
