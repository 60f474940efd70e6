"""Filters of products, quotes, sales and invoices, each served by an index."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import DaysWidget, PickFilter, RecordFilters, Several
from customers.models import Account, Contact, Customer
from sales.models import Invoice, Opportunity, PriceBook, Product, Quote, Sale


def picked(label, slug, model):
    """A filter by one record, picked by typing."""
    return PickFilter(label=label, queryset=model.objects.none(), options_url=f"/{slug}/options/")


class ProductFilters(RecordFilters):
    """Products by family."""

    family = df.CharFilter(label=_("Family"))

    class Meta:
        model = Product
        fields = []


class PriceBookFilters(RecordFilters):
    """Price books by what every record has."""

    class Meta:
        model = PriceBook
        fields = []


class PaperFilters(RecordFilters):
    """What is for a customer, an account or a contact."""

    customer = picked(_("Customer"), "customers", Customer)
    account = picked(_("Account"), "accounts", Account)
    contact = picked(_("Contact"), "contacts", Contact)


class QuoteFilters(PaperFilters):
    """Quotes by status and deal."""

    status = Several(label=_("Status"), choices=Quote.STATUSES)
    opportunity = picked(_("Opportunity"), "opportunities", Opportunity)

    class Meta:
        model = Quote
        fields = []


class SaleFilters(PaperFilters):
    """Sales by status, deal and day."""

    status = df.ChoiceFilter(label=_("Status"), choices=Sale.STATUSES)
    opportunity = picked(_("Opportunity"), "opportunities", Opportunity)
    sold_on = df.DateFromToRangeFilter(label=_("Sold on"), widget=DaysWidget(_("Sold on")))

    class Meta:
        model = Sale
        fields = []


class InvoiceFilters(PaperFilters):
    """Invoices by status and sale."""

    status = Several(label=_("Status"), choices=Invoice.STATUSES)
    sale = picked(_("Sale"), "sales", Sale)

    class Meta:
        model = Invoice
        fields = []
