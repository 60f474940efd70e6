"""How the rows of a file become customers, with the accounts and contacts behind them."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.registry import Importer, Target, register
from crm_site.core.imports.targets import targets_of
from customers.imports.common import find_by, reach_targets, settle_reach, split_name, with_columns
from customers.models import Customer
from customers.operations.customers import create_customers, update_customer


def customer_targets():
    """Where a column of a file of customers may go."""
    own = [
        Target("kind", gettext_lazy("Kind"), "choice", ("customer type", "type"), choices=Customer.KINDS),
        Target("company", gettext_lazy("Company"), aliases=("company name", "business name", "firma"), limit=200),
        Target("first_name", gettext_lazy("First name"), limit=100),
        Target("last_name", gettext_lazy("Last name"), limit=100),
        Target("full_name", gettext_lazy("Whole name"), aliases=("customer name", "name"), limit=200),
        Target("job_title", gettext_lazy("Job title"), aliases=("position",), limit=150),
        Target("website", gettext_lazy("Website"), "url"),
        Target("industry", gettext_lazy("Industry"), limit=100),
        *(target for target in reach_targets() if target.name != "email_secondary"),
    ]
    return with_columns("customers.customer", own, targets_of, without=("city", "country"))


def prepare_customer(draft, _run):
    """One e-mail and the parts of a name and an address; a row must name a company, a person or an account."""
    values = draft.values
    settle_reach(draft)
    whole = values.pop("full_name", "")
    linked = values.get("account") or values.get("contact") or any("make" in link for link in draft.links.values())
    if whole and not values.get("company") and not values.get("last_name") and not linked:
        if values.get("kind") == Customer.BUSINESS:
            values["company"] = whole
        else:
            values["first_name"], values["last_name"] = (part[:100] for part in split_name(whole))
    if values.get("first_name") and not values.get("last_name"):
        values["first_name"], values["last_name"] = "", values["first_name"]
    if not (linked or values.get("company") or values.get("last_name")):
        draft.fail("", _("The row names neither a company nor a person."))


def after_customers(drafts, run):
    """The accounts and contacts that were made for new customers belong to the import, and go back with it."""
    for draft in drafts:
        for key in ("account", "contact"):
            party = getattr(draft.record, key)
            if party is not None and not draft.values.get(key):
                run.made.append(party)
    return {}


def change_customer(record, values, by):
    """What a file says of a customer that is here; its status changes with a reason."""
    reason = {"reason": _("Import")} if "status" in values else {}
    return update_customer(record, values | reason, by=by)


def find_customers(texts, user):
    """{folded name: customers that the user sees}."""
    return find_by(Customer.objects.visible_to(user), texts, "name_sort", lambda customer: customer.name)


def name_of(values):
    """The name by which a row's customer is looked for."""
    party = values.get("account") or values.get("contact")
    person = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
    return str(party) if party else values.get("company") or person


CUSTOMER_IMPORT = register(
    Importer(
        name="customers", label=gettext_lazy("Customers"), model=Customer, targets=customer_targets, order=35,
        icon="handshake", create=create_customers, update=change_customer, prepare=prepare_customer,
        after=after_customers, find=find_customers, detected=False,
        keys={"name": (gettext_lazy("Name"), name_of, find_customers)},
    )
)  # fmt: skip
