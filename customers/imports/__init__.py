"""Imports of customers/, one module a noun: how the rows of a file become records."""

from customers.imports.accounts import ACCOUNT_IMPORT
from customers.imports.activities import ACTIVITY_IMPORT
from customers.imports.consents import CONSENT_IMPORT
from customers.imports.contacts import CONTACT_IMPORT
from customers.imports.customers import CUSTOMER_IMPORT

__all__ = ["ACCOUNT_IMPORT", "ACTIVITY_IMPORT", "CONSENT_IMPORT", "CONTACT_IMPORT", "CUSTOMER_IMPORT"]
