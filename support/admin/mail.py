"""The administration of mailboxes, and of the mails that came and that are to go."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.admin import ReadOnlyAdmin
from crm_site.core.admin_base import Admin
from crm_site.core.forms import users_for
from support.mail.fetching import LOCAL, SECRET_PREFIX
from support.mail.intake import retry
from support.mail.sending import send_again
from support.models import InboundMail, Mailbox, OutgoingMail, Reconciliation
from support.models.mail import readable_by


class MailboxForm(forms.ModelForm):
    """A mailbox; its password stays in the environment."""

    class Meta:
        model = Mailbox
        fields = [
            "name", "address", "from_name", "signature", "queue", "host", "port", "security", "username", "secret",
            "folder", "done_folder", "exclude", "leaves_internal", "private_to", "backfill_days", "plus_addresses",
            "sends_receipt", "is_active",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["private_to"].queryset = users_for(None)

    def clean_address(self):
        """Addresses are compared without regard to case."""
        return self.cleaned_data["address"].lower()

    def clean(self):
        """What would not be read later, or would give a secret away, is said now."""
        values = super().clean()
        if values.get("host") and not (values.get("secret") or "").startswith(SECRET_PREFIX):
            self.add_error("secret", _("The name must begin with %(what)s.") % {"what": SECRET_PREFIX})
        if values.get("security") == "none" and values.get("host") not in ("", *LOCAL):
            self.add_error("security", _("Without encryption only a server on this machine is read."))
        return values


@admin.register(Mailbox)
class MailboxAdmin(Admin):
    """Mailboxes; how they do is shown at /mailboxes/."""

    form = MailboxForm
    list_display = ["name", "address", "queue", "host", "is_active", "last_ok_at", "error"]
    list_select_related = ["queue"]
    readonly_fields = ["last_ok_at", "error"]

    def has_delete_permission(self, request, obj=None):
        """A mailbox is taken out of use; its mails stay."""
        return False


@admin.register(InboundMail)
class InboundMailAdmin(ReadOnlyAdmin):
    """The mails that came."""

    def get_queryset(self, request):
        """Not the mails of a mailbox that is private to somebody else."""
        return super().get_queryset(request).filter(readable_by(request.user))

    list_display = ["received_at", "mailbox", "sender", "subject", "state", "why", "tries"]
    list_filter = ["state"]
    list_select_related = ["mailbox"]
    ordering = ["-id"]
    exclude = ["raw"]
    actions = ["read_again"]

    @admin.action(description=gettext_lazy("Read again"), permissions=["view"])
    def read_again(self, request, queryset):
        """Read the chosen mails anew, unless they are on a case."""
        for row in queryset:
            retry(row)


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """The mails that are to go, and went."""

    def get_queryset(self, request):
        """Not the mails of a mailbox that is private to somebody else."""
        return super().get_queryset(request).filter(readable_by(request.user))

    list_display = ["created_at", "kind", "to", "subject", "due", "mailed_at", "error"]
    list_filter = ["kind"]
    ordering = ["-id"]
    # The text may hold a link that lets somebody in.
    exclude = ["body"]
    actions = ["try_again"]

    @admin.action(description=gettext_lazy("Send again"), permissions=["view"])
    def try_again(self, request, queryset):
        """Send the chosen mails with the next sweep, unless they went."""
        for row in queryset:
            send_again(row)


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    """The counts of mailboxes."""

    list_display = ["at", "mailbox", "folder", "there", "here"]
    list_select_related = ["mailbox"]
    ordering = ["-id"]
