"""The administration of leads: the operations behind Django's pages."""

from django.contrib import admin

from customers.admin.parties import KindAdmin
from sales.kinds.lead import LEADS
from sales.models import Lead


@admin.register(Lead)
class LeadAdmin(KindAdmin):
    """Leads; a converted or disqualified one is opened again on its own page."""

    kind = LEADS
    list_display = ("number", "name", "company", "status", "rating", "score", "email", "owner", "team")
    list_filter = ("status", "rating")
    search_fields = ("last_name",)
    autocomplete_fields = ("contact", "account", "campaign", "contact_list", "partner", "product", "owner",
                           "team")  # fmt: skip
    fields = [
        "first_name", "last_name", "job_title", "email", "phone", "country", "contact", "account", "company", "website",
        "industry", "subject", "description", "product", "amount", "currency", "status", "rating", "next_step",
        "next_step_date", "source", "campaign", "contact_list", "referrer", "partner", "owner", "team", "tags",
        "score", "respond_by", "responded_at", "disqualified_at", "disqualify_reason", "converted_at",
        *KindAdmin.readonly_fields,
    ]  # fmt: skip
    readonly_fields = (*KindAdmin.readonly_fields, "score", "respond_by", "responded_at", "disqualified_at",
                       "disqualify_reason", "converted_at")  # fmt: skip
