"""The kinds of record of customers/, in the order of the side bar."""

from customers.kinds.account import ACCOUNTS
from customers.kinds.activity import ACTIVITIES
from customers.kinds.contact import CONTACTS
from customers.kinds.customer import CUSTOMERS

__all__ = ["ACCOUNTS", "ACTIVITIES", "CONTACTS", "CUSTOMERS"]
