"""The administration of knowledge, products and partners: the operations behind Django's pages."""

from django.contrib import admin

from customers.admin.parties import KindAdmin
from support.forms.knowledge import ArticleForm, EntitlementForm, InstalledForm, IssueForm
from support.forms.partners import RegistrationForm
from support.kinds.knowledge import ARTICLES, ENTITLEMENTS, INSTALLED, ISSUES, REGISTRATIONS
from support.models import Article, DealRegistration, Entitlement, InstalledProduct, KnownIssue

WHOSE = ("owner", "team")


@admin.register(Article)
class ArticleAdmin(KindAdmin):
    """Articles; they are published on their own page."""

    kind = ARTICLES
    list_display = ("number", "name", "state", "audience", "category", "owner", "team")
    list_filter = ("state", "audience")
    search_fields = ("name",)
    autocomplete_fields = ("product", *WHOSE)
    readonly_fields = (*KindAdmin.readonly_fields, "state", "helpful", "unhelpful")
    fields = [*ArticleForm.Meta.fields, *readonly_fields]


@admin.register(InstalledProduct)
class InstalledAdmin(KindAdmin):
    """Installed products."""

    kind = INSTALLED
    list_display = ("number", "name", "serial", "warranty_until", "support_until", "owner", "team")
    search_fields = ("name",)
    autocomplete_fields = ("product", "customer", "account", "contact", "sale", *WHOSE)
    fields = [*InstalledForm.Meta.fields, *KindAdmin.readonly_fields]


@admin.register(Entitlement)
class EntitlementAdmin(KindAdmin):
    """Entitlements; what was used of one is counted by cases."""

    kind = ENTITLEMENTS
    list_display = ("number", "name", "starts_on", "ends_on", "cases_total", "cases_used", "owner", "team")
    search_fields = ("name",)
    autocomplete_fields = ("customer", "account", "product", *WHOSE)
    readonly_fields = (*KindAdmin.readonly_fields, "cases_used", "minutes_used")
    fields = [*EntitlementForm.Meta.fields, *readonly_fields]


@admin.register(KnownIssue)
class IssueAdmin(KindAdmin):
    """Known issues; they are fixed on their own page, which tells the requesters."""

    kind = ISSUES
    list_display = ("number", "name", "state", "versions", "fixed_in", "owner", "team")
    list_filter = ("state",)
    search_fields = ("name",)
    autocomplete_fields = ("product", *WHOSE)
    readonly_fields = (*KindAdmin.readonly_fields, "state", "fixed_in", "fixed_at")
    fields = [*IssueForm.Meta.fields, *readonly_fields]


@admin.register(DealRegistration)
class RegistrationAdmin(KindAdmin):
    """Deal registrations; they are decided on on their own page."""

    kind = REGISTRATIONS
    list_display = ("number", "name", "partner", "state", "protected_until", "owner", "team")
    list_select_related = ("partner", *WHOSE)
    list_filter = ("state",)
    search_fields = ("name",)
    autocomplete_fields = ("partner", "account", *WHOSE)
    raw_id_fields = ("opportunity",)
    readonly_fields = (*KindAdmin.readonly_fields, "state", "protected_until", "decided_at", "decision_note")
    fields = [*RegistrationForm.Meta.fields, *readonly_fields]
