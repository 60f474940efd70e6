"""Forms of accounts."""

from django.utils.translation import gettext_lazy as _

from customers.forms.party import ADDRESS_FIELDS, PartyForm
from customers.models import Account


class AccountForm(PartyForm):
    """An organisation."""

    sections = (
        (_("About"), ("name", "status", "industry", "website", "parent", "employees", "revenue", "currency")),
        (_("How to reach it"), ("email", "phone", "mobile", *ADDRESS_FIELDS)),
        (_("Kinds"), ("is_prospect", "is_customer", "is_partner", "is_supplier", "is_competitor", "partner_tier")),
        (_("Record"), ("description", "owner", "team", "tags")),
    )

    class Meta:
        model = Account
        fields = [
            "name", "status", "industry", "website", "parent", "is_prospect", "is_customer", "is_partner",
            "is_supplier", "is_competitor", "partner_tier", "employees", "revenue", "currency", "description",
            "owner", "team", "tags",
        ]  # fmt: skip
