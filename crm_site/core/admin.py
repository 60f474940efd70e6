"""The administration: users, teams, roles, shares, and what the machinery keeps."""

from allauth.account import admin as account_admin  # noqa: F401 - registers what is taken out below
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa import admin as mfa_admin  # noqa: F401 - registers what is made anew below
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.forms import AdminUserCreationForm, ReadOnlyPasswordHashField
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.db import transaction
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from crm_site.core import hours_admin  # noqa: F401 - registers working hours
from crm_site.core.admin_base import Admin, Linking
from crm_site.core.kinds import KINDS
from crm_site.core.models import (
    ExternalId,
    Job,
    Membership,
    Notification,
    RoleScope,
    SavedView,
    Setting,
    Share,
    Team,
    User,
)

admin.site.site_header = _("Kith administration")
admin.site.site_title = _("Kith")
admin.site.login = secure_admin_login(admin.site.login)


class CappedPaginator(Paginator):
    """Counts no further than a thousand rows: a list of a million opens like one of ten."""

    CAP = 1000

    @cached_property
    def count(self):
        """The number of rows, or the cap."""
        return self.object_list.order_by().values("pk")[: self.CAP].count()


class BigAdmin(Admin):
    """For tables without an end: no whole counts, no drop-down of a table."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50


class MembershipInline(Linking, admin.TabularInline):
    """The teams of a user."""

    model = Membership
    extra = 0
    autocomplete_fields = ["team"]


class NewUserForm(AdminUserCreationForm):
    """A new user: an address and, unless they will set one by mail, a password."""

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "team"]


class UserForm(forms.ModelForm):
    """A user as administrators change it."""

    password = ReadOnlyPasswordHashField(help_text=_("Passwords are not stored; only a hash of them."))

    class Meta:
        model = User
        fields = [
            "email", "password", "first_name", "last_name", "job_title", "team", "partner", "door", "groups",
            "is_active", "is_staff", "is_superuser", "time_zone", "theme", "shortcuts",
        ]  # fmt: skip
        labels = {"groups": _("Roles")}
        help_texts = {"groups": _("What the person may see and do; of several roles the widest reach counts.")}

    def clean_partner(self):
        """The account of a partner, or none."""
        partner = self.cleaned_data["partner"]
        if partner and not partner.is_partner:
            raise forms.ValidationError(_("This account is no partner."))
        return partner


@admin.register(User)
class UserAdmin(Admin):
    """Users: who they are, their roles and teams, and signing them out."""

    form = UserForm
    list_display = [
        "email", "first_name", "last_name", "team", "partner", "door", "is_active", "is_staff", "last_login",
    ]  # fmt: skip
    list_select_related = ["team", "partner"]
    list_filter = ["is_active", "door", "is_staff", "groups"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    autocomplete_fields = ["team", "partner"]
    filter_horizontal = ["groups"]
    readonly_fields = ["last_login", "date_joined"]
    inlines = [MembershipInline]
    actions = ["sign_out_everywhere"]
    fieldsets = [
        (None, {"fields": ["email", "password", "first_name", "last_name", "job_title"]}),
        (_("Place"), {"fields": ["team", "partner", "door", "groups"]}),
        (_("Rights"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (_("Preferences"), {"fields": ["time_zone", "theme", "shortcuts"], "classes": ["collapse"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]

    def get_form(self, request, obj=None, **kwargs):
        """The short form for a new user."""
        return super().get_form(request, obj, **(kwargs | ({"form": NewUserForm} if obj is None else {})))

    def get_fieldsets(self, request, obj=None):
        """Few fields for a new user."""
        if obj is None:
            fields = ["email", "first_name", "last_name", "team", "usable_password", "password1", "password2"]
            return [(None, {"fields": fields})]
        return super().get_fieldsets(request, obj)

    def save_model(self, request, obj, form, change):
        """Save, keep the main team among the teams, and end the sessions of who is no longer active.

        Of another address nothing is left of the old one: the sign-in library keeps copies that open the door.
        """
        with transaction.atomic():
            if change and "is_active" in form.changed_data:
                obj.session_generation += 1
            super().save_model(request, obj, form, change)
            if change and "email" in form.changed_data:
                EmailAddress.objects.filter(user=obj).delete()
            if obj.team_id:
                Membership.objects.get_or_create(user=obj, team=obj.team)

    def has_delete_permission(self, request, obj=None):
        """Users are made inactive, never deleted: their records and their history stay."""
        return False

    @admin.action(description=_("Sign out everywhere"))
    def sign_out_everywhere(self, request, queryset):
        """End all sessions of the chosen users."""
        for user in queryset:
            user.session_generation += 1
            user.save(update_fields=["session_generation"])
        self.message_user(request, _("Signed out everywhere."), messages.SUCCESS)


@admin.register(Team)
class TeamAdmin(Admin):
    """The tree of teams."""

    list_display = ["name", "parent", "manager"]
    search_fields = ["name"]
    autocomplete_fields = ["parent", "manager"]


class ScopeForm(forms.ModelForm):
    """One reach of a role; the kinds are the ones that are registered."""

    kind = forms.ChoiceField(label=_("kind of record"))

    class Meta:
        model = RoleScope
        fields = ["kind", "action", "reach"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        kinds = [(key, kind.label_plural) for key, kind in KINDS.items()]
        self.fields["kind"].choices = [*kinds, ("core.session", _("Signing in"))]


class ScopeInline(admin.TabularInline):
    """What a role may do."""

    model = RoleScope
    form = ScopeForm
    extra = 0


admin.site.unregister([Group, Authenticator, EmailAddress])


@admin.register(Group)
class RoleAdmin(Admin):
    """Roles: per kind of record and action how far they reach."""

    search_fields = ["name"]
    fields = ["name"]
    inlines = [ScopeInline]


@admin.register(Share)
class ShareAdmin(BigAdmin):
    """Records opened to one more user or team."""

    list_display = ["content_type", "object_id", "user", "team", "can_change", "until", "reason"]
    list_select_related = ["content_type", "user", "team"]
    autocomplete_fields = ["user", "team"]
    readonly_fields = ["content_type", "object_id", "created_by"]


@admin.register(SavedView)
class SavedViewAdmin(Admin):
    """Views that users keep."""

    list_display = ["name", "kind", "owner", "visibility", "is_default"]
    autocomplete_fields = ["owner", "team"]


@admin.register(Setting)
class SettingAdmin(Admin):
    """The company's own choices."""

    list_display = ["name", "value"]


