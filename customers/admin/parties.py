"""The administration of accounts, contacts, customers and what hangs on them: the operations behind Django's pages."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crm_site.core import lists, pages
from crm_site.core.admin import BigAdmin, ReadOnlyInline
from crm_site.core.converters import read_id
from crm_site.core.operations import Refused
from customers.forms.account import AccountForm
from customers.forms.contact import ContactForm
from customers.forms.customer import CustomerForm
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from customers.models import Account, Affiliation, Contact, ContactMechanism, Customer, CustomerStatusChange
from customers.operations.contacts import affiliate_contact, end_affiliation
from customers.operations.mechanisms import add_mechanism, remove_mechanism, update_mechanism


class KindAdmin(BigAdmin):
    """A kind of record: rights, rows and writing as everywhere else."""

    kind = None
    list_select_related = ("owner", "team")
    ordering = ("-id",)
    readonly_fields = ("number", "created_at", "changed_at", "version")

    def reaches(self, request, action):
        """Whether the user's roles open the action."""
        return request.user.is_active and request.user.reach(self.model, action) != "none"

    def has_module_permission(self, request):
        """Shown to whom the kind is."""
        return self.reaches(request, "view")

    def has_view_permission(self, request, obj=None):
        """As the roles say."""
        return self.reaches(request, "view")

    def has_add_permission(self, request):
        """As the roles say."""
        return self.reaches(request, "add")

    def has_change_permission(self, request, obj=None):
        """As the roles say, for a record through the gate."""
        return self.open_to(request, obj, "change")

    def has_delete_permission(self, request, obj=None):
        """As the roles say, for a record through the gate."""
        return self.open_to(request, obj, "delete")

    def open_to(self, request, obj, action):
        """Whether the action is open on the record, or on any when there is none yet."""
        if obj is None or obj.pk is None:
            return self.reaches(request, action)
        return self.model.objects.visible_to(request.user, action).filter(pk=obj.pk).exists()

    def get_queryset(self, request):
        """What the user may see."""
        return self.model.objects.visible_to(request.user).order_by(*self.ordering)

    def get_search_results(self, request, queryset, search_term):
        """The search of the lists, served by their index."""
        return lists.search(queryset, search_term, self.model), False

    def save_model(self, request, obj, form, change):
        """Write through the kind's operations."""
        values = {name: form.cleaned_data[name] for name in form.changed_data if name in form.cleaned_data}
        if change:
            self.kind.update(self.model.objects.get(pk=obj.pk), self.prepared(values), by=request.user)
            return
        given = {name: value for name, value in form.cleaned_data.items() if value is not None}
        obj.pk = self.kind.create(given, by=request.user).pk

    def prepared(self, values):
        """What the update operation takes."""
        return values

    def delete_model(self, request, obj):
        """Into the bin."""
        self.kind.delete(obj, by=request.user)

    def delete_queryset(self, request, queryset):
        """Into the bin, one by one."""
        for record in queryset.visible_to(request.user, "delete"):
            self.kind.delete(record, by=request.user)

    def get_deleted_objects(self, objs, request):
        """Nothing is removed for good, so nothing goes with it."""
        return [str(obj) for obj in objs], {self.model._meta.verbose_name_plural: len(objs)}, set(), []

    def history_view(self, request, object_id, extra_context=None):
        """The record's own history."""
        return redirect(self.kind.url("history", pages.get_visible_or_404(self.kind, request.user, read_id(object_id))))


@admin.register(Account)
class AccountAdmin(KindAdmin):
    """Accounts."""

    kind = ACCOUNTS
    list_display = ("number", "name", "status", "industry", "phone", "owner", "team")
    list_filter = ("status",)
    search_fields = ("name",)
    autocomplete_fields = ("parent", "owner", "team")
    fields = [*AccountForm.Meta.fields, *KindAdmin.readonly_fields]


@admin.register(Contact)
class ContactAdmin(KindAdmin):
    """Contacts."""

    kind = CONTACTS
    list_display = ("number", "first_name", "last_name", "email", "phone", "owner", "team")
    list_filter = ("do_not_contact",)
    search_fields = ("last_name",)
    autocomplete_fields = ("account", "reports_to", "owner", "team")
    fields = [*ContactForm.Meta.fields, *KindAdmin.readonly_fields]


class StatusInline(ReadOnlyInline):
    """How the status of a customer changed; read only."""

    model = CustomerStatusChange
    fields = readonly_fields = ("at", "from_status", "to_status", "reason", "by")


