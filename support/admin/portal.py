"""The administration of the portal: who comes in, where they are signed in, and what they asked to change."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm_site.core.admin import ReadOnlyAdmin
from support.models import PortalAccess, PortalSession, ProfileChange
from support.operations.portal import end_session, revoke_access


@admin.register(PortalAccess)
class PortalAccessAdmin(ReadOnlyAdmin):
    """Who comes in; people are invited from the pages of contacts."""

    list_display = ["contact", "user", "reach", "may_invite", "invited_at", "accepted_at", "revoked_at"]
    list_filter = ["reach", "may_invite"]
    list_select_related = ["contact", "user"]
    ordering = ["-id"]
    actions = ["turn_out"]

    @admin.action(description=_("Turn out: every session ends, every link is void"), permissions=["view"])
    def turn_out(self, request, queryset):
        """Turn the chosen customers out of the portal."""
        for access in queryset.select_related("contact"):
            revoke_access(access, by=request.user)


@admin.register(PortalSession)
class PortalSessionAdmin(ReadOnlyAdmin):
    """Where customers are signed in."""

    list_display = ["access", "agent", "started_at", "ended_at"]
    list_select_related = ["access__contact"]
    ordering = ["-id"]
    exclude = ["key_hash"]
    actions = ["sign_out"]

    @admin.action(description=_("Sign out there"), permissions=["view"])
    def sign_out(self, request, queryset):
        """End the chosen sessions."""
        for session in queryset:
            end_session(session, by=request.user)


@admin.register(ProfileChange)
class ProfileChangeAdmin(ReadOnlyAdmin):
    """Names and addresses that customers asked for."""

    list_display = ["contact", "what", "state", "created_at", "decided_by"]
    list_filter = ["what", "state"]
    list_select_related = ["contact", "decided_by"]
    ordering = ["-id"]
    exclude = ["old_hash", "new_hash"]
