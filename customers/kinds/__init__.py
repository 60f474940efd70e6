"""The kinds of record of customers/, in the order of the side bar."""

from customers.kinds.account import ACCOUNTS

__all__ = ["ACCOUNTS"]