class ReadOnly:
    """Rows that are looked at here, never changed by hand."""

    def has_add_permission(self, request, obj=None):
        """Never."""
        return False

    def has_change_permission(self, request, obj=None):
        """Never."""
        return False

    def has_delete_permission(self, request, obj=None):
        """Never."""
        return False


class ReadOnlyAdmin(ReadOnly, BigAdmin):
    """What the machinery keeps: to be looked at."""


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    """Rows of a record, shown to whoever sees that; they are changed on its own page."""

    extra, can_delete = 0, False

    def has_view_permission(self, request, obj=None):
        """With the record."""
        return True


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Who has a second factor; of one that is lost it is taken away here. What it keeps secret stays so."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    fields = list_display

    def has_delete_permission(self, request, obj=None):
        """As everywhere: the person sets up another one at the next sign-in that asks for it."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Imports, exports and changes of many records."""

    list_display = ["id", "kind", "record_kind", "user", "state", "position", "total", "created_at", "finished_at"]
    list_filter = ["kind", "state"]
    list_select_related = ["user"]


@admin.register(ExternalId)
class ExternalIdAdmin(ReadOnlyAdmin):
    """Ids of other systems."""

    list_display = ["system", "content_type", "external_id", "object_id"]
    list_select_related = ["content_type"]


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """What users were told."""

    list_display = ["id", "user", "created_at", "read_at", "mailed_at"]
    list_select_related = ["user"]
