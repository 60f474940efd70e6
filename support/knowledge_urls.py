"""The addresses of articles, installed products, entitlements, known issues and partners, and of their panels."""

from django.urls import path

from crm_site.core.routes import bound, record_urls
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from sales.kinds import PRODUCTS, SALES
from support.kinds.knowledge import ARTICLES, ENTITLEMENTS, INSTALLED, ISSUES, REGISTRATIONS
from support.views import knowledge, partners, products

KNOWLEDGE_URLS = [
    path("articles/suggest/", knowledge.article_suggest, name="article_suggest"),
    *record_urls(ARTICLES, record=knowledge.article_record),
    path("articles/<big:pk>/versions/", knowledge.article_versions, name="article_versions"),
    path("articles/<big:pk>/vote/", knowledge.article_vote, name="article_vote"),
    *(path(f"articles/<big:pk>/{verb}/", knowledge.article_verb, {"verb": verb}, name=f"article_{verb}")
      for verb in ("publish", "withdraw", "archive")),
    *(url for kind in (INSTALLED, ENTITLEMENTS, ISSUES, REGISTRATIONS) for url in record_urls(kind)),
    *(path(f"{kind.slug}/<big:pk>/installed/", bound(products.installed_of, kind), name=f"{kind.noun}_installed")
      for kind in (CUSTOMERS, ACCOUNTS, CONTACTS, PRODUCTS, SALES)),
    path("sales/<big:pk>/install/", bound(products.sale_install, SALES), name="sale_install"),
    path("products/<big:pk>/known/", bound(knowledge.product_known, PRODUCTS), name="product_known"),
    *(path(f"{kind.slug}/<big:pk>/cases/", bound(products.cases_of, kind), name=f"{kind.noun}_cases")
      for kind in (INSTALLED, ENTITLEMENTS, ISSUES)),
    path("cases/<big:pk>/cover/", products.case_cover, name="case_cover"),
    path("cases/<big:pk>/use/", products.case_use, name="case_use"),
    path("cases/<big:pk>/known/", knowledge.case_known, name="case_known"),
    path("cases/<big:pk>/issue/", products.case_issue, name="case_issue"),
    path("known-issues/<big:pk>/fix/", products.issue_fix, name="knownissue_fix"),
    *(path(f"known-issues/<big:pk>/{verb}/", products.issue_verb, {"verb": verb}, name=f"knownissue_{verb}")
      for verb in ("leave", "reopen")),
    path("accounts/<big:pk>/partner/", bound(partners.account_partner, ACCOUNTS), name="account_partner"),
    path("accounts/<big:pk>/certify/", bound(partners.account_certify, ACCOUNTS), name="account_certify"),
    path("partners/", partners.partner_report, name="partner_report"),
    path("registrations/<big:pk>/clashes/", partners.registration_clashes, name="dealregistration_clashes"),
    *(path(f"registrations/<big:pk>/{verb}/", partners.registration_decide, {"verb": verb},
           name=f"dealregistration_{verb}") for verb in ("approve", "reject")),
]  # fmt: skip
