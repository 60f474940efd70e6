"""How the rows of a file become accounts, and customers where the file says so."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.amounts import currency_of
from crm_site.core.imports.registry import Importer, Target, register
from crm_site.core.imports.targets import targets_of
from crm_site.core.imports.values import parse_url
from customers.imports.common import (
    find_by,
    reach_parts,
    reach_targets,
    save_extra,
    settle_money,
    settle_reach,
    with_columns,
)
from customers.models import Account, Customer
from customers.operations.accounts import create_accounts, update_account
from customers.operations.customers import create_customers

# What is read of an account that a row names.
READ = ("name", "owner", "team", "country", "created_at")
FLAGS = {
    "is_customer": gettext_lazy("Customer"),
    "is_prospect": gettext_lazy("Prospect"),
    "is_partner": gettext_lazy("Partner"),
    "is_supplier": gettext_lazy("Supplier"),
    "is_competitor": gettext_lazy("Competitor"),
}
FLAG_WORDS = {
    "vendor": "is_supplier",
    "lead": "is_prospect",
    "potential": "is_prospect",
    "client": "is_customer",
    "customer - direct": "is_customer",
    "customer - channel": "is_customer",
    "reseller": "is_partner",
    "distributor": "is_partner",
    "integrator": "is_partner",
    "channel partner / reseller": "is_partner",
    "technology partner": "is_partner",
    "other": None,
}


def account_targets():
    """Where a column of a file of accounts may go."""
    own = [
        Target("name", gettext_lazy("Name"), aliases=("account name", "company name"), required=True, limit=200),
        Target("account_type", gettext_lazy("Type of account"), "choice", choices=FLAGS, value_map=FLAG_WORDS),
        *reach_targets(),
        Target("revenue", gettext_lazy("Annual revenue"), "money", ("annual revenue", "turnover", "umsatz")),
    ]
    return with_columns("customers.account", own, targets_of, without=("city", "country", "region", "partner_tier"))


def prepare_account(draft, run):
    """Flags from the type, an address of parts, and a name for an account that only has a web site."""
    values = draft.values
    if flag := values.pop("account_type", None):
        values[flag] = True
    settle_reach(draft)
    settle_currency(draft, run)
    settle_money(draft, "revenue")
    if not values.get("name") and values.get("website"):
        values["name"] = parse_url(values["website"]).split("/")[2].removeprefix("www.")
        draft.warn(run.plan.header_of.get("name", ""), _("The name is missing; the web site stands in for it."))


def settle_currency(draft, run):
    """The code of the currency that the row names, left out where it names none that we know."""
    if not (word := draft.values.get("currency")):
        return
    draft.values["currency"] = code = currency_of(word)
    if not code:
        draft.values.pop("currency")
        text = _("“%(value)s” is no currency that we know.")
        draft.warn(run.plan.header_of.get("currency", ""), text % {"value": word}, text % {"value": "…"})


def after_accounts(drafts, run):
    """Make customers of the accounts marked as such, where that was asked for; {"customers": how many}."""
    save_extra("account", [(draft.extra, draft.record) for draft in drafts])
    if not run.job.options.get("make_customers", True) or run.user.reach(Customer, "add") == "none":
        return {}
    accounts = [draft.record for draft in drafts if draft.values.get("is_customer")]
    rows = [
        {"account": account, "status": Customer.ACTIVE, "owner": account.owner, "created_at": account.created_at,
         "since": timezone.localdate(account.created_at)}
        for account in accounts
    ]  # fmt: skip
    run.made += create_customers(rows, by=run.user)
    return {"customers": len(rows)}


def find_accounts(texts, user):
    """{folded name: accounts that the user sees}."""
    return find_by(Account.objects.visible_to(user), texts, "name_sort", lambda account: account.name, READ)


def link_account(field, pairs, *, by):
    """Set the parent of accounts that came before it."""
    for account, parent in pairs.items():
        update_account(account, {field: parent}, by=by)


ACCOUNT_IMPORT = register(
    Importer(
        name="accounts",
        label=gettext_lazy("Accounts"),
        model=Account,
        targets=account_targets,
        order=20,
        icon="building",
        create=create_accounts,
        update=lambda record, values, by: update_account(record, values, by=by),
        prepare=prepare_account,
        after=after_accounts,
        find=find_accounts,
        link=link_account,
        parts=reach_parts,
        keys={"name": (gettext_lazy("Name"), lambda values: values.get("name"), find_accounts)},
    )
)