@admin.register(Customer)
class CustomerAdmin(KindAdmin):
    """Customers."""

    kind = CUSTOMERS
    list_display = ("number", "name", "kind_name", "status", "since", "owner", "team")
    list_filter = ("status",)
    search_fields = ("name",)
    autocomplete_fields = ("account", "contact", "owner", "team")
    fields = [*CustomerForm.Meta.fields, *KindAdmin.readonly_fields]
    inlines = (StatusInline,)

    @admin.display(description=_("kind"))
    def kind_name(self, customer):
        """Business or individual; `kind` is the kind of record here."""
        return customer.get_kind_display()

    def get_readonly_fields(self, request, obj=None):
        """Who a customer is stays what it was."""
        return [*self.readonly_fields, *(("kind", "account") if obj else ())]

    def prepared(self, values):
        """A change of status needs a reason."""
        return values | ({"reason": _("Changed in the administration")} if "status" in values else {})


class PartAdmin(BigAdmin):
    """What hangs on a contact or an account: open to whom these are."""

    list_select_related = ("contact", "account")
    ordering = ("-id",)

    def get_queryset(self, request):
        """What belongs to records that the user may see; all for whom all are."""
        rows = self.model.objects.order_by("-id")
        if {request.user.reach(model, "view") for model in (Account, Contact)} == {"all"}:
            return rows
        contacts, accounts = (model.objects.visible_to(request.user) for model in (Contact, Account))
        return rows.filter(Q(contact__in=contacts) | Q(contact__isnull=True, account__in=accounts))

    def has_module_permission(self, request):
        """Shown to whom contacts are."""
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None):
        """As contacts."""
        return request.user.is_active and request.user.reach(Contact, "view") != "none"

    def has_add_permission(self, request):
        """As changing contacts."""
        return request.user.is_active and request.user.reach(Contact, "change") != "none"

    def has_change_permission(self, request, obj=None):
        """As the record on which it hangs."""
        party = obj and (obj.contact or obj.account)
        if party is None:
            return self.has_add_permission(request)
        return type(party).objects.changeable_by(request.user).filter(pk=party.pk).exists()

    def has_delete_permission(self, request, obj=None):
        """As the record on which it hangs."""
        return self.has_change_permission(request, obj)

    def get_search_results(self, request, queryset, search_term):
        """By contact, through the index of contacts."""
        if not search_term:
            return queryset, False
        return queryset.filter(
            contact__in=lists.search(Contact.objects.visible_to(request.user), search_term, Contact)
        ), False


@admin.register(ContactMechanism)
class MechanismAdmin(PartAdmin):
    """Ways to reach accounts and contacts."""

    list_display = ("value", "type", "purpose", "is_primary", "status", "contact", "account")
    list_filter = ("type", "status")
    search_fields = ("value",)
    autocomplete_fields = ("account", "contact")
    fields = ("account", "contact", "type", "value", "purpose", "street", "postal_code", "city", "region", "country",
              "is_primary", "do_not_use", "valid_from")  # fmt: skip

    def get_readonly_fields(self, request, obj=None):
        """Whose it is and of which type stays."""
        return ("account", "contact", "type") if obj else ()

    def save_model(self, request, obj, form, change):
        """Write through the operations."""
        values = dict(form.cleaned_data)
        if change:
            update_mechanism(ContactMechanism.objects.get(pk=obj.pk), values, by=request.user)
            return
        party = values.pop("contact", None) or values.pop("account", None)
        values.pop("account", None)
        if party is None:
            raise Refused(_("Choose an account or a contact."))
        obj.pk = add_mechanism(party, values, by=request.user).pk

    def delete_model(self, request, obj):
        """Remove it."""
        remove_mechanism(obj, by=request.user)

    def delete_queryset(self, request, queryset):
        """Remove them one by one."""
        for way in queryset:
            remove_mechanism(way, by=request.user)


@admin.register(Affiliation)
class AffiliationAdmin(PartAdmin):
    """Contacts at accounts; deleting one ends it."""

    list_display = ("contact", "account", "role", "valid_from", "valid_to", "is_main")
    search_fields = ("role",)
    autocomplete_fields = ("account", "contact")
    fields = ("contact", "account", "role", "valid_from", "is_main")

    def get_readonly_fields(self, request, obj=None):
        """Who is where stays."""
        return ("contact", "account") if obj else ()

    def save_model(self, request, obj, form, change):
        """Write through the operation, which knows the pair again."""
        values = form.cleaned_data
        if obj.valid_to:
            raise Refused(_("It has ended; make a new one."))
        made = affiliate_contact(
            obj.contact, obj.account, by=request.user, role=values["role"], valid_from=values["valid_from"],
            main=values["is_main"],
        )  # fmt: skip
        obj.pk = made.pk

    def delete_model(self, request, obj):
        """End it."""
        if obj.valid_to is None:
            end_affiliation(obj, by=request.user)

    def delete_queryset(self, request, queryset):
        """End them."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        for found in queryset.filter(valid_to__isnull=True):
            end_affiliation(found, by=request.user)
