"""Customers as a kind of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Kind, register
from customers.columns.customer import CUSTOMER_COLUMNS
from customers.filters.customer import CustomerFilters
from customers.forms.customer import CustomerForm
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from customers.kinds.parties import ACTIVITIES, customer_actions
from customers.models import Customer
from customers.operations.customers import create_customer, update_customer
from customers.operations.following import delete_customer, follow_customers, restore_customer
from customers.similar import similar_customers

CUSTOMERS = register(
    Kind(
        model=Customer, slug="customers", menu=10, icon="handshake", label=_("Customer"), label_plural=_("Customers"),
        purpose=_("Everyone you do business with; deals, cases and activities hang on them."),
        columns=CUSTOMER_COLUMNS, sorts={"name": BY_NAME, "new": NEWEST, "changed": CHANGED}, default_sort="name",
        form=CustomerForm, filters=CustomerFilters, create=create_customer, update=update_customer,
        delete=delete_customer, restore=restore_customer,
        quick=(
            "kind", "company", "first_name", "middle_initial", "last_name", "email", "phone", "status", "account",
            "contact",
        ),
        highlights=("status", "kind", "account", "contact", "phone", "email", "owner"),
        groups=(
            (_("About"), ("number", "kind", "status", "tier", "since", "account", "contact", "description")),
            (_("How to reach them"), ("email", "phone", "city", "country")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        has_timeline=True,
        dependents=(ACTIVITIES,), similar=similar_customers, actions=customer_actions, after_assign=follow_customers,
    )
)  # fmt: skip
