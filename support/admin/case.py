"""The administration of cases, queues, statuses, canned replies and macros."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm_site.core.admin_base import Admin, Linking
from customers.admin.parties import KindAdmin
from support.canned import fill
from support.forms.case import CaseFieldForm, CaseForm
from support.forms.macros import ActionsForm, groups_for
from support.kinds.case import CASES
from support.models import CannedReply, Case, CaseField, Macro, Queue, QueueMember, Status


@admin.register(Case)
class CaseAdmin(KindAdmin):
    """Cases; what is said on them is read on their own pages."""

    kind = CASES
    list_display = ("number", "subject", "status", "priority", "queue", "due_at", "owner", "team")
    list_filter = ("category", "priority", "queue")
    list_select_related = ("owner", "team", "status", "queue")
    search_fields = ("subject",)
    autocomplete_fields = ("contact", "account", "customer", "product", "sale", "partner", "parent", "owner")
    fields = [*(name for name in CaseForm.Meta.fields if name not in ("installed", "entitlement", "issue")),
              "due_at", "breached", "policy_why", "resolved_at", "closed_at", "reopened",
              *KindAdmin.readonly_fields]  # fmt: skip
    readonly_fields = (*KindAdmin.readonly_fields, "due_at", "breached", "policy_why", "resolved_at", "closed_at",
                       "reopened")  # fmt: skip


class QueueMemberInline(Linking, admin.TabularInline):
    """Who works in the queue, in this order."""

    model = QueueMember
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(Queue)
class QueueAdmin(Admin):
    """Queues: who gets a case, and what happens at its end."""

    list_display = ["name", "team", "mode", "policy", "close_days", "reopen_days", "is_default", "is_active", "order"]
    list_select_related = ["team", "policy"]
    search_fields = ["name"]
    inlines = [QueueMemberInline]


@admin.register(Status)
class StatusAdmin(Admin):
    """Statuses: their names are the company's, the categories are fixed."""

    list_display = ["name", "category", "portal_name", "pauses", "is_default", "is_active", "order"]
    list_filter = ["category"]

    def get_readonly_fields(self, request, obj=None):
        """The category is kept on each case, so it stays once there is the status."""
        return ["category"] if obj else []


@admin.register(CaseField)
class CaseFieldAdmin(Admin):
    """What is asked of each kind of request; who no longer asks it takes it out of use, and the answers stay."""

    list_display = ["label", "type", "kind", "required", "in_portal", "is_active", "order"]
    list_editable = ["order", "is_active"]
    list_filter = ["type", "is_active"]
    search_fields = ["label", "key"]
    prepopulated_fields = {"key": ["label"]}
    form = CaseFieldForm

    def get_readonly_fields(self, request, obj=None):
        """The key and the kind of answer stay once answers may be kept."""
        return ["key", "kind"] if obj else []

    def get_prepopulated_fields(self, request, obj=None):
        """A new field's key comes from its question."""
        return {} if obj else self.prepopulated_fields


@admin.register(CannedReply)
class CannedReplyAdmin(Admin):
    """Texts kept ready."""

    list_display = ["name", "shortcut", "team", "is_active"]
    list_filter = ["team", "is_active"]
    search_fields = ["name", "shortcut"]
    readonly_fields = ["preview"]

    @admin.display(description=_("as it reads on the newest case"))
    def preview(self, obj=None):
        """The text filled for the newest case of somebody who is known."""
        rows = Case.objects.unscoped("administrators see all").filter(contact__isnull=False, deleted_at__isnull=True)
        case = rows.select_related("contact", "account", "customer", "product").order_by("-pk").first()
        return fill(obj.body, case, None)[0] if obj and case else "–"


@admin.register(Macro)
class MacroAdmin(Admin):
    """Several changes by one click, chosen line by line."""

    form = ActionsForm
    list_display = ["name", "team", "is_active", "order"]
    list_filter = ["team", "is_active"]
    search_fields = ["name"]

    def get_form(self, request, obj=None, **kwargs):
        """The form itself: its lines are no fields of the model."""
        return super().get_form(request, obj, **(kwargs | {"fields": ActionsForm.Meta.fields}))

    def get_fieldsets(self, request, obj=None):
        """Whose it is, and what it does line by line."""
        return groups_for(obj)
