"""The administration of products, quotes, sales and invoices: the operations behind Django's pages."""

from django.contrib import admin

from crm_site.core.admin import BigAdmin, ReadOnlyInline
from customers.admin.parties import KindAdmin
from sales.forms.papers import InvoiceForm, PriceBookForm, ProductForm, QuoteForm, SaleForm
from sales.kinds.product import PRICE_BOOKS, PRODUCTS
from sales.kinds.quote import QUOTES
from sales.kinds.sale import INVOICES, SALES
from sales.models import Credit, Invoice, Price, PriceBook, Product, Quote, QuoteLine, Sale, SaleLine
from sales.operations.products import add_price, change_price, end_price

SUMS = ("currency", "net", "tax", "adjustment", "total")


class QuoteLines(ReadOnlyInline):
    """Lines; they are typed on the quote's own page."""

    model = QuoteLine
    fields = readonly_fields = ("position", "description", "quantity", "unit_price", "net", "tax", "total")


class SaleLines(QuoteLines):
    """Lines of a sale."""

    model = SaleLine


class SaleCredits(ReadOnlyInline):
    """The ledger of a sale's credit."""

    model = Credit
    fk_name = "sale"
    fields = readonly_fields = ("user", "team", "kind", "family", "day", "amount_base", "count", "reverses")


@admin.register(Product)
class ProductAdmin(KindAdmin):
    """Products; their prices have a page of their own."""

    kind = PRODUCTS
    list_display = ("number", "name", "code", "family", "tax_rate", "is_active", "owner", "team")
    list_filter = ("is_active",)
    search_fields = ("name",)
    autocomplete_fields = ("owner", "team")
    fields = [*ProductForm.Meta.fields, *KindAdmin.readonly_fields]


@admin.register(PriceBook)
class PriceBookAdmin(KindAdmin):
    """Price books."""

    kind = PRICE_BOOKS
    list_display = ("number", "name", "pricing", "is_active", "owner", "team")
    list_filter = ("is_active",)
    search_fields = ("name",)
    autocomplete_fields = ("owner", "team")
    fields = [*PriceBookForm.Meta.fields, *KindAdmin.readonly_fields]


@admin.register(Price)
class PriceAdmin(BigAdmin):
    """Prices: open to who may change products; deleting one ends it."""

    list_display = ("product", "book", "currency", "amount", "valid_from", "valid_to")
    list_select_related = ("product", "book")
    autocomplete_fields = ("product", "book")
    search_fields = ("product__name",)
    ordering = ("-id",)
    fields = ("product", "book", "currency", "amount", "valid_from", "valid_to")

    def get_queryset(self, request):
        """Prices of products that the user may see."""
        return Price.objects.filter(product__in=Product.objects.visible_to(request.user)).order_by("-id")

    def has_module_permission(self, request):
        """Shown to whom products are."""
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None):
        """As products."""
        return request.user.is_active and request.user.reach(Product, "view") != "none"

    def has_add_permission(self, request):
        """As changing products."""
        return request.user.is_active and request.user.reach(Product, "change") != "none"

    def has_change_permission(self, request, obj=None):
        """As the product."""
        if obj is None:
            return self.has_add_permission(request)
        return Product.objects.changeable_by(request.user).filter(pk=obj.product_id).exists()

    def has_delete_permission(self, request, obj=None):
        """As the product."""
        return self.has_change_permission(request, obj)

    def get_readonly_fields(self, request, obj=None):
        """Whose price it is stays."""
        return ("product",) if obj else ()

    def save_model(self, request, obj, form, change):
        """Write through the operations."""
        values = {name: form.cleaned_data.get(name) for name in self.fields if name != "product"}
        if change:
            change_price(Price.objects.get(pk=obj.pk), values, by=request.user)
        else:
            obj.pk = add_price(obj.product, values, by=request.user).pk

    def delete_model(self, request, obj):
        """End it."""
        end_price(obj, by=request.user)

    def delete_queryset(self, request, queryset):
        """End them one by one."""
        for price in queryset:
            end_price(price, by=request.user)


@admin.register(Quote)
class QuoteAdmin(KindAdmin):
    """Quotes; their status moves only by their own buttons."""

    kind = QUOTES
    list_display = ("number", "subject", "edition", "status", "total", "currency", "valid_until", "owner", "team")
    list_filter = ("status",)
    search_fields = ("subject",)
    autocomplete_fields = ("customer", "account", "contact", "owner", "team")
    raw_id_fields = ("opportunity",)
    readonly_fields = (*KindAdmin.readonly_fields, "status", "edition", "net", "tax", "total", "sent_at",
                       "answered_at", "answered_by")  # fmt: skip
    fields = [*QuoteForm.Meta.fields, *readonly_fields]
    inlines = (QuoteLines,)


@admin.register(Sale)
class SaleAdmin(KindAdmin):
    """Sales; what was sold stays, and one is cancelled on its own page."""

    kind = SALES
    list_display = ("document", "name", "status", "sold_on", "total", "currency", "owner", "team")
    list_filter = ("status",)
    search_fields = ("name",)
    autocomplete_fields = ("customer", "account", "contact", "owner", "team")
    readonly_fields = (*KindAdmin.readonly_fields, "document", "status", "total", "cancelled_at", "cancel_reason")
    fields = [*SaleForm.Meta.fields, *readonly_fields]
    inlines = (SaleLines, SaleCredits)

    def get_readonly_fields(self, request, obj=None):
        """Amounts stay as they were sold."""
        return [*self.readonly_fields, *(("sold_on", *SUMS[:-1]) if obj else ())]


@admin.register(Invoice)
class InvoiceAdmin(KindAdmin):
    """Invoices."""

    kind = INVOICES
    list_display = ("number", "document", "name", "status", "issued_on", "total", "currency", "owner", "team")
    list_filter = ("status",)
    search_fields = ("name",)
    autocomplete_fields = ("sale", "customer", "account", "contact", "owner", "team")
    readonly_fields = (*KindAdmin.readonly_fields, "total")
    fields = [*InvoiceForm.Meta.fields, *readonly_fields]
