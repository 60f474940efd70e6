"""The administration of deals, pipelines, stages and reasons for a loss."""

from django.contrib import admin, messages
from django.utils.translation import gettext as _

from crm_site.core.operations import Refused
from customers.admin.parties import KindAdmin, SafeAdmin
from sales.kinds.opportunity import OPPORTUNITIES
from sales.models import LossReason, Opportunity, Pipeline, Stage
from sales.operations.stages import deals_in, remove_stage, save_pipeline, save_stage


@admin.register(Opportunity)
class OpportunityAdmin(KindAdmin):
    """Deals: read and put right; they are won and lost on their own pages."""

    kind = OPPORTUNITIES
    list_display = ("number", "name", "stage", "state", "amount", "currency", "close_date", "owner", "team")
    list_select_related = ("owner", "team", "stage")
    list_filter = ("state", "stage")
    search_fields = ("name",)
    autocomplete_fields = ("account", "contact", "customer", "campaign", "partner", "serviced_by", "owner", "team")
    fields = [
        "name", "account", "contact", "customer", "type", "amount", "currency", "close_date", "stage", "probability",
        "category", "next_step", "next_step_date", "source", "campaign", "partner", "serviced_by", "description",
        "owner", "team", "tags", "state", "closed_at", *KindAdmin.readonly_fields,
    ]  # fmt: skip
    readonly_fields = ("state", "closed_at", *KindAdmin.readonly_fields)


class SuperuserAdmin(SafeAdmin):
    """What only administrators arrange."""

    def has_module_permission(self, request):
        """Administrators only."""
        return request.user.is_superuser

    def has_view_permission(self, request, obj=None):
        """Administrators only."""
        return request.user.is_superuser

    has_add_permission = has_module_permission
    has_change_permission = has_delete_permission = has_view_permission


@admin.register(Pipeline)
class PipelineAdmin(SuperuserAdmin):
    """Pipelines; one that was used is put out of use instead of deleted."""

    list_display = ("name", "is_default", "is_active")
    search_fields = ("name",)

    def save_model(self, request, obj, form, change):
        """Write through the operation."""
        save_pipeline(obj, by=request.user)

    def has_delete_permission(self, request, obj=None):
        """Put out of use instead."""
        return False


@admin.register(Stage)
class StageAdmin(SuperuserAdmin):
    """Stages; the deals of a removed one go to the nearest that means the same, which the question names."""

    list_display = ("name", "pipeline", "order", "state", "probability", "category", "expected_days", "is_active")
    list_filter = ("pipeline", "state", "is_active")
    list_select_related = ("pipeline",)
    search_fields = ("name",)
    ordering = ("pipeline__name", "order")

    def save_model(self, request, obj, form, change):
        """Write through the operation."""
        save_stage(obj, by=request.user)

    def delete_model(self, request, obj):
        """Remove it, its deals going to the nearest stage of the same meaning."""
        remove_stage(obj, nearest(obj), by=request.user)

    def delete_queryset(self, request, queryset):
        """Remove them one by one."""
        for stage in queryset:
            self.delete_model(request, stage)

    def get_deleted_objects(self, objs, request):
        """What goes with them: nothing; their deals go to the nearest stage of the same meaning."""
        lines = [
            _("%(stage)s: its %(n)s deals go to %(other)s") % {
                "stage": stage, "n": deals_in(stage).count(), "other": nearest(stage) or "—"}
            for stage in objs
        ]  # fmt: skip
        return lines, {self.model._meta.verbose_name_plural: len(objs)}, set(), []

    def delete_view(self, request, object_id, extra_context=None):
        """The question; what the operation refuses is told."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return self.response_delete(request, "", object_id)


def nearest(stage):
    """The stage before, else after, that means the same, for the deals of a removed one; None if there is none."""
    same = Stage.objects.filter(pipeline=stage.pipeline_id, state=stage.state, is_active=True).exclude(pk=stage.pk)
    return same.filter(order__lte=stage.order).order_by("-order").first() or same.order_by("order").first()


@admin.register(LossReason)
class LossReasonAdmin(SuperuserAdmin):
    """Reasons for a loss; one that was used is put out of use instead of deleted."""

    list_display = ("name", "needs_note", "is_active", "order")
    search_fields = ("name",)

    def has_delete_permission(self, request, obj=None):
        """Put out of use instead."""
        return False
