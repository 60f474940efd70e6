"""The administration of activities."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm_site.core.admin import ReadOnlyInline
from crm_site.core.admin_base import Admin
from customers.admin.parties import KindAdmin
from customers.kinds import ACTIVITIES
from customers.models import Activity, ActivityLink, CalendarFeed, Participant


class ParticipantInline(ReadOnlyInline):
    """Who takes part; changed on the activity's own page."""

    model = Participant
    fields = readonly_fields = ("contact", "user", "answer", "answered_at", "invited_at")

    def get_queryset(self, request):
        """With the names, in one statement."""
        return super().get_queryset(request).select_related("contact", "user")


class LinkInline(ReadOnlyInline):
    """What it is about besides; changed on the activity's own page."""

    model = ActivityLink
    fields = readonly_fields = ("content_type", "object_id")


@admin.register(Activity)
class ActivityAdmin(KindAdmin):
    """Activities."""

    kind = ACTIVITIES
    list_display = ("number", "subject", "kind_name", "status", "at", "owner", "team")
    list_filter = ("kind", "status")
    search_fields = ("subject",)
    ordering = ("-at", "-id")
    autocomplete_fields = ("contact", "account", "customer", "owner", "team")
    fields = [
        "kind", "subject", "at", "ends_at", "status", "contact", "account", "customer", "body", "direction", "duration",
        "outcome", "place", "priority", "repeats", "repeats_by_date", "remind_at", "is_private", "owner", "team",
        "tags", *KindAdmin.readonly_fields,
    ]  # fmt: skip
    inlines = (ParticipantInline, LinkInline)

    @admin.display(description=_("kind"))
    def kind_name(self, activity):
        """Call, task and so on; `kind` is the kind of record here."""
        return activity.get_kind_display()


@admin.register(CalendarFeed)
class CalendarFeedAdmin(Admin):
    """Calendar feeds: seen and revoked here, made by their users."""

    list_display = ("user", "created_at")
    list_select_related = ("user",)
    fields = readonly_fields = ("user", "created_at")

    def has_add_permission(self, request):
        """Only the user sees the address."""
        return False
