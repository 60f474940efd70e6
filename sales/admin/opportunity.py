"""The administration of deals, pipelines, stages and reasons for a loss."""

from django.contrib import admin, messages
from django.utils.translation import gettext as _

from crm_site.core.admin import BigAdmin
from crm_site.core.converters import read_id
from crm_site.core.operations import Refused
from customers.admin.parties import KindAdmin
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


class SuperuserAdmin(BigAdmin):
    """What only administrators arrange."""

    def has_module_permission(self, request):
        """Administrators only."""
        return request.user.is_superuser

    def has_view_permission(self, request, obj=None):
        """Administrators only."""
        return request.user.is_superuser

    has_add_permission = has_module_permission
    has_change_permission = has_delete_permission = has_view_permission


class StageInline(admin.TabularInline):
    """The stages of a pipeline in order, each with the way to its own page."""

    model = Stage
    fields = readonly_fields = ("order", "state", "probability", "category", "expected_days", "is_active")
    ordering = ("order", "id")
    extra, show_change_link = 0, True

    def has_add_permission(self, request, obj):
        """On a page of its own."""
        return False

    def has_delete_permission(self, request, obj=None):
        """Its own page asks where its deals go."""
        return False

    def has_view_permission(self, request, obj=None):
        """Administrators only."""
        return request.user.is_superuser


@admin.register(Pipeline)
class PipelineAdmin(SuperuserAdmin):
    """Pipelines with their stages; one that was used is put out of use instead of deleted."""

    list_display = ("name", "is_default", "is_active")
    search_fields = ("name",)
    inlines = (StageInline,)

    def save_model(self, request, obj, form, change):
        """Write through the operation."""
        save_pipeline(obj, by=request.user)

    def has_delete_permission(self, request, obj=None):
        """Put out of use instead."""
        return False


@admin.register(Stage)
class StageAdmin(SuperuserAdmin):
    """Stages; the question before one is removed asks where its deals go."""

    list_display = ("name", "pipeline", "order", "state", "probability", "category", "expected_days", "is_active")
    list_filter = ("pipeline", "state", "is_active")
    list_select_related = ("pipeline",)
    search_fields = ("name",)
    ordering = ("pipeline__name", "order")

    def save_model(self, request, obj, form, change):
        """Write through the operation."""
        save_stage(obj, by=request.user)

    def get_actions(self, request):
        """None: each stage is asked about by itself."""
        return {}

    def delete_model(self, request, obj):
        """Remove it, its deals going to the chosen stage."""
        chosen = read_id(request.POST.get("replacement", ""))
        remove_stage(obj, same_as(obj).filter(pk=chosen).first(), by=request.user)

    def get_deleted_objects(self, objs, request):
        """What goes with it: nothing, the deals stay."""
        lines = [_("%(stage)s: %(n)s deals are in it") % {"stage": s, "n": deals_in(s).count()} for s in objs]
        return lines, {self.model._meta.verbose_name_plural: len(objs)}, set(), []

    def delete_view(self, request, object_id, extra_context=None):
        """The question, with the stages that its deals may go to; what the operation refuses is told."""
        stage = Stage.objects.filter(pk=read_id(object_id)).first()
        context = {"replacements": same_as(stage), "nearest": nearest(stage)} if stage else {}
        try:
            return super().delete_view(request, object_id, context | (extra_context or {}))
        except Refused as refusal:
            messages.error(request, str(refusal))
            return self.response_delete(request, "", object_id)


def same_as(stage):
    """The other stages of the pipeline that mean the same, to which the deals of a removed one may go, in order."""
    rows = Stage.objects.filter(pipeline=stage.pipeline_id, state=stage.state, is_active=True)
    return rows.exclude(pk=stage.pk).order_by("order")


def nearest(stage):
    """The one of them before, else after, which is offered first; None if there is none."""
    return same_as(stage).filter(order__lte=stage.order).last() or same_as(stage).first()


@admin.register(LossReason)
class LossReasonAdmin(SuperuserAdmin):
    """Reasons for a loss; one that was used is put out of use instead of deleted."""

    list_display = ("name", "needs_note", "is_active", "order")
    search_fields = ("name",)

    def has_delete_permission(self, request, obj=None):
        """Put out of use instead."""
        return False
