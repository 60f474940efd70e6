"""The administration of consents: purposes are edited here, the ledger is only looked at."""

from django.contrib import admin

from crm_site.core import lists
from crm_site.core.admin import ReadOnlyAdmin
from crm_site.core.admin_base import Admin
from customers.models import Consent, Contact, Purpose


@admin.register(Purpose)
class PurposeAdmin(Admin):
    """What people are asked for; one that was used stays for its entries."""

    list_display = ("name", "code", "needs_consent", "in_portal", "order", "is_active")

    def get_readonly_fields(self, request, obj=None):
        """The code stays: the programs ask by it."""
        return ("code",) if obj else ()

    def has_delete_permission(self, request, obj=None):
        """Never; it is taken out of use."""
        return False


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """The ledger."""

    list_display = ("contact", "purpose", "channel", "status", "basis", "source", "effective_from", "effective_to")
    list_filter = ("purpose", "status", "source")
    list_select_related = ("contact", "purpose")
    search_fields = ("contact__last_name",)
    ordering = ("-id",)
    exclude = ("token_hash",)

    def get_search_results(self, request, queryset, search_term):
        """By contact, through the index of contacts."""
        people = lists.search(Contact.objects.visible_to(request.user), search_term, Contact)
        return (queryset.filter(contact__in=people) if search_term else queryset), False
