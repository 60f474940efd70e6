"""The administration of webhooks, and of what was delivered to them."""

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.admin import ReadOnlyAdmin
from crm_site.core.admin_base import Admin
from support.hooks import check_address, key_of
from support.models import Webhook, WebhookDelivery


class WebhookForm(forms.ModelForm):
    """A webhook; only an https address of the public internet will do."""

    class Meta:
        model = Webhook
        fields = ["name", "url", "is_active"]

    def clean_url(self):
        """The address as it may be called."""
        check_address(self.cleaned_data["url"])
        return self.cleaned_data["url"]


@admin.register(Webhook)
class WebhookAdmin(Admin):
    """Webhooks that escalation steps call."""

    form = WebhookForm
    list_display = ["name", "url", "is_active"]
    readonly_fields = ["key"]

    @admin.display(description=_("key for checking signatures"))
    def key(self, obj=None):
        """The key, for whoever sets up the other side."""
        return key_of(obj) if obj and obj.pk else "–"


@admin.register(WebhookDelivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What webhooks were told, and what is still to be told."""

    list_display = ["created_at", "webhook", "key", "tries", "status", "due", "delivered_at", "error"]
    list_filter = ["webhook"]
    list_select_related = ["webhook"]
    ordering = ["-id"]
    actions = ["try_again"]

    @admin.action(description=_("Try again"), permissions=["view"])
    def try_again(self, request, queryset):
        """Post the chosen messages with the next sweep, unless they arrived."""
        queryset.filter(delivered_at__isnull=True).update(due=timezone.now(), tries=0)
