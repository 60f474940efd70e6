"""The administration of targets, and of what forecasts are made of; only targets can be changed here."""

from django.contrib import admin

from crm_site.core.admin import ReadOnlyAdmin
from customers.admin.parties import KindAdmin
from sales.forms.target import TargetForm
from sales.kinds.target import TARGETS
from sales.models import Adjustment, BacktestRow, OddsModel, Target


@admin.register(Target)
class TargetAdmin(KindAdmin):
    """Targets."""

    kind = TARGETS
    list_display = ("number", "name", "metric", "period", "starts_on", "value", "owner", "team")
    list_filter = ("metric", "period")
    search_fields = ("name",)
    autocomplete_fields = ("user", "for_team")
    fields = [*TargetForm.Meta.fields, "name", "ends_on", *KindAdmin.readonly_fields]
    readonly_fields = (*KindAdmin.readonly_fields, "name", "ends_on")


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnlyAdmin):
    """Adjustments of forecasts; they are made and reset on the forecast's page."""

    list_display = ("at", "user", "team", "starts_on", "category", "original", "adjusted", "by", "reset_at")
    list_select_related = ("user", "team", "by")
    ordering = ("-id",)


@admin.register(OddsModel)
class OddsModelAdmin(ReadOnlyAdmin):
    """What was learned, each night."""

    list_display = ("learned_at", "up_to", "samples")
    ordering = ("-id",)


@admin.register(BacktestRow)
class BacktestRowAdmin(ReadOnlyAdmin):
    """What each number said before the end of past periods."""

    list_display = ("starts_on", "ends_on", "days_before", "team", "calibrated", "actual")
    list_select_related = ("team",)
    ordering = ("-starts_on", "days_before")
