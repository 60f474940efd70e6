"""Filters of articles, installed products, entitlements, known issues and deal registrations."""

import django_filters as df
from django.utils.translation import gettext_lazy as _

from crm_site.core.filters import DaysWidget, RecordFilters
from customers.models import Account, Contact, Customer
from sales.filters.papers import picked
from sales.models import Product, Sale
from support.models import Article, DealRegistration, Entitlement, InstalledProduct, KnownIssue


class ArticleFilters(RecordFilters):
    """Articles by state, audience and product."""

    state = df.ChoiceFilter(label=_("State"), choices=Article.STATES)
    audience = df.ChoiceFilter(label=_("For whom"), choices=Article.AUDIENCES)
    product = picked(_("Product"), "products", Product)

    class Meta:
        model = Article
        fields = []


class InstalledFilters(RecordFilters):
    """Installed products by product and by where they are."""

    product = picked(_("Product"), "products", Product)
    customer = picked(_("Customer"), "customers", Customer)
    account = picked(_("Account"), "accounts", Account)
    contact = picked(_("Contact"), "contacts", Contact)
    sale = picked(_("Sale"), "sales", Sale)

    class Meta:
        model = InstalledProduct
        fields = []


class EntitlementFilters(RecordFilters):
    """Entitlements by whose they are."""

    customer = picked(_("Customer"), "customers", Customer)
    account = picked(_("Account"), "accounts", Account)
    product = picked(_("Product"), "products", Product)

    class Meta:
        model = Entitlement
        fields = []


class IssueFilters(RecordFilters):
    """Known issues by state and product."""

    state = df.ChoiceFilter(label=_("State"), choices=KnownIssue.STATES)
    product = picked(_("Product"), "products", Product)

    class Meta:
        model = KnownIssue
        fields = []


class RegistrationFilters(RecordFilters):
    """Deal registrations by partner, state, account and the end of their protection; those that were ever approved."""

    partner = picked(_("Partner"), "accounts", Account)
    state = df.ChoiceFilter(label=_("State"), choices=DealRegistration.STATES)
    account = picked(_("The prospect's account"), "accounts", Account)
    protected_until = df.DateFromToRangeFilter(label=_("Protected until"), widget=DaysWidget(_("Protected until")))

    class Meta:
        model = DealRegistration
        fields = []
