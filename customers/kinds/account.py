"""Accounts as a kind of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Kind, register
from customers.columns.account import ACCOUNT_COLUMNS
from customers.filters.account import AccountFilters
from customers.forms.account import AccountForm
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from customers.kinds.parties import ACCOUNT_DEPENDENTS, account_actions
from customers.models import Account
from customers.operations.accounts import create_account, update_account
from customers.operations.following import delete_account, follow_accounts, restore_party
from customers.similar import similar_accounts

ACCOUNTS = register(
    Kind(
        model=Account, slug="accounts", menu=20, icon="building", label=_("Account"), label_plural=_("Accounts"),
        purpose=_("The organisations you know: prospects, customers, partners and suppliers."),
        columns=ACCOUNT_COLUMNS, sorts={"name": BY_NAME, "new": NEWEST, "changed": CHANGED}, default_sort="name",
        form=AccountForm, filters=AccountFilters, create=create_account, update=update_account,
        delete=delete_account, restore=restore_party,
        quick=("name", "website", "industry", "email", "phone", "city", "country"),
        highlights=("status", "owner", "phone", "email", "website", "industry"),
        groups=(
            (_("About"), ("number", "status", "industry", "website", "parent", "employees", "revenue", "currency",
                          "description")),
            (_("How to reach it"), ("email", "phone", "city", "country")),
            (_("Kinds"), ("is_prospect", "is_customer", "is_partner", "is_supplier", "is_competitor", "partner_tier")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        bulk_fields=("status", "industry"), has_timeline=True,
        dependents=ACCOUNT_DEPENDENTS, similar=similar_accounts, actions=account_actions, after_assign=follow_accounts,
    )
)  # fmt: skip
