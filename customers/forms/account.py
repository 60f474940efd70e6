"""Forms of accounts."""

from crm_site.core.forms import RecordForm
from customers.models import Account


class AccountForm(RecordForm):
    """An organisation."""

    class Meta:
        model = Account
        fields = [
            "name", "status", "industry", "website", "parent", "is_prospect", "is_customer", "is_partner", "is_supplier",
            "is_competitor", "partner_tier", "employees", "revenue", "currency", "description", "owner", "team", "tags",
        ]  # fmt: skip
